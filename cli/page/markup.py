"""HTML that is escaped by construction: text becomes markup only through `tag`.

A template engine escapes as well, but only where the template asks for it or its settings do;
here nothing that is not a `Markup` gets past `tag`, and the type checker sees it. That is the
reason why the report needs no such dependency.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from typing import Any

_VOID = {"br", "hr", "img", "input", "link", "meta"}
_NOT_TEXT = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


class Markup(str):
    """A text that is HTML already."""

    __slots__ = ()


Child = str | None | Iterable["Child"]


def escaped(text: str) -> Markup:
    r"""Text as HTML; what cannot be printed (controls, direction marks) is written out.

    >>> escaped("<b>\u202e & 'x'")
    '&lt;b&gt;\\u202e &amp; &#x27;x&#x27;'
    """
    shown = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
    return Markup(html.escape(shown, quote=True))


def joined(*children: Child) -> Markup:
    """Children one after the other, those that are plain text escaped.

    >>> joined("a < b, ", tag("i", "c"))
    'a &lt; b, <i>c</i>'
    """
    out: list[str] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, Markup):
            out.append(child)
        elif isinstance(child, str):
            out.append(escaped(child))
        else:
            out.append(joined(*child))
    return Markup("".join(out))


def tag(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """An element. Names of attributes: ``class_`` is class, ``aria_label`` is aria-label.

    An attribute that is None or False is left out, one that is True has no value.

    >>> tag("a", "x & y", href="#top", hidden=True, class_="small")
    '<a href="#top" hidden class="small">x &amp; y</a>'
    """
    written = "".join(_attribute(k, v) for k, v in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(*children)}</{name}>")


def _attribute(key: str, value: str | float | bool | None) -> str:
    name = key.rstrip("_")
    if name != "viewBox":
        name = name.replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f' {name}="{escaped(text)}"'


def table(
    heads: Iterable[Child], rows: Iterable[Iterable[Child]], *, caption: str = "", class_: str = ""
) -> Markup:
    """A table in a box that scrolls; the first cell of a row is its head."""
    body = []
    for row in rows:
        first, *others = row
        body.append(tag("tr", tag("th", first, scope="row"), [tag("td", c) for c in others]))
    head = tag("tr", [tag("th", h, scope="col") for h in heads])
    inner = tag(
        "table",
        tag("caption", caption) if caption else None,
        tag("thead", head),
        tag("tbody", body),
        class_=class_ or None,
    )
    return tag("div", inner, class_="scroll", tabindex="0", role="group", aria_label=caption)


def data_script(value: Any, *, name: str) -> Markup:
    r"""A block of JSON that no content can end early: no ``<``, ``>`` or ``&`` is left in it.

    >>> data_script("</script>", name="data")
    '<script type="application/json" id="data">"\\u003c/script\\u003e"</script>'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, code in _NOT_TEXT.items():
        text = text.replace(character, code)
    # Lone surrogates, as file names can have them, cannot be written as UTF-8.
    text = "".join(c if not "\ud800" <= c <= "\udfff" else f"\\u{ord(c):04x}" for c in text)
    return Markup(f'<script type="application/json" id="{escaped(name)}">{text}</script>')
