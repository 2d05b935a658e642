"""Equal weights, equal outputs and equal gradients: ours, PyTorch's, and what differences say."""

import numpy as np

from labkit.gradcheck import numerical_gradient, relative_error

TOLERANCE = {"rtol": 0, "atol": 1e-9}


def generator(seed=0):
    return np.random.default_rng(seed)


def shake(model, seed=5):
    """Give every number of the model a value of its own: the constructors start many at zero."""
    rng = generator(seed)
    model.load_state_dict(
        {
            name: 0.5 + rng.random(size=array.shape)
            if name.endswith("running_var")
            else rng.normal(0, 0.3, size=array.shape)
            for name, array in model.state_dict().items()
        }
    )
    return model


def assert_torch_agrees(ours, theirs, *inputs, atol=1e-9, **options):
    """Both models, given the same inputs, give the same output and the same gradients.

    The loss is the sum of the output times fixed numbers; gradients are compared by shaking no
    weight but loading each of our gradients as if it were a weight.
    """
    import torch

    from labkit.frameworks import torch_models

    torch_models.load_state(theirs, ours.state_dict())
    out = ours(*inputs, **options)
    their_out = theirs(*(torch.tensor(x) for x in inputs), **options)
    assert out.dtype == inputs[0].dtype or inputs[0].dtype.kind == "i"
    np.testing.assert_allclose(out.data, their_out.detach().numpy(), rtol=0, atol=atol)

    weights = generator(9).normal(size=out.shape).astype(out.dtype)
    (out * weights).sum().backward()
    (their_out * torch.tensor(weights)).sum().backward()
    gradients = {n: p.grad for n, p in ours.named_parameters()}
    state = {n: gradients.get(n, array) for n, array in ours.state_dict().items()}
    expected = {n: p.grad.numpy().copy() for n, p in theirs.named_parameters()}
    torch_models.load_state(theirs, state)
    for name, parameter in theirs.named_parameters():
        if "bias_hh" not in name:  # PyTorch's second bias, most of which is not ours to learn
            got = parameter.detach().numpy()
            np.testing.assert_allclose(got, expected[name], rtol=0, atol=atol, err_msg=name)


def assert_gradients_are_numerical(model, loss, *, count=3, tolerance=1e-5):
    """Of each parameter, a few elements chosen at random, moved a little."""
    model.zero_grad()
    loss().backward()
    for name, parameter in model.named_parameters():
        chosen = generator(2).choice(parameter.size, size=min(count, parameter.size), replace=False)
        start, gradient = parameter.data, parameter.grad.reshape(-1)[chosen]

        def moved(values, parameter=parameter, start=start, chosen=chosen):
            parameter.data = start.copy()
            parameter.data.flat[chosen] = values
            return loss().item()

        numeric = numerical_gradient(moved, start.flat[chosen])
        parameter.data = start
        if np.abs(numeric).max() < 1e-8:  # a bias that normalization takes away again
            assert np.abs(gradient).max() < 1e-8, name
        else:
            assert relative_error(numeric, gradient) < tolerance, name


def learned(model, optimizer, loss, *, steps):
    """The loss before the first step and after the last."""
    first = loss().item()
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    return first, loss().item()
