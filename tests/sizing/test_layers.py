"""Sizes: the sources' networks by hand, and PyTorch's own count of operations."""

import numpy as np
import pytest

from labkit import models, nn, sizing


def rng():
    return np.random.default_rng(0)


def test_the_sources_cnn_layer_by_layer():
    sizes = sizing.layer_sizes(models.digits_cnn(rng=rng()), (1, 28, 28))
    shapes = [size.output_shape for size in sizes]
    assert shapes[0] == shapes[1] == (32, 26, 26)
    assert shapes[2] == (32, 13, 13)
    assert shapes[3] == shapes[4] == (64, 11, 11)
    assert shapes[5] == (64, 5, 5)
    assert shapes[6] == shapes[7] == (64, 3, 3)
    assert shapes[8] == (576,)
    assert shapes[9:] == [(64,), (64,), (10,)]
    assert [s.parameters for s in sizes if s.parameters] == [320, 18_496, 36_928, 36_928, 650]
    assert sum(size.parameters for size in sizes) == 93_322
    by_hand = [9 * 32 * 676, 9 * 32 * 64 * 121, 9 * 64 * 64 * 9, 576 * 64, 64 * 10]
    assert [s.multiply_adds for s in sizes if s.multiply_adds] == by_hand
    assert [size.activation_bytes for size in sizes[:3]] == [32 * 676 * 4] * 2 + [32 * 169 * 4]


def test_the_sources_mlp():
    sizes = sizing.layer_sizes(models.digits_mlp(rng=rng()), (1, 28, 28))
    assert [size.parameters for size in sizes] == [0, 100_480, 0, 1_290]
    assert [size.name for size in sizes] == ["0", "1", "2", "3"]
    assert [size.layer for size in sizes][1:3] == ["Linear(784, 128)", "ReLU()"]


# Each with what it needs of the image (4, 9, 8); no two numbers alike where they could be mixed up.
CONVOLUTIONS = [
    {"kernel_size": (3, 2)},
    {"kernel_size": (3, 2), "groups": 2},
    {"kernel_size": 3, "stride": (2, 1), "padding": (0, 2), "bias": False},
    {"kernel_size": (2, 3), "dilation": 2, "groups": 2, "stride": 2},
]


@pytest.mark.parametrize("config", CONVOLUTIONS)
@pytest.mark.parametrize(
    ("kind", "c_in", "c_out"), [("Conv2d", 4, 6), ("ConvTranspose2d", 4, 6)], ids=lambda v: str(v)
)
def test_as_pytorch_counts(kind, c_in, c_out, config):
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    ours = nn.Sequential(getattr(nn, kind)(c_in, c_out, rng=rng(), **config))
    theirs = getattr(torch.nn, kind)(c_in, c_out, **config)
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        their_out = theirs(torch.zeros(1, c_in, 9, 8))
    (size,) = sizing.layer_sizes(ours, (c_in, 9, 8))
    assert size.output_shape == tuple(their_out.shape[1:])
    assert size.parameters == sum(p.numel() for p in theirs.parameters())
    assert 2 * size.multiply_adds == counter.get_total_flops()
    if kind == "Conv2d":
        basic = {k: v for k, v in config.items() if k in ("groups", "bias")}
        k = config["kernel_size"]
        assert size.parameters == sizing.conv2d_parameters(c_in, c_out, k, **basic)
        basic.pop("bias", None)
        count = sizing.conv2d_multiply_adds(c_in, c_out, k, size.output_shape[1:], **basic)
        assert size.multiply_adds == count


def test_linear_layers_count_once_for_each_row_of_an_example():
    model = nn.Sequential(nn.Linear(5, 3, rng=rng()), nn.Linear(3, 2, rng=rng(), bias=False))
    flat, rows = sizing.layer_sizes(model, (5,)), sizing.layer_sizes(model, (7, 5))
    assert [s.parameters for s in flat] == [18, 6]
    assert [s.multiply_adds for s in flat] == [15, 6]
    assert [s.multiply_adds for s in rows] == [7 * 15, 7 * 6]
    assert rows[1].output_shape == (7, 2)
    assert sizing.linear_parameters(3, 2, bias=False) == 6


