"""Grade a class: many notebooks side by side, none lost and none graded twice."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import secrets
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.grading.grade import Job, grade, seed_for
from labkit.grading.handins import HandIn
from labkit.grading.lab import LabError, Sources, load
from labkit.grading.limits import Limits
from labkit.grading.report.names import slug, write_atomically
from labkit.grading.sandbox import Missing
from labkit.progress import ProgressBar

SECRET = "secret.key"
TRIES = 3  # of a notebook with which the grading process itself dies


@dataclass(frozen=True)
class Settings:
    """How a class is graded: the walls, the limits, how many notebooks at a time.

    ``executor`` is empty for processes on this machine, ``dask`` for a cluster of this machine's
    own, or the address of a scheduler, as in ``tcp://10.0.0.5:8786``.
    """

    backend: str
    limits: Limits
    workers: int = 2
    executor: str = ""


def run(
    hand_ins: Sequence[HandIn], lab: Sources, out: Path, settings: Settings
) -> tuple[list[dict[str, Any]], list[str]]:
    """Grade what is not graded yet; return all results, and the students whose grading failed.

    Each result is written to ``out/results`` as soon as it is there. A second run, after a crash or
    with more notebooks, grades only those whose notebook, lab or settings are new.

    Raises LabError if the lab is broken, or the results of another are there, before anything is
    graded.
    """
    load(lab)
    folder = out / "results"
    earlier = {path: _result_in(path) or {} for path in folder.glob("*.json")}
    if others := {one["lab"] for one in earlier.values() if "lab" in one} - {lab.name}:
        raise LabError(f"out must hold no results of another lab; {out} has some of {min(others)}")
    folder.mkdir(parents=True, exist_ok=True)
    secret = secret_in(out)
    jobs, results = {}, {}
    for hand_in in hand_ins:
        seed = seed_for(secret, hand_in.student)
        job = Job(hand_in.student, hand_in.notebook, lab, seed, settings.backend, settings.limits)
        path = folder / f"{slug(hand_in.student)}.json"
        done = earlier.get(path, {})
        if done.get("key") == job.key():
            results[hand_in.student] = done
        else:
            jobs[hand_in.student] = (job, path, hand_in.messages)
    bar = ProgressBar(sys.stderr, shown="always")
    bar.label, bar.total = "grading", len(hand_ins)
    packed = {student: job.pack() for student, (job, _, _) in jobs.items()}
    for student, answer in bar.over(_answers(packed, settings), done=len(results)):
        if answer is not None:
            _, path, messages = jobs[student]
            result = json.loads(answer)
            result["messages"] = [*messages, *result["messages"]]
            text = json.dumps(result, ensure_ascii=False, indent=1) + "\n"
            write_atomically(path, text.encode("utf-8", "replace"))
            results[student] = result
    bar.end_line()
    failed = [hand_in.student for hand_in in hand_ins if hand_in.student not in results]
    for student in failed:  # no report shows the points of an earlier notebook
        jobs[student][1].unlink(missing_ok=True)
    return [results[h.student] for h in hand_ins if h.student in results], failed


def secret_in(out: Path) -> bytes:
    """Return the secret of a class, made at its first run: who knows it knows the hidden inputs.

    Raises ValueError if it is empty, as after a first run that was stopped while it was written.
    """
    path = out / SECRET
    with contextlib.suppress(FileExistsError):
        number = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with open(number, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    if not (secret := path.read_text("ascii").strip()):
        raise ValueError(f"secret must not be empty; remove {path}, and the next run makes another")
    return secret.encode()


def _result_in(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _answers(packed: dict[str, bytes], settings: Settings) -> Iterator[tuple[str, bytes | None]]:
    """Pairs of student and result in the order in which they come; None where grading failed."""
    if not packed:
        return iter(())
    return _from_dask(packed, settings) if settings.executor else _from_pool(packed, settings)


def _from_pool(packed: dict[str, bytes], settings: Settings) -> Iterator[tuple[str, bytes | None]]:
    """A pool of processes; if one dies, those notebooks that were under way come again, alone."""
    waiting, tries = dict(packed), dict.fromkeys(packed, 0)
    workers = settings.workers
    while waiting:
        with ProcessPoolExecutor(workers, initializer=_end_with_parent) as pool:
            for student, answer in _as_they_come(pool, waiting):
                if isinstance(answer, BrokenProcessPool):
                    break
                del waiting[student]
                yield student, answer
            else:
                continue
        # Whichever notebook did it: with one at a time the next one to break the pool is it.
        workers = 1
        first = next(iter(waiting))
        tries[first] += 1
        if tries[first] == TRIES:
            del waiting[first]
            yield first, None


def _end_with_parent() -> None:
    """End this process when the one that started it has ended, even if that was killed.

    Otherwise it would wait for more for ever, and its sandbox with it.
    """

    def wait() -> None:
        parent.join()  # type: ignore[union-attr]
        os._exit(1)

    parent = multiprocessing.parent_process()
    threading.Thread(target=wait, daemon=True).start()


def _as_they_come(pool: Executor, waiting: dict[str, bytes]) -> Iterator[tuple[str, Any]]:
    futures: dict[Future, str] = {}
    worked = False
    try:
        with contextlib.suppress(BrokenProcessPool):  # then those before have broken, too
            for who, job in waiting.items():
                futures[pool.submit(grade, job)] = who
        for future in as_completed(futures):
            error = future.exception()
            if error is None:
                worked = True
                yield futures[future], future.result()
            elif isinstance(error, BrokenProcessPool):
                yield futures[future], error
            else:
                _excuse(error, worked)
                yield futures[future], None
    finally:
        for future in futures:
            future.cancel()


def _excuse(error: BaseException, worked: bool) -> None:
    """Raise what concerns all notebooks; say what concerns one, which costs the others nothing."""
    if isinstance(error, LabError) or (isinstance(error, Missing) and not worked):
        raise error
    traceback.print_exception(error)


def _from_dask(packed: dict[str, bytes], settings: Settings) -> Iterator[tuple[str, bytes | None]]:
    """A Dask cluster: the same bytes in, the same JSON out; a worker that dies loses nothing."""
    try:
        from distributed import Client, LocalCluster
        from distributed import as_completed as as_dask_completes
    except ImportError:
        raise ValueError("executor dask needs: pip install 'labkit-course[grading]'") from None
    with contextlib.ExitStack() as stack:
        address: Any = settings.executor
        if address == "dask":
            address = stack.enter_context(
                LocalCluster(
                    n_workers=settings.workers, threads_per_worker=1, dashboard_address=None
                )
            )
        client = stack.enter_context(Client(address))
        futures = {
            client.submit(grade, job, retries=TRIES - 1, pure=False): who
            for who, job in packed.items()
        }
        worked = False
        for future in as_dask_completes(list(futures)):
            if future.status == "finished":
                worked = True
                yield futures[future], future.result()
            else:
                _excuse(future.exception(), worked)
                yield futures[future], None
