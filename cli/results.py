"""The files that ``spektron spectrum`` and ``spektron modes`` write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..vibration.harmonic import HarmonicData
    from ..vibration.modes import NormalModes
    from ..vibration.spectrum import Spectrum


@dataclass(frozen=True, slots=True)
class Drawing:
    """How spectra are drawn from modes.

    Attributes
    ----------
    fwhm : float, cm⁻¹
    shape : "lorentzian", "gaussian" or "pseudo-voigt"
    scale : float
        Factor on the wavenumbers.
    laser : float or None, nm
    temperature : float, K
    """

    fwhm: float
    shape: Any
    scale: float
    laser: float | None
    temperature: float


def spectrum_of(
    modes: NormalModes,
    kind: Literal["ir", "raman"],
    drawing: Drawing,
    grid: NDArray[np.float64] | None = None,
) -> Spectrum:
    """One spectrum; ``grid`` is (n,) in cm⁻¹, chosen by the lines if not given."""
    from ..vibration.spectrum import broaden

    return broaden(
        modes,
        kind,
        fwhm=drawing.fwhm,
        shape=drawing.shape,
        scale=drawing.scale,
        laser=drawing.laser if kind == "raman" else None,
        temperature=drawing.temperature,
        grid=grid,
    )


def spectra_of(modes: NormalModes, drawing: Drawing) -> list[Spectrum]:
    """IR and Raman spectra, those whose intensities are known."""
    if not len(modes):
        return []
    out = []
    if modes.ir_intensities is not None:
        out.append(spectrum_of(modes, "ir", drawing))
    if modes.raman_activities is not None:
        out.append(spectrum_of(modes, "raman", drawing))
    return out


def write_results(
    folder: Path, data: HarmonicData, modes: NormalModes, drawing: Drawing
) -> list[str]:
    """Every file of a result, each whole or not at all; their names."""
    from ..vibration.files.extxyz import write_displacements
    from ..vibration.files.jcamp import write_jcamp
    from ..vibration.files.molden import write_molden
    from ..vibration.files.qcschema import write_harmonic
    from ..vibration.files.tables import write_curve, write_peaks
    from ..vibration.plots import save_figure, spectrum_figure

    title = f"{modes.molecule.name or modes.molecule.formula}, {modes.level}"
    spectra = [replace(spectrum, title=title) for spectrum in spectra_of(modes, drawing)]
    jobs: dict[str, Callable[[Path], object]] = {
        "harmonic.json": lambda p: write_harmonic(data, p),
        "geometry.xyz": data.molecule.write,
        "modes.csv": lambda p: write_peaks(modes, p),
        "modes.molden": lambda p: write_molden(modes, p),
        "modes.xyz": lambda p: write_displacements(modes, p),
    }
    for spectrum in spectra:
        jobs[f"{spectrum.kind}.csv"] = lambda p, s=spectrum: write_curve(s, p)  # type: ignore[misc]
        jobs[f"{spectrum.kind}.jdx"] = lambda p, s=spectrum: write_jcamp(s, p)  # type: ignore[misc]
    if spectra:
        jobs["spectrum.png"] = lambda p: save_figure(spectrum_figure(*spectra, title=title), p)
    for name, write in jobs.items():
        write(folder / name)
    return list(jobs)