def test_the_network_of_source_004_by_formula():
    # F004 and B3: 1,792 + 73,856 + 4,194,816 + 5,130 = 4,275,594
    convolutions = [sizing.conv2d_parameters(3, 64, 3), sizing.conv2d_parameters(64, 128, 3)]
    linears = [sizing.linear_parameters(128 * 64, 512), sizing.linear_parameters(512, 10)]
    assert [*convolutions, *linears] == [1_792, 73_856, 4_194_816, 5_130]


def test_a_sequential_inside_is_opened_and_the_model_is_left_alone():
    inner = nn.Sequential(nn.Linear(4, 3, rng=rng()), nn.Dropout(0.5, rng=rng()))
    model = nn.Sequential(nn.Flatten(), inner, nn.ReLU())
    sizes = sizing.layer_sizes(model, (2, 2))
    assert [size.name for size in sizes] == ["0", "1.0", "1.1", "2"]
    assert sum(size.parameters for size in sizes) == 15
    assert all(module.training for module in model.modules())
    assert all(p.grad is None for p in model.parameters())


def test_float64_takes_twice_the_memory():
    for dtype, width in ((np.float32, 4), (np.float64, 8)):
        model = models.mlp((5, 7, 3), rng=rng(), dtype=dtype)
        assert [s.activation_bytes for s in sizing.layer_sizes(model, (5,))] == [
            7 * width,
            7 * width,
            3 * width,
        ]
        held = sizing.training_bytes(model, (5,), batch_size=11, optimizer_arrays=1)
        count = 5 * 7 + 7 + 7 * 3 + 3
        assert held == {
            "parameters": count * width,
            "gradients": count * width,
            "optimizer": count * width,
            "activations": 11 * (5 + 7 + 7 + 3) * width,
        }


def test_what_training_holds_is_what_the_record_holds():
    """The arrays that a real forward pass keeps for the backward pass, counted once each."""
    model = models.digits_cnn(rng=rng())
    x = rng().normal(size=(6, 1, 28, 28)).astype(np.float32)
    kept, stack = {}, [model(x)]
    while stack:
        tensor = stack.pop()
        if tensor._record is not None:
            kept[id(tensor)] = tensor.data
            stack += [a for a in tensor._record[1] if hasattr(a, "_record")]
    views = [a for a in kept.values() if a.base is not None and a.shape == (6, 576)]
    assert len(views) == 1  # Flatten's output shares its input's memory: the bound is not tight
    predicted = sizing.training_bytes(model, (1, 28, 28), batch_size=6)["activations"]
    assert x.nbytes + sum(array.nbytes for array in kept.values()) == predicted


def test_the_table_adds_up():
    table = sizing.layer_table(models.digits_cnn(rng=rng()), (1, 28, 28)).splitlines()
    assert table[0].split() == ["layer", "output", "parameters", "multiply-adds"]
    assert table[1].split()[-3:] == ["32x26x26", "320", "194,688"]
    assert table[-1].split() == ["total", "93,322", f"{194688 + 2230272 + 331776 + 36864 + 640:,}"]
    assert len({len(line) for line in table}) == 1


def test_a_layer_with_unknown_costs_is_refused():
    class Scale(nn.Module):
        def __init__(self):
            self.factor = nn.Parameter(np.ones(3))

        def forward(self, x):
            return x * self.factor

    with pytest.raises(ValueError, match="the multiply-adds of Scale are not known here"):
        sizing.layer_sizes(nn.Sequential(Scale()), (3,))


@pytest.mark.parametrize(("c_in", "c_out"), [(3, 4), (4, 3)])
def test_groups_must_divide_the_channels(c_in, c_out):
    with pytest.raises(ValueError, match="groups must divide"):
        sizing.conv2d_parameters(c_in, c_out, 3, groups=2)
    with pytest.raises(ValueError, match="groups must divide"):
        sizing.conv2d_multiply_adds(c_in, c_out, 3, (5, 5), groups=2)


@pytest.mark.parametrize("kernel_size", [0, 1.5, (3, 3, 3)])
def test_a_kernel_has_one_size_or_two(kernel_size):
    with pytest.raises(ValueError, match="kernel_size must be a whole number"):
        sizing.conv2d_parameters(2, 4, kernel_size)


def test_an_input_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="must"):
        sizing.layer_sizes(models.digits_mlp(rng=rng()), (1, 27, 28))
