"""The live figure in JupyterLab: mouse and keys change it, and Python sees what they did."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from browser import Visit, chromium

pytest.importorskip("anywidget", reason="anywidget comes with: pip install -e .[notebook]")
playwright = pytest.importorskip("playwright.sync_api", reason="pip install -e .[test]")
pytest.importorskip("jupyterlab", reason="JupyterLab comes with: pip install -e .[notebook]")

SHOW = "from labkit.widgets import ConvolutionExplorer\nw = ConvolutionExplorer(size=7)\nw"
ASK = "print({key: w.state[key] for key in ('stride', 'row', 'column')}, w.output_size)"


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


def test_keys_and_mouse_reach_the_figure_and_python_sees_it(lab):
    with chromium() as browser, Visit(browser, f"{lab}/lab/tree/live.ipynb") as visit:
        page = visit.page
        run_first_cell(page)
        figure = page.locator(".live").first

        slider = figure.locator("input[data-key=stride]")
        slider.click(position={"x": 8, "y": 8})
        slider.press("ArrowRight")
        assert json.loads(figure.get_attribute("data-state"))["stride"] == 2
        figure.locator(".live-panel").nth(2).locator(".live-cell").nth(1).click()
        stage = figure.locator(".live-stage")
        page.keyboard.press("ArrowDown")
        stage.press("ArrowDown")
        state = json.loads(figure.get_attribute("data-state"))
        assert (state["row"], state["column"]) == (2, 1)
        cells = page.locator(".jp-CodeCell")
        assert cells.count() == 2, "a key meant for the figure reached the notebook"

        cells.nth(1).locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        said = cells.nth(1).locator(".jp-OutputArea-output")
        page.wait_for_function(
            "() => document.querySelectorAll('.jp-CodeCell')[1].innerText.includes(\"'stride': 2\")"
        )
        assert "{'stride': 2, 'row': 2, 'column': 1} 4" in said.inner_text()
