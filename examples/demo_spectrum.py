"""The infrared and Raman spectrum of ethylene by density functional theory, in a minute.

    python examples/demo_spectrum.py [FIGURE]

Optimises the geometry at B3LYP/def2-SVP, computes the Hessian and the derivatives of dipole
moment and polarizability along symmetry-unique displacements and fields only, prints the
fundamentals with their irreps, and draws both spectra. FIGURE is a PNG, PDF or SVG file,
ethylene.png in the current folder if not given; it appears whole or not at all.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from spektron.pointgroup import InputError, example, mode_counts
from spektron.vibration import (
    CalculationError,
    Level,
    NormalModes,
    broaden,
    check_selection_rules,
    normal_modes,
    reference_data,
)
from spektron.vibration.plots import save_figure, spectrum_figure

LEVEL = Level("b3lyp", "def2-svp", grid=3)


def print_modes(modes: NormalModes) -> None:
    """A line for each fundamental."""
    assert modes.ir_intensities is not None
    assert modes.raman_activities is not None
    print("irrep     cm⁻¹   IR km/mol   Raman Å⁴/u")
    for number in dict.fromkeys(modes.sets.tolist()):
        members = list(modes.members(number))
        infrared = modes.ir_intensities[members].sum()
        raman = modes.raman_activities[members].sum()
        silent = "   silent" if modes.activity(members[0]).silent else ""
        irrep, wavenumber = modes.irreps[members[0]], modes.wavenumbers[members].mean()
        print(f"{irrep:6s} {wavenumber:7.1f} {infrared:11.2f} {raman:12.2f}{silent}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("figure", nargs="?", type=Path, default=Path("ethylene.png"))
    path = parser.parse_args().figure
    start = time.perf_counter()
    try:
        found = reference_data(example("ethylene"), LEVEL, on_plan=print)
        modes = normal_modes(found.data)
        print(f"computed in {time.perf_counter() - start:.0f} s\n")
        print_modes(modes)
        print(f"\nR = {mode_counts(modes.symmetry).R}; {check_selection_rules(modes)}")
        spectra = (broaden(modes, "ir"), broaden(modes, "raman"))
        save_figure(spectrum_figure(*spectra, title=f"Ethylene, {LEVEL}"), path)
    except (InputError, CalculationError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"figure: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
