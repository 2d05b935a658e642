"""The `labkit` command as a student meets it: by typing, also wrongly."""

import errno
import subprocess
import sys
from types import SimpleNamespace

import pytest

from labkit import cli, datasets
from labkit.datasets import loader


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """A home, a cache and a working folder with nothing in them."""
    for variable in ("LABKIT_DATA", "XDG_CACHE_HOME", "KERAS_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loader, "SYSTEM_FOLDER", tmp_path / "system")
    return tmp_path


def run(capsys, *argv):
    """Give the exit status, what was printed and what was complained of."""
    try:
        status = cli.main(argv)
    except SystemExit as stopped:
        status = stopped.code
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"]])
def test_help_names_every_command(argv, capsys):
    status, out, err = run(capsys, *argv)
    assert (status, err) == (0, "")
    for name, (_, text) in cli.COMMANDS.items():
        assert f"{name} " in out
        assert text in out


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_help_of_a_command(name, capsys):
    status, out, err = run(capsys, name, "--help")
    assert (status, err) == (0, "")
    assert out.startswith(f"usage: labkit {name} ")


def test_version(capsys):
    status, out, _ = run(capsys, "--version")
    assert status == 0
    assert out.startswith("labkit ")


def test_version_of_a_copy_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(cli, "DISTRIBUTION", "no-such-distribution")
    assert cli._version() == "(a copy that is not installed)"


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["dta"], "labkit: there is no command 'dta', only devices, data"),
        (["dta"], "did you mean 'data'?\nTry: labkit --help\n"),
        (["xyz"], "labkit: there is no command 'xyz'"),
        (["--foo"], "labkit: unrecognized arguments: --foo\nTry: labkit --help\n"),
        (["devices", "--ask", "tourch"], "Try: labkit devices --help"),
        (["devices", "--ask"], "Try: labkit devices --help"),
        (
            ["data", "minst"],
            "labkit data: name must be one of 'mnist', 'fashion_mnist', got 'minst'",
        ),
        (["data", "--full"], "labkit data: --full needs a name, one of: mnist, fashion_mnist"),
        (["data", "mnist", "extra"], "unrecognized arguments: extra"),
    ],
)
def test_wrong_call_is_explained(argv, complaint, capsys, alone):
    status, out, err = run(capsys, *argv)
    assert (status, out) == (2, "")
    assert complaint in err
    assert "Traceback" not in err


def test_devices(capsys):
    status, out, err = run(capsys, "devices")
    assert (status, err) == (0, "")
    assert out.startswith("Where ")
    assert "\nWhy " in out


@pytest.mark.parametrize(
    ("argv", "asked"),
    [
        ([], set()),
        (["--ask", "jax", "torch_xla"], {"jax", "torch_xla"}),
        (["--ask", "all"], {"torch", "torch_xla", "keras", "jax", "tensorflow", "nvidia-smi"}),
    ],
)
def test_devices_asks_whom_it_is_told_to(argv, asked, capsys, monkeypatch):
    from labkit.devices import command

    told = []
    monkeypatch.setattr(command, "describe", told.append)
    assert run(capsys, "devices", *argv)[0] == 0
    assert set(told[0]) == asked


def test_data_lists_every_set(capsys, alone):
    status, out, err = run(capsys, "data")
    assert (status, err) == (0, "")
    for name in datasets.names():
        assert f'data = datasets.load("{name}")' in out
        assert f"full     70,000: not on this machine yet: labkit data {name} --full" in out
    assert "bundled  4,000 to train on, 1,000 to test on: ready, no network needed" in out
    assert f"Downloads are kept in {alone / 'cache'}" in out
    assert out.isascii()


def test_data_says_where_a_full_set_lies(capsys, alone):
    (alone / "mnist.npz").write_bytes(b"found, though not read by a mere list")
    assert f"full     70,000: {alone / 'mnist.npz'}" in run(capsys, "data")[1]


def test_data_shows_one(capsys, alone):
    status, out, err = run(capsys, "data", "fashion_mnist")
    assert (status, err) == (0, "")
    assert "bundled subset: 5,000/1,000 of 70,000" in out
    assert "licence  MIT, Zalando SE" in out
    assert "0 T-shirt/top, 1 Trouser" in out
    assert "classes " not in run(capsys, "data", "mnist")[1].splitlines()[-1]


def test_data_full_passes_its_wish_on(capsys, monkeypatch):
    from labkit.datasets import command

    wishes = []

    def load(name, *, size):
        wishes.append((name, size))
        return datasets.load(name)

    monkeypatch.setattr(command, "load", load)
    assert run(capsys, "data", "mnist", "--full")[0] == 0
    assert wishes == [("mnist", "full")]


def pretend(monkeypatch, action):
    """Register one more command, as a later chapter will."""
    module = SimpleNamespace(configure=lambda parser: None, run=action)
    monkeypatch.setitem(sys.modules, "pretended", module)
    monkeypatch.setitem(cli.COMMANDS, "grade", ("pretended", "grade something"))


def test_a_command_is_added_by_one_line(capsys, monkeypatch):
    pretend(monkeypatch, lambda args: 7)
    assert run(capsys, "grade")[0] == 7
    assert "grade something" in run(capsys, "--help")[1]


@pytest.mark.parametrize(
    ("error", "status", "complaint"),
    [
        (ValueError("x must be 1, got 2"), 2, "labkit grade: x must be 1, got 2\n"),
        (OSError("no mirror answered"), 1, "labkit grade: no mirror answered\n"),
        (
            PermissionError(errno.EACCES, "Permission denied", "f"),
            1,
            "labkit grade: [Errno 13] Permission denied: 'f'\n",
        ),
        (KeyboardInterrupt(), 130, "\nlabkit grade: stopped\n"),
    ],
)
def test_failure_is_a_message_and_a_status(error, status, complaint, capsys, monkeypatch):
    def fail(args):
        raise error

    pretend(monkeypatch, fail)
    assert run(capsys, "grade") == (status, "", complaint)


def test_a_bug_is_not_hidden(monkeypatch):
    def fail(args):
        return {}["missing"]

    pretend(monkeypatch, fail)
    with pytest.raises(KeyError):
        cli.main(["grade"])


def test_one_command_does_not_load_another():
    code = """
import sys
from labkit.cli import main
main(["devices"])
sys.exit("numpy" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_reader_that_has_seen_enough_is_no_error():
    code = "from labkit.cli import main; import sys; sys.exit(main(['data']))"
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    child.stdout.close()  # before a byte was written, so that the first write fails
    err = child.stderr.read()
    child.stderr.close()
    assert (child.wait(), err) == (0, b"")


def test_module_runs_too():
    run = subprocess.run(
        [sys.executable, "-m", "labkit.cli", "--version"], capture_output=True, text=True
    )
    assert run.returncode == 0
    assert run.stdout.startswith("labkit ")
