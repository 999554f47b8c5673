"""How docstrings, signatures and code blocks look.

numpydoc lets several attributes share a line, ``low, high : float``; each becomes one of its
own here, with the text at the last. Arrays have the short names of the sources, for their
shapes stand in the text. A doctest needs an empty line behind it, which is not shown.
"""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.domains.python import PyObject

SHARED = re.compile(r"(\s*):(ivar|vartype) (\w+(?:, \w+)+):(.*)")

ARRAY = re.compile(
    r"~?(?:numpy\.)?ndarray\[(?:tuple\[~?(?:typing\.)?Any, \.\.\.\]|~?(?:typing\.)?Any), "
    r"~?(?:(?:numpy\.)?dtype\[~?(?:numpy\.)?(\w+)\]|(?:typing\.)?Any)\]"
)
KINDS = {"float64": "FloatArray", "complex128": "ComplexArray", "bool": "BoolArray"}
KINDS |= {"int64": "IntArray", "intp": "IntArray", "int8": "IntArray", None: "ndarray"}


def shortened(text):
    """An annotation with short names of arrays."""
    named = re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", text)
    return ARRAY.sub(lambda found: KINDS.get(found[1], "ndarray"), named)


def signed(app, what, name, thing, options, signature, result):
    """A signature with short names."""
    return signature and shortened(signature), result and shortened(result)


def annotated(document):
    """Shorten the types of properties, which are no part of a signature."""
    for node in document.findall(addnodes.desc_annotation):
        text = shortened(node.astext())
        if text != node.astext():
            node.children = []
            node += nodes.Text(text)


def separated(app, what, name, thing, options, lines):
    """Give each attribute of a shared line a line of its own."""
    found = []
    for line in lines:
        shared = SHARED.fullmatch(line)
        if not shared:
            found.append(line)
            continue
        indent, field, names, text = shared.groups()
        *others, last = names.split(", ")
        if field == "vartype":
            found += [f"{indent}:vartype {each}:{text}" for each in (*others, last)]
        else:
            found += [
                *(f"{indent}:ivar {each}:" for each in others),
                f"{indent}:ivar {last}:{text}",
            ]
    lines[:] = found


def trimmed(app, document):
    """Remove empty lines at the end of code."""
    for block in document.findall(nodes.literal_block):
        text = block.astext().rstrip()
        block.rawsource = text
        block.children = []
        block += nodes.Text(text)


def setup(app):
    """Connect to Sphinx."""
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    app.connect("autodoc-process-signature", signed)
    app.connect("autodoc-process-docstring", separated, priority=900)
    app.connect("doctree-read", trimmed)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
