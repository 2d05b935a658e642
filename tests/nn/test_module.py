"""Modules: parameters found by name, state in and out, modes."""

import numpy as np
import pytest

from labkit import nn
from labkit.autograd import Tensor


def rng(seed=0):
    return np.random.default_rng(seed)


class Block(nn.Module):
    """One of everything: a parameter, a layer, lists of them, and other things."""

    def __init__(self):
        self.scale = nn.Parameter(np.array([2.0, 3.0]))
        self.constant = Tensor([1.0], requires_grad=True)  # no Parameter: not the model's
        self.first = nn.Linear(3, 2, rng=rng(1), dtype=np.float64)
        self.rest = [nn.Linear(2, 4, rng=rng(2), bias=False), nn.Dropout(0.5, rng=rng(3))]
        self.pair = (nn.Parameter(np.zeros(1)), "a word")
        self.count = 5

    def forward(self, x):
        return self.rest[0](self.first(x) * self.scale)


NAMES = ["scale", "first.weight", "first.bias", "rest.0.weight", "pair.0"]


def test_parameters_are_found_in_the_order_of_definition():
    block = Block()
    assert [name for name, _ in block.named_parameters()] == NAMES
    assert [p.shape for p in block.parameters()] == [(2,), (3, 2), (2,), (2, 4), (1,)]
    assert block.parameters()[0] is block.scale


def test_a_sequential_names_by_position_as_in_pytorch():
    torch = pytest.importorskip("torch")
    ours = nn.Sequential(
        nn.Flatten(), nn.Linear(4, 3, rng=rng()), nn.Sequential(nn.Linear(3, 2, rng=rng()))
    )
    theirs = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(4, 3), torch.nn.Sequential(torch.nn.Linear(3, 2))
    )
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert len(ours) == 3
    assert ours[1].weight.shape == (4, 3)


def test_a_shared_parameter_is_one_parameter():
    first = nn.Linear(3, 3, rng=rng())
    tied = nn.Sequential(first, nn.ReLU(), first)
    assert [name for name, _ in tied.named_parameters()] == ["0.weight", "0.bias"]
    other = nn.Linear(3, 3, rng=rng(1))
    other.weight = first.weight
    assert len(nn.Sequential(first, other).parameters()) == 3
    assert len(tied.modules()) == 3  # itself, the layer, the ReLU


def test_state_is_copied_out_and_in():
    block, other = Block(), Block()
    state = block.state_dict()
    assert list(state) == NAMES
    state["scale"] += 1
    assert block.scale.data.tolist() == [2, 3]
    parameter = other.scale
    other.load_state_dict(state)
    assert other.scale is parameter  # an optimizer that knows it still moves the model
    assert other.scale.data.tolist() == [3, 4]
    state["scale"] += 1
    assert other.scale.data.tolist() == [3, 4]


def test_loading_keeps_the_dtype_and_takes_lists():
    layer = nn.Linear(2, 1, rng=rng())
    layer.load_state_dict({"weight": np.array([[1.0], [2.0]]), "bias": [3]})
    assert layer.weight.dtype == layer.bias.dtype == np.float32
    assert layer(np.array([[10.0, 100.0]], np.float32)).numpy().tolist() == [[213.0]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("first.bias"), "missing 'first.bias'"),
        (lambda s: s.update(extra=np.zeros(1)), "unexpected 'extra'"),
        (
            lambda s: s.update({"first.weight": s["first.weight"].T}),
            r"'first.weight' has shape \(2, 3\), not \(3, 2\)",
        ),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, message):
    block = Block()
    state = {name: array + 1 for name, array in block.state_dict().items()}
    change(state)
    before = block.state_dict()
    with pytest.raises(ValueError, match=f"state does not fit Block: .*{message}"):
        block.load_state_dict(state)
    for name, array in block.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_all_faults_of_a_state_are_listed_at_once():
    with pytest.raises(ValueError, match="missing 'bias'; unexpected 'b'; 'weight' has shape"):
        nn.Linear(2, 1, rng=rng()).load_state_dict({"weight": np.zeros(2), "b": np.zeros(1)})


def test_train_and_eval_reach_every_module():
    block = Block()
    assert block.eval() is block
    assert not any(module.training for module in block.modules())
    assert block.train() is block
    assert all(module.training for module in block.modules())
    assert [type(m).__name__ for m in block.modules()] == ["Block", "Linear", "Linear", "Dropout"]


def test_evaluating_gives_each_module_its_own_mode_back_even_after_an_error():
    block = Block()
    block.rest[1].eval()
    with block.evaluating():
        assert not any(module.training for module in block.modules())
        assert not block(np.ones((1, 3))).requires_grad
    with pytest.raises(KeyError), block.evaluating():
        raise KeyError
    assert [module.training for module in block.modules()] == [True, True, True, False]
    assert block(np.ones((1, 3))).requires_grad


def test_gradients_reach_every_used_parameter_and_zero_grad_forgets_them():
    block = Block()
    block(np.ones((2, 3))).sum().backward()
    assert [p.grad is not None for p in block.parameters()] == [True, True, True, True, False]
    block.zero_grad()
    assert all(p.grad is None for p in block.parameters())


def test_a_parameter_needs_floats():
    with pytest.raises(ValueError, match="requires_grad needs floating-point data"):
        nn.Parameter(np.array([1, 2]))


def test_a_sequential_takes_modules_only():
    with pytest.raises(ValueError, match="layers must be modules; got function"):
        nn.Sequential(nn.ReLU(), lambda x: x)
    with pytest.raises(ValueError, match="layers must be modules; got list"):
        nn.Sequential([nn.ReLU()])


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="Module has no forward method"):
        nn.Module()(1)


def test_a_model_prints_as_its_layers():
    model = nn.Sequential(
        nn.Conv2d(4, 6, (3, 2), groups=2, rng=rng()),
        nn.ConvTranspose2d(6, 4, 2, groups=2, rng=rng()),
        nn.MaxPool2d(2),
        nn.AvgPool2d((2, 1)),
        nn.Dropout(0.25, rng=rng()),
        nn.Flatten(),
        nn.Linear(8, 3, rng=rng()),
    )
    assert repr(model).splitlines() == [
        "Sequential(",
        "  (0): Conv2d(4, 6, kernel_size=(3, 2))",
        "  (1): ConvTranspose2d(6, 4, kernel_size=(2, 2))",
        "  (2): MaxPool2d(2)",
        "  (3): AvgPool2d((2, 1))",
        "  (4): Dropout(0.25)",
        "  (5): Flatten()",
        "  (6): Linear(8, 3)",
        ")",
    ]
