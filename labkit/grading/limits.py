"""How much a submission may use."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Limits:
    """What one submission may use; seconds are wall seconds, sizes are bytes.

    ``cell`` and ``call`` are seconds for one cell and for one call of a function, ``total`` for
    the whole submission. ``memory`` is for all its processes together, ``files`` for everything it
    writes, ``descriptors`` for each process: what a socket holds is no process's memory.
    ``deaths`` says how often its process may die or hang before the rest is given up.

    Raises ValueError if a limit is not positive.

    >>> Limits(call=5.0).call
    5.0
    """

    cell: float = 30.0
    call: float = 10.0
    total: float = 300.0
    memory: int = 2 * 2**30
    processes: int = 64
    files: int = 64 * 2**20
    descriptors: int = 128
    deaths: int = 6

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) <= 0:
                raise ValueError(f"{field.name} must be positive; got {getattr(self, field.name)}")
