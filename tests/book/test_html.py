"""The built book: self-contained, every link leads somewhere, every figure is told in words."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import limits
import pages
import pytest

bs4 = pytest.importorskip("bs4", reason="BeautifulSoup comes with the book: pip install -e .[book]")
HTML = pages.HTML
GENERATED = {"genindex.html", "py-modindex.html", "search.html"}  # Sphinx's own lists


@pytest.fixture(scope="module")
def built():
    """The pages of the book as Beautiful Soup, by their path; built first where it is missing."""
    if not (HTML / "index.html").exists():
        run = subprocess.run([sys.executable, pages.ROOT / "tools" / "book.py"])
        assert run.returncode == 0
    return {
        path.relative_to(HTML).as_posix(): bs4.BeautifulSoup(path.read_bytes(), "html.parser")
        for path in sorted(HTML.rglob("*.html"))
        if "_static" not in path.parts
    }


def is_external(address):
    return urlsplit(address).scheme in ("http", "https") or address.startswith("//")


def loaded(soup):
    """The address of everything that a page loads by itself."""
    for tag in soup.find_all(["script", "img", "iframe", "source", "video", "audio", "embed"]):
        yield tag.get("src")
    for tag in soup.find_all("link"):
        fetched = {"stylesheet", "icon", "preload", "modulepreload", "prefetch", "shortcut"}
        if fetched & set(tag.get("rel", [])):
            yield tag.get("href")


def test_the_book_is_built_with_warnings_as_errors():
    source = (pages.ROOT / "tools" / "book.py").read_text()
    assert '"build", "-W", "-n", "--keep-going"' in source


def test_no_page_loads_anything_from_elsewhere(built):
    for name, soup in built.items():
        external = [a for a in loaded(soup) if a and is_external(a)]
        assert not external, f"{name} loads {external}"
        for tag in soup.find_all(style=True):
            assert not re.search(r"url\(['\"]?(https?:)?//", tag["style"]), f"{name}: {tag}"
        for script in soup.find_all("script", src=False):
            assert not re.search(r"import\(?\s*['\"]https?:", script.get_text()), name


def test_no_style_sheet_loads_anything_from_elsewhere(built):
    address = re.compile(r"(?:url\(\s*['\"]?|@import\s+['\"])((?:https?:)?//[^'\")\s]+)")
    for sheet in HTML.rglob("*.css"):
        found = address.findall(sheet.read_text(encoding="utf-8"))
        assert not found, f"{sheet.relative_to(HTML)} loads {found}"


def test_every_file_that_a_page_loads_is_there(built):
    for name, soup in built.items():
        for address in loaded(soup):
            if address and not address.startswith("data:"):
                file = (HTML / name).parent / unquote(urlsplit(address).path)
                assert file.exists(), f"{name} loads {address}, which is not there"
    for sheet in [*HTML.rglob("vendor/**/*.css"), *HTML.rglob("live/*.css")]:
        for address in re.findall(r"url\(([^)]+\.woff2)\)", sheet.read_text(encoding="utf-8")):
            assert (sheet.parent / address).exists(), f"{sheet} loads {address}"


def test_no_link_within_the_book_is_broken(built):
    targets = {name: {tag["id"] for tag in soup.find_all(id=True)} for name, soup in built.items()}
    for name, soup in built.items():
        for tag in soup.find_all("a", href=True):
            link = urlsplit(tag["href"])
            if link.scheme or link.netloc or tag["href"] == "#":
                continue
            file = (
                ((HTML / name).parent / unquote(link.path)).resolve() if link.path else HTML / name
            )
            assert file.exists(), f"{name} links to {tag['href']}, which is not there"
            page = file.relative_to(HTML.resolve()).as_posix() if link.path else name
            if link.fragment and page in targets:
                there = unquote(link.fragment) in targets[page]
                assert there, f"{name} links to {tag['href']}, which has no such place"


def test_every_figure_is_told_in_words(built):
    for name, soup in built.items():
        article = soup.find("article") or soup
        if name in GENERATED:
            continue
        for image in article.find_all("img"):
            alt = image.get("alt", "")
            told = len(alt.split()) >= limits.ALT_WORDS
            assert told, f"{name}: the image {image.get('src')} has alt text {alt!r}"
        for drawing in article.find_all("svg"):
            told = drawing.get("aria-label") or drawing.get("aria-hidden")
            part_of_formula = drawing.find_parent(class_="katex") is not None
            icon = drawing.find_parent(class_=re.compile("sd-|toggle|copybtn")) is not None
            assert told or part_of_formula or icon, f"{name}: {str(drawing)[:120]}"


def test_every_formula_is_set_at_build_time(built):
    for name, soup in built.items():
        for math in soup.find_all(class_="math"):
            assert math.find(class_="katex"), f"{name}: {math.get_text()[:80]!r} is not set"
        assert not soup.find(class_="katex-error"), f"{name}: {soup.find(class_='katex-error')}"


def test_each_notebook_page_says_what_it_took(built):
    for path in pages.NOTEBOOKS:
        line = built[f"{path.stem}.html"].find("p", class_="budget")
        assert line, f"{path.stem} does not say what it took"
        assert re.search(r"runs in [\d.]+ s and \d+ MiB", line.get_text())


def test_without_scripts_a_live_figure_is_a_still_image(built):
    for name, soup in built.items():
        for figure in soup.find_all(attrs={"data-live": True}):
            assert figure.find("svg", attrs={"aria-label": True}), f"{name}: no still image"
            assert "scripts" in figure.find("p", class_="live-hint").get_text()


def test_the_katex_style_is_that_of_the_program_which_sets_the_formulas():
    katex = pytest.importorskip("sphinxcontrib.katex", reason="pip install -e .[book]")
    assert (HTML / "_static" / "vendor" / "katex" / "version").read_text() == katex.katex_version


def test_no_registry_address_is_kept():
    lock = (pages.BOOK / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity"' in lock


def test_a_page_with_a_fault_is_not_built(tmp_path):
    """A reference that leads nowhere stops the build: shown on a small book of the same kind."""
    book = tmp_path / "book"
    book.mkdir()
    for name in ("_config.yml", "_ext", "_assets", "references.bib"):
        source = pages.BOOK / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, book / name)
    shutil.copy(pages.ROOT / "pyproject.toml", tmp_path)
    (book / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    program = Path(sys.executable).with_name("jupyter-book")
    results = {}
    for name, text in {"sound": "See $x$.", "faulty": "See {eq}`eq-nowhere`."}.items():
        (book / "index.md").write_text(f"# Page\n\n{text}\n")
        command = [program, "build", "-W", "-n", "--keep-going", book, "--path-output", tmp_path]
        with open(tmp_path / "log", "w+") as log:
            run = subprocess.run(command, stdout=log, stderr=log, timeout=300)
            log.seek(0)
            results[name] = run.returncode, "eq-nowhere" in log.read()
    assert results["sound"] == (0, False)
    assert results["faulty"][0] != 0
    assert results["faulty"][1]
