"""The live figures in JupyterLab: mouse and keys change them, and Python sees what they did."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import figures
import pytest
from browser import Visit, chromium

from labkit import widgets

pytest.importorskip("anywidget", reason="anywidget comes with: pip install -e .[notebook]")
playwright = pytest.importorskip("playwright.sync_api", reason="pip install -e .[test]")
pytest.importorskip("jupyterlab", reason="JupyterLab comes with: pip install -e .[notebook]")

CLASSES = [
    name for name, kind in vars(widgets).items() if getattr(kind, "module", "") in figures.ACTS
]
SHOW = f"""from labkit import widgets
figures = [getattr(widgets, name)() for name in {CLASSES}]
display(*figures)"""
ASK = "import json\nprint(json.dumps([figure.state for figure in figures]))"


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab on this machine alone, with one notebook; its address."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [
        {
            "cell_type": "code",
            "id": f"c{i}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for i, source in enumerate((SHOW, ASK))
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}}
    (folder / "live.ipynb").write_text(json.dumps(notebook | {"nbformat": 4, "nbformat_minor": 5}))
    address = f"http://127.0.0.1:{free_port()}"
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={address.split(':')[2]}"]
    options += ["--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    options += ["--ServerApp.open_browser=False", "--LabApp.news_url=None"]
    home = {
        name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    }
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            stdout=log,
            stderr=log,
            env=os.environ | home,
        )
        try:
            wait_for(f"{address}/api/status", server, folder / "log")
            yield address
        finally:
            server.terminate()
            server.wait(30)


def wait_for(url, server, log):
    for _ in range(240):
        if server.poll() is not None:
            pytest.fail(f"JupyterLab ended: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"JupyterLab did not answer: {log.read_text()[-2000:]}")


def run_first_cell(page):
    """Run it until the figure is there: JupyterLab drops a cell that is run before the kernel."""
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=120_000)
    for _ in range(6):
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Control+Enter")
        try:
            return page.wait_for_selector(".live[data-ready]", timeout=20_000)
        except playwright.TimeoutError:
            continue
    return pytest.fail(f"no live figure: {page.locator('.jp-CodeCell').first.inner_text()}")


def test_keys_and_mouse_reach_the_figures_and_python_sees_it(lab):
    with chromium() as browser, Visit(browser, f"{lab}/lab/tree/live.ipynb") as visit:
        page = visit.page
        run_first_cell(page)
        shown = page.locator(".live")
        page.wait_for_function(
            "(n) => document.querySelectorAll('.live[data-ready]').length === n", arg=len(CLASSES)
        )
        for figure in shown.all():
            figures.check_press(figure, lambda part: part.click())
            figure.locator(".live-stage").focus()
            for key in ("Home", "ArrowRight", "ArrowDown"):
                page.keyboard.press(key)
            figures.check_controls(figure)
        cells = page.locator(".jp-CodeCell")
        assert cells.count() == 2, "a key meant for a figure reached the notebook"

        states = [figures.state(figure) for figure in shown.all()]
        cells.nth(1).locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        said = cells.nth(1).locator(".jp-OutputArea-output")
        said.filter(has_text="padding").wait_for()
        assert json.loads(said.text_content()) == states
