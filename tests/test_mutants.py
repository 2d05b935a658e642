"""Nine of ten small faults in the sources are found, and each of the others has its reason.

`tools/mutate.py` plants them, a minute a file, and writes mutants.json; here is only read what it
wrote. An entry about other code than there is now skips, with the command that makes it anew: so
that a change to a formula does not wait for it, and the last lines of `make test` still say so.
"""

from collections import defaultdict

import faults
import mutate
import pytest

REPORT, VERDICTS = mutate.read_report(), mutate.read_verdicts()
LEAST = 0.9


def entry(file):
    """What the report says of a file, if it is about the code that is there."""
    command = f".venv/bin/python tools/mutate.py sources {file}"
    assert file in REPORT, f"no fault was planted in {file} yet: {command}"
    if mutate.is_stale(file, REPORT[file]):
        pytest.skip(f"{file} has changed since faults were planted in it: {command}")
    return REPORT[file]


@pytest.mark.parametrize("file", mutate.sources())
def test_a_file_has_all_its_faults_planted_and_no_verdict_is_out_of_date(file):
    here = entry(file)
    source = (mutate.ROOT / file).read_text(encoding="utf-8")
    assert here["planted"] == len(faults.faults(source))
    assert here["planted"] == here["found"] + len(here["survivors"])
    assert set(VERDICTS.get(file, {})) <= mutate.survivors(here), "found by now, or no more there"


def test_only_files_that_are_there_are_spoken_of():
    assert set(VERDICTS) <= set(REPORT) <= set(mutate.sources())
    assert all(len(why) > 10 for verdicts in VERDICTS.values() for why in verdicts.values())


def test_nine_of_ten_are_found_in_every_package():
    """Without taking anything off for those that change nothing."""
    sums = defaultdict(lambda: [0, 0])
    for file, here in REPORT.items():
        if not mutate.is_stale(file, here):
            package = file.rpartition("/")[0]
            sums[package][0] += here["found"]
            sums[package][1] += here["planted"]
    assert sums
    scores = {package: found / planted for package, (found, planted) in sums.items()}
    assert {package: score for package, score in scores.items() if score < LEAST} == {}
