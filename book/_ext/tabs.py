"""Neighbouring code cells that do the same thing in different libraries become tabs.

A cell with the tag ``tab-pytorch``, ``tab-keras`` or ``tab-numpy`` is one tab; its neighbours with
such a tag are the others. In JupyterLab and in other book builders they stay a row of cells.
"""

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx_design.shared import create_component

LABELS = {"tag_tab-numpy": "NumPy", "tag_tab-pytorch": "PyTorch", "tag_tab-keras": "Keras"}


def label_of(node):
    """Return the label of the tab that a cell wants to be, or None."""
    classes = node.get("classes", []) if isinstance(node, nodes.Element) else []
    return next((LABELS[name] for name in classes if name in LABELS), None)


def tab(cell, label):
    """Return the tab that holds one cell."""
    rubric = nodes.rubric(label, label, classes=["sd-tab-label"])
    rubric["sync_id"], rubric["sync_group"] = label.lower(), "library"
    content = create_component("tab-content", classes=["sd-tab-content"])
    content += cell
    item = create_component("tab-item", classes=["sd-tab-item"], selected=False)
    item += [rubric, content]
    return item


class CellTabs(SphinxTransform):
    """Replace each run of tagged cells by a tab set."""

    default_priority = 5  # before anything looks into the cells

    def apply(self, **kwargs):
        """Run over the sections of the document."""
        for cell in [node for node in self.document.findall(nodes.container) if label_of(node)]:
            parent, place = cell.parent, cell.parent.index(cell)
            before = parent[place - 1] if place else None
            if not (isinstance(before, nodes.container) and "sd-tab-set" in before["classes"]):
                before = create_component("tab-set", classes=["sd-tab-set"])
                parent.insert(place, before)
            parent.remove(cell)
            before += tab(cell, label_of(cell))


def setup(app):
    """Register the transform."""
    app.add_transform(CellTabs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
