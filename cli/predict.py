"""``spektron predict INPUT``: a spectrum or NMR shifts by a forward model.

The geometry is taken as it is given, or built by RDKit's force field from SMILES, and
symmetrised unless ``--as-given``. Nothing is computed by quantum chemistry, nothing is
downloaded. What symmetry forbids is exactly absent only from models of the kind "force field".

With ``--json`` one object: input, formula, group (null with ``--as-given``), kind, checkpoint,
and for spectra axis {low, high, points}, fwhm, ir (L mol⁻¹ cm⁻¹) and raman (Å⁴ cm/u), modes (null
for the kind "grid"; else wavenumber, irrep, ir_intensity, raman_activity of each); for shifts
atoms, {atom (from 1), element, shift (ppm)}.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .inputs import molecule_of
from .options import MOLECULE_HELP, AsJson
from .output import Json, columns, facts, print_json, show
from .targets import checked_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..ml.forward.prediction import Forecast
    from ..pointgroup import Molecule

SHIPPED = "spektron-forward-grid-built"
STRONGEST = 10
"""Maxima of a curve that are printed."""


def predict(
    molecule_input: Annotated[
        str,
        typer.Argument(metavar="INPUT", show_default=False, help=MOLECULE_HELP),
    ],
    checkpoint: Annotated[
        str, typer.Option(metavar="FILE", help="Model file, folder of a run, or shipped name.")
    ] = SHIPPED,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help="csv file to write."),
    ] = None,
    as_given: Annotated[
        bool, typer.Option("--as-given", help="Leave the geometry as it is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """IR and Raman spectra, or NMR shifts, by a trained model."""
    from ..ml.model.packages import require

    require("torch", "torch_geometric", "safetensors")
    from ..ml.forward.models import load_forward
    from ..ml.forward.shifts import ShiftModel
    from ..ml.model.packaged import find_checkpoint

    if out is not None:
        checked_file(out)
    path = find_checkpoint(checkpoint)
    model, _ = load_forward(path)
    molecule, group = _symmetrised(molecule_of(molecule_input), as_given)
    about: Json = {
        "input": molecule_input,
        "formula": molecule.formula,
        "group": group,
        "kind": model.config.kind,
        "checkpoint": str(path),
    }
    if isinstance(model, ShiftModel):
        _tell_shifts(model, molecule, about, out, as_json)
    else:
        _tell_spectra(model, molecule, about, out, as_json)


def _symmetrised(molecule: Molecule, as_given: bool) -> tuple[Molecule, str | None]:
    from ..pointgroup import detect

    if as_given:
        return molecule, None
    found = detect(molecule)
    return found.symmetrise(), str(found.group)


# ---- spectra ----


def _tell_spectra(
    model: Any, molecule: Molecule, about: Json, out: Path | None, as_json: bool
) -> None:
    from ..ml.forward.prediction import forecast

    found = forecast(model, molecule)
    if out is not None:
        rows = zip(found.axis.wavenumbers, *found.curves, strict=True)
        _write(out, ("wavenumber", "ir", "raman"), rows)
    if as_json:
        print_json(about | _spectra_json(found) | {"out": None if out is None else str(out)})
        return
    show(
        facts(_facts(about, out)),
        columns(("IR/cm⁻¹", "relative"), _maxima(found, 0), left=0),
        columns(("Raman/cm⁻¹", "relative"), _maxima(found, 1), left=0),
    )


def _spectra_json(found: Forecast) -> Json:
    axis = {"low": found.axis.low, "high": found.axis.high, "points": found.axis.points}
    return {
        "axis": axis,
        "fwhm": found.fwhm,
        "ir": found.curves[0].tolist(),
        "raman": found.curves[1].tolist(),
        "modes": None if found.modes is None else _modes_json(found.modes),
    }


def _modes_json(modes: Any) -> list[Json]:
    lines = zip(
        modes.wavenumbers.tolist(),
        modes.irreps,
        modes.ir_intensities.tolist(),
        modes.raman_activities.tolist(),
        strict=True,
    )
    names = ("wavenumber", "irrep", "ir_intensity", "raman_activity")
    return [dict(zip(names, line, strict=True)) for line in lines]


def _maxima(found: Forecast, channel: int) -> list[tuple[str, str]]:
    """The strongest maxima of a curve, in the order of wavenumbers."""
    curve, x = found.curves[channel], found.axis.wavenumbers
    places = _peaks(curve)
    strongest = sorted(sorted(places, key=lambda k: -curve[k])[:STRONGEST])
    return [(f"{x[k]:.0f}", f"{curve[k] / curve.max():.2f}") for k in strongest]


def _peaks(curve: NDArray[np.float64]) -> list[int]:
    import numpy as np

    inner = (curve[1:-1] > curve[:-2]) & (curve[1:-1] >= curve[2:])
    return [int(k) + 1 for k in np.flatnonzero(inner)]


# ---- shifts ----


def _tell_shifts(
    model: Any, molecule: Molecule, about: Json, out: Path | None, as_json: bool
) -> None:
    import numpy as np

    from ..ml.forward.prediction import shifts_of

    shifts = shifts_of(model, molecule)
    known = [int(k) for k in np.flatnonzero(np.isfinite(shifts))]
    rows = [(k + 1, molecule.symbols[k], float(shifts[k])) for k in known]
    if out is not None:
        _write(out, ("atom", "element", "shift"), rows)
    if as_json:
        names = ("atom", "element", "shift")
        atoms = [dict(zip(names, row, strict=True)) for row in rows]
        print_json(about | {"atoms": atoms, "out": None if out is None else str(out)})
        return
    table = [(f"{symbol}{atom}", f"{shift:.2f}") for atom, symbol, shift in rows]
    show(facts(_facts(about, out)), columns(("atom", "shift/ppm"), table))


def _facts(about: Json, out: Path | None) -> list[tuple[str, str]]:
    rows = [
        ("molecule", f"{about['input']}, {about['formula']}"),
        ("group", about["group"] or "geometry as given"),
        ("model", f"{about['kind']}, {about['checkpoint']}"),
    ]
    return rows + ([("file", str(out))] if out is not None else [])


def _write(out: Path, heads: tuple[str, ...], rows: Any) -> None:
    import csv

    from ..pointgroup.writing import whole_file

    with whole_file(out) as draft, draft.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(heads)
        writer.writerows(rows)
