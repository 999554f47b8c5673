"""The whole page: one HTML file that loads nothing.

Its Content-Security-Policy forbids every request and runs no script but the two inside, which
it names by their SHA-256. So even markup that slipped through escaping could do nothing.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

from ..output import fraction_text, group_text
from .characters import character_table
from .contents import Contents
from .determination import determination_section
from .elements import Element, elements_of
from .fundamentals import vibrations_section
from .gamma import worked
from .markup import Child, Markup, data_script, joined, tag
from .scene import scene
from .spectra import Figure, spectra_figure
from .split import completeness_section, picture

_AXES_AT_FIRST, _PLANES_AT_FIRST = 9, 3
"""More of them hide the molecule; the others are drawn when their box is ticked."""


@cache
def asset(name: str) -> str:
    """The text of a file in ``assets``."""
    return resources.files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def document(contents: Contents, *, version: str) -> str:
    """The report as the text of an HTML file."""
    figure = None if contents.vibrations is None else spectra_figure(contents.vibrations)
    scripts = [asset("3Dmol-min.js"), asset("page.js")]
    title = f"{contents.name}: symmetry and vibrations"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(scripts)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="generator", content=f"Spektron {version}"),
        tag("title", title),
        tag("style", Markup(asset("page.css"))),
    )
    body = tag(
        "body",
        tag("a", "To the text", href="#text", class_="skip"),
        _header(contents),
        tag("main", _stage(contents), tag("div", _sections(contents, figure), id="text")),
        _footer(version),
        data_script(scene(contents, figure), name="scene"),
        [tag("script", Markup(text)) for text in scripts],
    )
    return "<!DOCTYPE html>\n" + tag("html", head, "\n", body, lang="en") + "\n"


def _policy(scripts: list[str]) -> str:
    hashes = " ".join(f"'sha256-{_digest(text)}'" for text in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _header(contents: Contents) -> Markup:
    molecule, counts, group = contents.molecule, contents.counts, contents.symmetry.group
    atoms = "1 atom" if molecule.n_atoms == 1 else f"{molecule.n_atoms} atoms"
    facts: list[tuple[str, Child]] = [
        ("formula", f"{molecule.formula}, {atoms}{_charge(contents)}"),
        ("point group", joined(tag("strong", str(group)), f" ({group_text(group)})")),
        ("deviation", _deviation(contents)),
        ("vibrations", f"{counts.n_vib}"),
    ]  # fmt: skip
    if counts.R is not None:
        facts.append(("R", f"{fraction_text(counts.R)}, {counts.n_silent} silent"))
    level = "" if contents.vibrations is None else contents.vibrations.modes.level
    if level:
        facts.append(("level", level))
    if contents.given != contents.name:
        facts.append(("input", contents.given))
    return tag(
        "header",
        tag("h1", tag("bdi", contents.name)),
        tag("dl", [tag("div", tag("dt", k), tag("dd", v)) for k, v in facts], class_="facts"),
    )


def _charge(contents: Contents) -> str:
    molecule = contents.molecule
    charge = f", charge {molecule.charge:+d}" if molecule.charge else ""
    return charge + (f", multiplicity {molecule.multiplicity}" if molecule.multiplicity > 1 else "")


def _deviation(contents: Contents) -> str:
    found = contents.symmetry
    how = "estimated" if found.tolerance is None else f"{found.tolerance:g} Å"
    return f"RMS {found.rms:.4f} Å from exact symmetry; tolerance {how}"


def _stage(contents: Contents) -> Markup:
    """The viewer with its controls."""
    return tag(
        "section",
        tag("h2", "Structure and symmetry elements", class_="visually-hidden"),
        tag(
            "div",
            id="viewer",
            tabindex="0",
            role="img",
            aria_label=f"{contents.name} in three dimensions. Arrow keys turn it, plus and minus "
            "zoom, 0 brings it back.",
        ),
        tag("p", "The structure needs JavaScript and WebGL.", id="no-viewer", class_="remark"),
        tag("img", id="still", alt=f"{contents.name} with its symmetry elements"),
        _player() if contents.vibrations is not None else None,
        _controls(contents),
        class_="stage",
    )


def _controls(contents: Contents) -> Markup:
    kinds: dict[tuple[str, str], list[Element]] = {}
    for element in elements_of(contents.symmetry.group):
        kinds.setdefault((element.kind, element.label), []).append(element)
    boxes = []
    room = {"axis": _AXES_AT_FIRST, "plane": _PLANES_AT_FIRST, "centre": 1}
    for (kind, label), members in kinds.items():
        room[kind] -= len(members)
        boxes.append(_box(kind, label, members, shown=room[kind] >= 0))
    empty = tag("p", "The identity is the only operation: no axis, no plane, no centre.")
    return tag(
        "fieldset",
        tag("legend", "Symmetry elements"),
        tag("div", boxes, class_="boxes") if boxes else empty,
        tag("div", _check("numbers", "atom numbers"), class_="boxes"),
        id="controls",
    )


def _box(kind: str, label: str, members: list[Element], *, shown: bool) -> Markup:
    noun = {"axis": "axis", "plane": "plane", "centre": "centre"}[kind]
    if len(members) > 1:
        noun = {"axis": "axes", "plane": "planes", "centre": "centres"}[kind]
    count = f"{len(members)} " if len(members) > 1 else ""
    also = f" ({members[0].also})" if members[0].also else ""
    return tag(
        "label",
        tag("input", type="checkbox", data_element=label, checked=shown),
        tag("span", class_="swatch", data_swatch=label),
        f"{count}{label}{also} {noun}",
    )


def _check(name: str, text: str, *, checked: bool = False) -> Markup:
    return tag("label", tag("input", type="checkbox", id=name, checked=checked), text)


def _player() -> Markup:
    """Which mode moves, with its controls."""
    return tag(
        "div",
        tag("p", "No mode is chosen.", id="chosen", aria_live="polite"),
        tag("p", id="chosen-shares"),
        tag(
            "div",
            tag("button", "previous", type="button", id="previous"),
            tag("button", "play", type="button", id="play", disabled=True),
            tag("button", "next", type="button", id="next"),
            tag("button", "other partner", type="button", id="partner", hidden=True),
            tag(
                "label",
                "size ",
                tag("input", type="range", id="size", min="0.1", max="1", step="0.05", value="0.4"),
            ),
            _check("arrows", "arrows", checked=True),
            class_="boxes",
        ),
        id="player",
    )


def _sections(contents: Contents, figure: Figure | None) -> Markup:
    present = frozenset(i.label for i in contents.counts.representation.irreps)
    group = contents.symmetry.group
    split = completeness_section(contents)
    if contents.counts.n_vib:
        caption = "A square is a mode; the squares of a degenerate set touch."
        drawn = tag("figure", picture(contents.counts), tag("figcaption", caption))
        split = joined(drawn, split)
    parts: list[tuple[str, str, Markup | None]] = []
    if figure is not None:
        parts.append(("vibrations", "Spectra and modes", vibrations_section(contents, figure)))
    parts += [
        ("characters", "Character table", character_table(group, present)),
        ("gamma", "Γ(vib), step by step", worked(contents.symmetry, contents.counts)),
        ("split", "What each spectrum shows", split),
    ]
    if contents.counts.n_vib:
        parts.append(("determined", "What the spectra determine", determination_section(contents)))
    parts.append(("geometry", "Geometry", _geometry(contents)))
    links = [tag("a", title, href=f"#{name}") for name, title, _ in parts]
    return joined(
        tag("nav", links, aria_label="Sections"),
        [tag("section", tag("h2", title), part, id=name) for name, title, part in parts],
    )


def _geometry(contents: Contents) -> Markup:
    molecule = contents.molecule
    lines = [
        f"{i:>4} {s:<2} {x:z12.6f} {y:z12.6f} {z:z12.6f} {m:12.6f}"
        for i, (s, (x, y, z), m) in enumerate(
            zip(molecule.symbols, molecule.positions.tolist(), molecule.masses, strict=True), 1
        )
    ]
    head = f"{'':>4} {'':<2} {'x':>12} {'y':>12} {'z':>12} {'mass':>12}"
    return tag(
        "details",
        tag("summary", "Positions as given (Å) and masses (u)"),
        tag("pre", "\n".join([head, *lines]), tabindex="0"),
    )


def _footer(version: str) -> Markup:
    return tag(
        "footer",
        tag(
            "p",
            f"Made by Spektron {version}. The structure is drawn by 3Dmol.js 2.5.5 "
            "(BSD 3-clause; N. Rego, D. Koes, Bioinformatics 31, 1322 (2015)). ",
            "This file loads nothing from elsewhere.",
        ),
    )
