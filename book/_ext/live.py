"""Live figures in the static book: no kernel, no server, and a still image without scripts.

A figure reaches a page as the output of a notebook cell or by a directive,

    ```{anywidget} ../labkit/live/convolution_explorer.js
    {"size": 8}
    ```

Both leave an element with ``data-live``. Here it gets the still image, drawn by Node with the
figure's own code; on the page, live_host.js brings it to life.
"""

import html
import json
import re
import subprocess
from pathlib import Path

from course import node_program
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from labkit import live

ELEMENT = re.compile(r'<div class="live" data-live="(\w+)" data-state="([^"]*)">(.*?)</div>', re.S)
WITHOUT_SCRIPTS = "Turn scripts on, and this figure moves: its numbers can then be changed."
DRAW = (
    "import(process.argv[1]).then((m) => console.log(m.default.still(JSON.parse(process.argv[2]))))"
)


def element(name, state):
    """Return the element that stands for a live figure."""
    return f'<div class="live" data-live="{name}" data-state="{html.escape(state)}"></div>'


def still(name, state):
    """Return the still image of a figure in a state, drawn by the figure's own module."""
    module = (live.FOLDER / f"{name}.js").as_uri()
    command = [node_program(), "--eval", DRAW, module, state]
    drawn = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return re.sub(r' data-(set|plane|grip)="[^"]*"', "", drawn)


def with_still(match):
    """Return the element with its still image inside."""
    name, state = match[1], html.unescape(match[2])
    return (
        element(name, state).removesuffix("</div>")
        + still(name, state)
        + f'<p class="live-hint">{WITHOUT_SCRIPTS}</p></div>'
    )


def add_stills(app, doctree):
    """Put the still images into the elements of a page."""
    for raw in doctree.findall(nodes.raw):
        if "data-live=" in raw.astext():
            raw.children = [nodes.Text(ELEMENT.sub(with_still, raw.astext()))]
            for path in live.FOLDER.iterdir():
                app.env.note_dependency(str(path))


class Anywidget(SphinxDirective):
    """A live figure by the path of its module, with its state as JSON."""

    required_arguments = 1
    has_content = True

    def run(self):
        """Return the element."""
        name = Path(self.arguments[0]).stem
        if name not in live.figures():
            raise self.error(f"no live figure {name!r}; there are {', '.join(live.figures())}")
        state = json.dumps(json.loads("\n".join(self.content) or "{}"))
        return [nodes.raw("", element(name, state), format="html")]


def write_scripts(app):
    """Lay the scripts and the style where Sphinx takes static files from."""
    if app.builder.format != "html":
        return
    folder = Path(app.outdir).parent / "live_assets"
    (folder / "live").mkdir(parents=True, exist_ok=True)
    for name in live.figures():
        (folder / "live" / f"{name}.js").write_text(live.script(name), encoding="utf-8")
    (folder / "live" / "live.css").write_text(live.style(), encoding="utf-8")
    host = Path(__file__).with_name("live_host.js").read_text(encoding="utf-8")
    (folder / "live" / "live_host.js").write_text(host, encoding="utf-8")
    app.config.html_static_path.append(str(folder))


def load_scripts(app, pagename, templatename, context, doctree):
    """Load on a page the scripts of its own figures, and nothing on the others."""
    names = sorted(set(re.findall(r'data-live="(\w+)"', context.get("body", ""))))
    if names:
        app.add_css_file("live/live.css")
        for name in names:
            app.add_js_file(f"live/{name}.js")
        app.add_js_file("live/live_host.js", priority=900)


def setup(app):
    """Register the directive and the steps of the build."""
    app.add_directive("anywidget", Anywidget)
    app.connect("builder-inited", write_scripts)
    app.connect("doctree-read", add_stills)
    app.connect("html-page-context", load_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
