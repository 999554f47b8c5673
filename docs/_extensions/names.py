"""What a name in a docstring or a signature refers to.

A public object is documented where it is exported, ``spektron.pointgroup.Molecule``, but named
by where it is defined or by its last part. Names of other packages, words and shapes stay plain
text, for no inventory of other projects is fetched. What begins with ``spektron.`` and is nowhere
documented is left unresolved, so that Sphinx warns.
"""

import re
from collections import defaultdict

from docutils import nodes
from fields import annotated
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import find_pending_xref_condition, make_refnode

TYPE = re.compile(r"([A-Za-z_]\w*\.)*_?[A-Z]\w*")
"""What can be a class: words such as ``array`` and ``n_vib`` cannot."""


def by_last_part(objects):
    """Documented objects by the last part of their names; a second name of one does not count."""
    found = defaultdict(list)
    for name, entry in objects.items():
        if not entry.aliased:
            found[name.rpartition(".")[2]].append(name)
    return found


def meant(target, kind, here, objects, index):
    """The documented object that a name means, or None."""
    if target in objects:
        entry = objects[target]
        return next(
            (n for n in index[target.rpartition(".")[2]] if objects[n].node_id == entry.node_id),
            target,
        )
    found = index.get(target.rpartition(".")[2], [])
    if target.startswith("spektron."):
        room = ".".join(target.split(".")[:2]) + "."
        found = [name for name in found if name.startswith(room)]
    elif "." in target:
        found = [name for name in found if name.endswith(f".{target}")]
    if kind in ("class", "exc"):
        found = [name for name in found if objects[name].objtype in ("class", "exception")]
    near = [name for name in found if here and name.startswith(f"{here}.")]
    chosen = near or found
    return chosen[0] if len(chosen) == 1 else None


def text_of(node, condition):
    """What a reference shows; Sphinx keeps a short and a long form of some."""
    found = find_pending_xref_condition(node, condition)
    return list(found.children) if found else list(node.children)


class PublicNames(SphinxPostTransform):
    """Resolves names of Python before Sphinx does."""

    default_priority = 5

    def run(self, **kwargs):
        """Replace references by links or by their text."""
        objects = self.env.domains["py"].objects
        index = by_last_part(objects)
        for node in list(self.document.findall(addnodes.pending_xref)):
            if node.get("refdomain") != "py":
                continue
            target, kind = node["reftarget"], node["reftype"]
            name = None
            if kind not in ("class", "exc") or TYPE.fullmatch(target):
                name = meant(target, kind, node.get("py:module"), objects, index)
            if name:
                entry, page = objects[name], node.get("refdoc") or self.env.docname
                text = text_of(node, "resolved")
                link = make_refnode(
                    self.app.builder, page, entry.docname, entry.node_id, text, name
                )
                node.replace_self(link)
            elif not target.startswith("spektron."):
                node.replace_self(text_of(node, "*") or [nodes.literal(text=target)])
        annotated(self.document)


def setup(app):
    """Connect to Sphinx."""
    app.add_post_transform(PublicNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
