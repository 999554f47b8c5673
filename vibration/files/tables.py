"""Comma-separated tables: the peaks of normal modes, and the points of a spectrum."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np

from ...pointgroup import Activity
from ..modes import NormalModes
from ..spectrum import Spectrum
from .text import PathLike, write_text

PEAK_COLUMNS = (
    "mode",
    "set",
    "irrep",
    "wavenumber_cm-1",
    "ir_active",
    "raman_active",
    "ir_intensity_km/mol",
    "raman_activity_A4/u",
    "depolarisation_plane",
    "depolarisation_natural",
    "reduced_mass_u",
    "force_constant_mdyn/A",
    "purity",
)


def write_peaks(modes: NormalModes, path: PathLike) -> None:
    """Write a table with one row per mode; imaginary wavenumbers are negative.

    What is not known is left empty.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    activities = {s: modes.activity(modes.irreps.index(s)) for s in set(modes.irreps)}
    write_text(_table(PEAK_COLUMNS, (_peak(modes, activities, k) for k in range(len(modes)))), path)


def write_curve(spectrum: Spectrum, path: PathLike) -> None:
    """Write the points of a spectrum as two columns with their units, all digits kept.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    header = ("wavenumber (cm⁻¹)", f"intensity ({spectrum.unit})")
    rows = zip(spectrum.wavenumbers.tolist(), spectrum.intensities.tolist(), strict=True)
    write_text(_table(header, rows), path)


def _peak(modes: NormalModes, activities: dict[str, Activity], k: int) -> list[object]:
    activity = activities[modes.irreps[k]]
    values = [
        None if array is None or np.isnan(array[k]) else float(array[k])
        for array in (
            modes.ir_intensities,
            modes.raman_activities,
            modes.depolarisation,
            modes.depolarisation_natural,
            modes.reduced_masses,
            modes.force_constants,
            modes.purities,
        )
    ]
    flags = [int(activity.ir), int(activity.raman)]
    head = [k + 1, int(modes.sets[k]) + 1, modes.irreps[k], float(modes.wavenumbers[k])]
    return [*head, *flags, *values]


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()
