"""Everything that is measured, in the order in which the book shows it."""

from benchmarks.speed import operations, training

GROUPS = (
    operations.products,
    operations.convolutions,
    operations.pooling,
    operations.losses,
    operations.normalization,
    operations.attention,
    operations.recurrent,
    training.optimizers,
    training.steps,
    training.generating,
    training.imports,
)


def cases():
    """Return every case."""
    return [case for group in GROUPS for case in group()]
