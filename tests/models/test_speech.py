"""The speech recogniser against PyTorch's, padded and alone; its reading by hand; it learns."""

import numpy as np
import pytest
from agreement import assert_gradients_are_numerical, generator, learned, shake

from labkit import models, ops, optim
from labkit.autograd import Tensor

SIZES = {"channels": 2, "hidden": 3}
LENGTHS = np.array([9, 4, 7])
TARGET, LABELS = np.array([[1, 3], [2, 0], [4, 4]]), np.array([2, 1, 2])


def make(module=models, seed=0, dtype=np.float64):
    return module.SpeechRecognizer(6, 5, rng=generator(seed), dtype=dtype, **SIZES)


def sound(dtype=np.float64):
    return generator(1).normal(size=(3, 9, 6)).astype(dtype)


def loss_of(model, x, lengths=LENGTHS):
    logits, frames = model(x, lengths=lengths)
    return ops.ctc_loss(logits, TARGET, input_lengths=frames, target_lengths=LABELS)


def test_logits_loss_and_gradients_are_pytorchs():
    """Its bidirectional GRU on packed sequences, and its ctc_loss."""
    torch = pytest.importorskip("torch")
    from labkit.frameworks import torch_models

    ours, theirs = shake(make()), make(torch_models, seed=3)
    torch_models.load_state(theirs, ours.state_dict())
    logits, frames = ours(sound(), lengths=LENGTHS)
    their_logits, their_frames = theirs(torch.tensor(sound()), lengths=LENGTHS)
    assert frames.tolist() == their_frames.tolist() == [5, 2, 4]
    np.testing.assert_allclose(logits.data, their_logits.detach().numpy(), rtol=0, atol=1e-9)
    whole = ours(sound())[0].data
    their_whole = theirs(torch.tensor(sound()))[0].detach().numpy()
    np.testing.assert_allclose(whole, their_whole, rtol=0, atol=1e-9)

    loss = loss_of(ours, sound())
    their_loss = torch.nn.functional.ctc_loss(
        their_logits.log_softmax(2).transpose(0, 1),
        torch.tensor(TARGET),
        their_frames,
        torch.tensor(LABELS),
    )
    assert loss.item() == pytest.approx(their_loss.item(), abs=1e-9)
    loss.backward()
    their_loss.backward()
    gradients = {name: p.grad.numpy() for name, p in theirs.named_parameters()}
    compare = {"rtol": 0, "atol": 1e-9}
    np.testing.assert_allclose(ours.conv.weight.grad, gradients["conv.weight"], **compare)
    np.testing.assert_allclose(ours.head.weight.grad.T, gradients["head.weight"], **compare)
    for layer, end in ((ours.gru.forwards, ""), (ours.gru.backwards, "_reverse")):
        np.testing.assert_allclose(
            layer.weight.grad.T, gradients[f"gru.weight_ih_l0{end}"], **compare
        )
        hidden = gradients[f"gru.weight_hh_l0{end}"]
        np.testing.assert_allclose(layer.recurrent.grad.T, hidden, **compare)
        np.testing.assert_allclose(layer.bias.grad, gradients[f"gru.bias_ih_l0{end}"], **compare)
        second = gradients[f"gru.bias_hh_l0{end}"][6:]
        np.testing.assert_allclose(layer.bias_new.grad, second, **compare)


def test_the_same_rng_is_the_same_start_in_pytorch():
    torch = pytest.importorskip("torch")
    from labkit.frameworks import torch_models

    ours, theirs = make(seed=4)(sound())[0], make(torch_models, seed=4)(torch.tensor(sound()))[0]
    np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=0, atol=1e-9)


def test_what_lies_behind_the_end_changes_nothing():
    model, x = shake(make()), sound()
    logits, frames = model(x, lengths=LENGTHS)
    for i, length in enumerate(LENGTHS):
        alone = model(x[i : i + 1, :length])[0].data[0]
        assert len(alone) == frames[i]
        np.testing.assert_allclose(logits.data[i, : frames[i]], alone, rtol=0, atol=1e-12)
        x[i, length:] = np.nan
    np.testing.assert_array_equal(model(x, lengths=LENGTHS)[0].data, logits.data)


def test_gradients_sizes_and_float32():
    model = shake(make())
    assert_gradients_are_numerical(model, lambda: loss_of(model, sound()))
    gru = 6 * 9 + 3 * 9 + 9 + 3  # 2 channels of 3 pitches in, 3 numbers of state
    assert sum(p.size for p in model.parameters()) == (2 * 9 + 2) + 2 * gru + (6 * 5 + 5)
    small = make(dtype=np.float32)
    loss = loss_of(small, sound(np.float32))
    loss.backward()
    assert loss.dtype == np.float32
    assert {p.grad.dtype for p in small.parameters()} == {np.dtype(np.float32)}


def test_paths_are_read():
    """A a - a b b reads a a b; nothing but blanks reads as nothing; a length ends the reading."""
    paths = np.array([[1, 1, 0, 1, 2, 2], [0, 0, 0, 0, 0, 0], [2, 0, 2, 1, 1, 0]])
    logits = np.eye(3)[paths]
    assert models.best_path(logits) == [[1, 1, 2], [], [2, 2, 1]]
    assert models.best_path(Tensor(logits), lengths=[3, 6, 0]) == [[1], [], []]
    assert models.best_path(logits, blank=2) == [[1, 0, 1], [0], [0, 1, 0]]


def test_it_learns_to_read_tones():
    """Each letter is a tone of four frames; the model is told the letters, not where they are."""
    rng = generator(6)
    target = rng.integers(1, 4, size=(12, 3))
    x = np.repeat(np.eye(6)[target], 4, axis=1) + 0.1 * rng.normal(size=(12, 12, 6))
    x = x.astype(np.float32)  # (n, 12, 6)
    x[:, ::4] *= 0.1  # each tone starts softly, so that equal neighbours can be told apart
    model = models.SpeechRecognizer(6, 4, channels=4, hidden=12, rng=rng)
    adam = optim.Adam(model.parameters(), lr=0.02)
    first, last = learned(model, adam, lambda: ops.ctc_loss(model(x)[0], target), steps=150)
    assert first > 1
    assert last < 0.3
    with model.evaluating():
        read = models.best_path(model(x)[0])
    assert sum(a == b for a, b in zip(read, target.tolist(), strict=True)) >= 10


def test_lengths_beyond_the_frames_are_refused():
    with pytest.raises(ValueError, match=r"lengths must lie in \[0, 9\]"):
        make()(sound(), lengths=[9, 10, 1])
    with pytest.raises(ValueError, match="lengths must be a row of whole numbers"):
        make()(sound(), lengths=[9.0, 1.0, 1.0])
