"""The documentation site: `make docs` builds it from docs/*.md, the docstrings and the scripts.

Every warning is an error. Nothing is fetched from the network, neither here nor by a reader's
browser. Heavy packages are not needed: those that modules import at their top are mocked.
"""

import importlib.metadata
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_extensions"))

project = "Spektron"
author = "The Spektron developers"
try:
    release = importlib.metadata.version("spektron")
except importlib.metadata.PackageNotFoundError:  # a source tree on the path
    release = ""

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "names",  # what a type in a docstring refers to
    "fields",  # how docstrings and code blocks look
    "commands",  # the command line, from its own help
    "gallery",  # the teaching examples, run while the site is built
    "offline",  # no page loads anything from elsewhere
]
exclude_patterns = ["_*", "data", "figures"]
nitpicky = True
# A type variable is no object of its own.
nitpick_ignore = [("py:class", "spektron.ml.model.settings.T")]

# Pages, which are read on GitHub too.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
highlight_language = "text"

# The reference. Shapes and units stand in the docstrings, types in the signatures.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
# Arrays are named as in the sources; their shapes stand in the text.
autodoc_type_aliases = {
    name: name
    for name in (
        "Array",
        "ArrayLike",
        "FloatArray",
        "ComplexArray",
        "IntArray",
        "Integers",
        "Indices",
    )
}
autodoc_mock_imports = ["torch"]
autodoc_inherit_docstrings = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
python_display_short_literal_types = True
add_module_names = False
toc_object_entries_show_parents = "hide"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_use_param = False

html_theme = "furo"
html_title = f"Spektron {release}".strip()
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}

# A figure of the teaching examples is a drawing, not a window.
os.environ["MPLBACKEND"] = "agg"
