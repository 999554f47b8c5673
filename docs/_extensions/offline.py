"""A built page loads nothing from elsewhere: no script, style, font, picture or frame."""

import re
from html.parser import HTMLParser
from pathlib import Path

from sphinx.errors import ExtensionError

LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
NOT_LOADED = {"canonical", "next", "prev", "index", "search", "author"}
STYLE = re.compile(r"""(?:@import\s+|url\()\s*['"]?(?:https?:)?//""")


class Loads(HTMLParser):
    """What the page makes a browser load from another host."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        """Look at one tag."""
        given = dict(attrs)
        target = given.get(LOADING.get(tag, "")) or ""
        if tag == "link" and NOT_LOADED & set((given.get("rel") or "").split()):
            return
        if re.match(r"(?:https?:)?//", target):
            self.found.append(target)


def elsewhere(folder):
    """Lines that name a file of the site and what it loads from another host."""
    lines = []
    for file in sorted(Path(folder).rglob("*")):
        if file.suffix == ".html":
            parser = Loads()
            parser.feed(file.read_text(encoding="utf-8"))
            lines += [f"{file.name}: {target}" for target in parser.found]
        elif file.suffix == ".css":
            found = STYLE.findall(file.read_text(encoding="utf-8"))
            lines += [f"{file.name}: {target}" for target in found]
    return lines


def check(app, exception):
    """Fail the build if a page loads from elsewhere."""
    if exception is None and app.builder.format == "html" and (lines := elsewhere(app.outdir)):
        raise ExtensionError("pages load from other hosts:\n" + "\n".join(lines))


def setup(app):
    """Connect to Sphinx."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
