"""The table of fundamentals; a row is chosen by a click or by its button."""

from __future__ import annotations

from collections.abc import Iterator

from .contents import Band, Contents, Vibrations
from .markup import Child, Markup, joined, tag
from .spectra import Figure

_HOW = (
    "Choose a band or a row to see the motion; with the picture in focus the arrow keys go from "
    "band to band."
)
_CAPTION = "Fundamentals, lowest first; a degenerate set is one row, intensities summed"


def vibrations_section(contents: Contents, figure: Figure) -> Markup | None:
    """Spectra, what was found, and the table of fundamentals."""
    found = contents.vibrations
    if found is None:
        return None
    drawing = found.drawing
    known = found.modes.ir_intensities is not None or found.modes.raman_activities is not None
    curve = (
        f"Curves: {drawing.shape} lines, FWHM {drawing.fwhm:g} cm⁻¹, ordinate at the left. Sticks: "
        "heights relative to the strongest of the panel. "
        if known
        else ""
    )
    factor = f"Wavenumbers × {drawing.scale:g} in the picture. " if drawing.scale != 1 else ""
    return joined(
        tag("p", _HOW, class_="screen-only"),
        tag("figure", figure.svg, tag("figcaption", curve, factor, _silent(found, known=known))),
        _findings(found),
        _table(found),
    )


def _silent(found: Vibrations, *, known: bool) -> str:
    if any(b.seen == "silent" and b.wavenumber > 0 for b in found.bands):
        sign = "Diamonds" if known else "Dashed"
        return f"{sign}: silent in both, where they would lie."
    return ""


def _findings(found: Vibrations) -> Markup:
    from ...vibration.activity import check_selection_rules, observed_completeness
    from ..output import fraction_text

    modes = found.modes
    texts = []
    n = len(modes.imaginary)
    if n:
        texts.append(
            f"Saddle point: {n} imaginary mode{'s' if n > 1 else ''}, negative in the table, with "
            "no place in the spectra."
        )
    if len(modes) and (modes.ir_intensities is not None or modes.raman_activities is not None):
        seen = observed_completeness(modes)
        spectra = " and ".join({"ir": "IR", "raman": "Raman"}[s] for s in seen.spectra)
        if seen.value is not None:
            share = "all" if seen.value == 1 else fraction_text(seen.value)
            texts.append(
                f"From {seen.threshold:.0%} of the strongest band, {share} of the modes are seen "
                f"in {spectra}."
            )
        check = str(check_selection_rules(modes))
        texts.append(check[0].upper() + check[1:] + ".")
    if found.why_no_shares:
        texts.append(f"No energy distribution: {found.why_no_shares}.")
    texts += [note[0].upper() + note[1:].rstrip(".") + "." for note in found.notes if note]
    return tag("ul", [tag("li", t) for t in texts], class_="findings") if texts else Markup("")


def _table(found: Vibrations) -> Markup:
    heads: list[Child] = ["mode", *_columns(found)]
    rows = []
    for i, band in enumerate(found.bands):
        button = tag(
            "button", band.label, type="button", class_="pick",
            aria_label=f"Animate mode {band.label}, {band.irrep}, {band.wavenumber:.0f} cm⁻¹",
        )  # fmt: skip
        cells = [tag("td", c, class_=k or None) for c, k in _cells(found, band)]
        kind = "silent" if band.seen == "silent" else None
        rows.append(tag("tr", tag("th", button, scope="row"), cells, data_band=str(i), class_=kind))
    inner = tag(
        "table",
        tag("caption", _CAPTION),
        tag("thead", tag("tr", [tag("th", h, scope="col") for h in heads])),
        tag("tbody", rows),
        class_="modes",
        id="modes",
    )
    return tag(
        "div", inner, class_="scroll tall", tabindex="0", role="group", aria_label="Fundamentals"
    )


def _columns(found: Vibrations) -> Iterator[Child]:
    modes = found.modes
    yield "irrep"
    yield "cm⁻¹"
    if modes.ir_intensities is not None:
        yield "IR km/mol"
    if modes.raman_activities is not None:
        yield "Raman Å⁴/u"
        yield "ρ"
    yield tag("span", "active in", class_="words")
    if any(b.shares for b in found.bands):
        yield tag("span", "potential energy distribution", class_="words")


def _cells(found: Vibrations, band: Band) -> Iterator[tuple[Child, str]]:
    modes = found.modes
    yield band.irrep, "irrep"
    yield f"{band.wavenumber:.1f}".replace("-", "−"), "number"
    if modes.ir_intensities is not None:
        yield f"{band.ir or 0:.2f}", "number"
    if modes.raman_activities is not None:
        yield f"{band.raman or 0:.2f}", "number"
        yield band.ratio, "number"
    yield band.seen, "seen"
    if any(b.shares for b in found.bands):
        yield band.shares, "shares"
