"""Two processes that share a model learn what one learns, whether they keep copies or shards."""

import os
import signal
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="the loop is PyTorch's, which is not installed")
pytest.importorskip("torch.distributed.fsdp", reason="this PyTorch has no FSDP")
if not (torch.distributed.is_available() and torch.distributed.is_gloo_available()):
    pytest.skip("this PyTorch cannot join processes with gloo", allow_module_level=True)

import training_team  # noqa: E402  (they need it)
from torch.nn import functional  # noqa: E402
from trainings import Net, generator  # noqa: E402

from labkit.frameworks.torch_training import (  # noqa: E402
    checkpoint,
    evaluate,
    processes,
    shard,
)
from labkit.frameworks.torch_training.distributed import Team  # noqa: E402

KINDS = list(training_team.KINDS)
alone = training_team.alone_or_together


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where two processes have been, started by torchrun on a free port."""
    folder = tmp_path_factory.mktemp("team")
    for kind in KINDS:
        alone(checkpoint=folder / f"{kind}-of-one.pt", steps=6)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    process = subprocess.Popen(
        [*command, training_team.__file__, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": loopback()},
    )
    try:
        said, _ = process.communicate(timeout=180)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)  # which torchrun passes on
            process.wait(timeout=60)
    assert process.returncode == 0, said
    return folder


def loopback():
    return "lo0" if sys.platform == "darwin" else "lo"


@pytest.fixture(scope="module")
def team(folder):
    return torch.load(folder / "team.pt", weights_only=False)  # ours, of a minute ago


@pytest.fixture(scope="module")
def one():
    return alone()


def close(found, expected, atol):
    for one, other in zip(found, expected, strict=True):  # weights, and histories
        assert list(one) == list(other)
        for name, numbers in other.items():
            torch.testing.assert_close(one[name], numbers, rtol=1e-12, atol=atol)


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_learn_what_one_learns(kind, team, one):
    """Also from a last batch of one row, of which one of them has nothing."""
    close(team[kind], one, 1e-12)
    close(team[f"{kind}, pieces"], one, 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_tokens_weigh_alike_in_whichever_process_they_are(kind, team):
    close(team[f"{kind}, tokens"], training_team.token_training(), 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_float16_leaves_out_the_same_steps(kind, team, folder, tmp_path):
    """The first gradients of class 2 overflow, and one process has none of that class."""
    _, y = next(training_team.uneven()(rng=generator(2)))
    assert (2 in y[:3]) != (2 in y[3:])
    half = {"dtype": torch.float32, "precision": "float16", "loss": training_team.overflowing()}
    path = tmp_path / "half.pt"
    expected = alone(checkpoint=path, make=training_team.sgd, **half)
    close(team[f"{kind}, float16"][:1], expected[:1], 1e-4)
    scales = [
        checkpoint.read(file)["scaler"]["scale"] for file in (folder / f"{kind}-half.pt", path)
    ]
    assert scales == [65536 / 2] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_what_two_have_begun_one_can_finish(kind, folder, one):
    close(alone(checkpoint=folder / f"{kind}-of-two.pt", resume=True), one, 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_has_begun_two_can_finish(kind, team, one):
    close(team[f"{kind}, from one"], one, 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_two_that_are_stopped_go_on_to_the_same_bits(kind, team):
    assert team[f"{kind}, same bits"] is True


def test_two_measure_what_one_measures(team):
    expected = evaluate(Net(), training_team.uneven(), loss=functional.cross_entropy)
    assert team["evaluated"] == pytest.approx(expected, abs=1e-12)


def test_dropout_is_another_in_each_process(team):
    first, second = team["masks"]
    assert first != second


def test_processes_that_would_not_see_the_same_batches_are_told(team):
    assert team["generators"].startswith("rng must be the same in every process")


def test_a_signal_to_one_stops_both_after_the_same_step(team, folder):
    first, second = team["signal"]
    assert first == second
    assert first[0] == 143
    assert "told.pt' is of step 3, and resume=True" in first[1]
    assert checkpoint.read(folder / "told.pt")["place"]["step"] == 3


def test_a_checkpoint_must_be_where_all_processes_see_it(team):
    assert "checkpoint must be a file that every process sees" in team["missing"]


# --- alone ------------------------------------------------------------------------------------


def test_without_torchrun_there_is_one_process():
    with processes("cpu") as device:
        assert device == torch.device("cpu")
        assert not torch.distributed.is_initialized()
    with processes() as device:
        assert device.type in ("cpu", "cuda", "mps", "xpu")
    model = Net()
    assert shard(model) is model
    team = Team(model)
    assert (team.rank, team.size, team.sharded, team.wrapped()) == (0, 1, False, model)


def test_each_process_needs_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for name, value in {"RANK": "2", "WORLD_SIZE": "3", "LOCAL_RANK": "2"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    match = "each process needs a GPU of its own; got number 2 of 2"
    with pytest.raises(ValueError, match=match), processes("cuda"):
        pass


def test_processes_joined_without_a_word_for_the_cpu_are_refused(monkeypatch):
    from labkit.frameworks.torch_training import distributed

    monkeypatch.setattr(distributed, "_joined", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 0)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(torch.distributed, "get_backend_config", lambda: "cuda:nccl")
    with pytest.raises(ValueError, match=r"joined with gloo for the CPU.*got cuda:nccl"):
        Team(Net())
