"""Read your ORCA job: from an output to a labelled spectrum, with the questions to ask it.

    python examples/teaching/read_your_orca_job.py [FOLDER [OUTPUT]]

OUTPUT is what a frequency calculation wrote: an ORCA .out or .hess, a Gaussian .log or .fchk, and
what else cclib reads (``pip install "spektron[dft]"``). Without one, the script takes the ORCA 5
output of 1,4-divinylbenzene in the folder that SPEKTRON_DATA names, and where there is none
docs/data/hf-sto-3g/ethylene.json, a calculation of ours in QCSchema. ORCA prints wavenumbers and
intensities, but no symmetry; that is what this script adds.

Source: E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations* (1955). The ORCA output is
from the test data of cclib (BSD-3).
"""

import os
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from spektron.pointgroup import mode_counts
from spektron.vibration import (
    HarmonicWarning,
    broaden,
    check_selection_rules,
    normal_modes,
    read_harmonic,
    read_modes,
)
from spektron.vibration.files.reading import has_hessian
from spektron.vibration.plots import save_figure, spectrum_figure

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
FOLDER.mkdir(parents=True, exist_ok=True)
OWN = Path(__file__).parents[2] / "docs" / "data" / "hf-sto-3g" / "ethylene.json"
OUTPUTS = Path(os.environ.get("SPEKTRON_DATA", ".")) / "qc_outputs"


def first_file():
    """The output to read."""
    if len(sys.argv) > 2:
        return Path(sys.argv[2])
    orca = OUTPUTS / "data__ORCA__basicORCA5.0__dvb_raman.out"
    return orca if orca.is_file() and find_spec("cclib") else OWN


# %% Read
# Where a file holds the Hessian, the modes are computed from it; an output of ORCA prints modes
# only, and those are taken as they stand.
FILE = first_file()
whole = has_hessian(FILE)
modes = normal_modes(read_harmonic(FILE)) if whole else read_modes(FILE).labelled()
if modes.ir_intensities is None:
    sys.exit(f"{FILE}: no infrared intensities; this script needs a file that has them")
print(f"{FILE.name}: {modes.molecule.formula}, {modes.level}, {len(modes)} modes")

# %% First question: is it a minimum?
# An imaginary wavenumber (negative here) is a direction downhill. One or two below 30i cm⁻¹ are
# often a grid that is too coarse; a large one is a saddle point, and no spectrum.
if modes.imaginary:
    print("imaginary: " + ", ".join(f"{-modes.wavenumbers[k]:.0f}i" for k in modes.imaginary))
else:
    print(f"no imaginary mode; the lowest is {modes.wavenumbers[0]:.1f} cm⁻¹")

# %% Second: which symmetry, and is it exact?
# The optimiser does not know that the molecule is symmetric: it stops near it. `rms` says how near.
counts = mode_counts(modes.symmetry)
print(f"point group {counts.group}, deviation {modes.symmetry.rms:.1e} Å")
print(f"Γvib = {counts.representation}")
print(
    f"infrared {counts.n_ir}, Raman {counts.n_raman}, both {counts.n_both}, "
    f"silent {counts.n_silent}; R = {counts.R}"
)

# %% Third: do the intensities obey it?
# A forbidden band with intensity means a wrong geometry, a wrong group or a loose calculation.
check = check_selection_rules(modes)
print(str(check).replace("; ", ";\n  "))

# %% Fourth: what are the strong bands?
print("\n   cm⁻¹   irrep   infrared km/mol   Raman Å⁴/u")
chosen = set(np.argsort(-modes.ir_intensities)[:4].tolist())
if modes.raman_activities is not None:
    chosen |= set(np.argsort(-modes.raman_activities)[:4].tolist())
for k in sorted(chosen):
    raman = "" if modes.raman_activities is None else f"{modes.raman_activities[k]:12.1f}"
    print(
        f"{modes.wavenumbers[k]:8.1f}  {modes.irreps[k]:5s} {modes.ir_intensities[k]:14.1f} {raman}"
    )

# %% Fifth: the deuterated sample, without another calculation
# The same forces, other masses. From an ORCA .out the Hessian must be rebuilt from the printed
# modes, which costs digits (Spektron says so); the .hess file beside it keeps them all.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", HarmonicWarning)
    data = read_harmonic(FILE)
hydrogens = data.molecule.symbols.count("H")
masses = data.molecule.masses.copy()
if hydrogens:
    masses = data.molecule.with_isotopes({"H": 2}).masses
else:
    masses[0] += 1  # no deuterium to put in: one heavier atom will do for the check below
heavy = normal_modes(data, masses)
if hydrogens:
    before, after = (f.wavenumbers[-hydrogens:] for f in (modes, heavy))
    print(f"\nthe {hydrogens} highest modes, {before.min():.0f}–{before.max():.0f} cm⁻¹, become "
          f"{after.min():.0f}–{after.max():.0f} in the deuterated molecule")  # fmt: skip


# A check that needs no experiment: the product of all wavenumbers is √(M³ I₁I₂I₃ / Π mᵢ³) times
# what does not depend on masses (Redlich and Teller). A linear molecule has two I, not three.
def rigid_factor(molecule):
    masses = molecule.masses
    x = molecule.positions - masses @ molecule.positions / masses.sum()
    turning = (masses @ (x**2).sum(axis=1)) * np.eye(3) - (masses[:, None] * x).T @ x
    inertia = [i for i in np.linalg.eigvalsh(turning) if i > 1e-6]
    return np.exp((3 * np.log(masses.sum()) + np.log(inertia).sum() - 3 * np.log(masses).sum()) / 2)


ratio = np.exp(np.log(np.abs(heavy.wavenumbers / modes.wavenumbers)).sum())
expected = rigid_factor(heavy.molecule) / rigid_factor(modes.molecule)
print(f"product rule: {ratio:.4e} from the modes, {expected:.4e} from masses and geometry")

# %% Sixth: a job to be wary of
# CO2⁺ is ²Πg: its bend couples to the electrons (Renner and Teller), the two components of the
# bend see two surfaces, and a harmonic program prints two wavenumbers for one degenerate mode.
cation = OUTPUTS / "ORCA__ORCA4.0__CO2_freqs.out"
if cation.is_file() and find_spec("cclib"):
    ion = read_modes(cation).labelled()
    bend = [k for k, irrep in enumerate(ion.irreps) if irrep == "Πu"]
    values = " and ".join(f"{ion.wavenumbers[k]:.1f}" for k in bend)
    print(f"\nCO2⁺ ({ion.symmetry.group}): the Πu bend at {values} cm⁻¹: no pair of one oscillator")

# %% The figure
kinds = ("ir",) if modes.raman_activities is None else ("ir", "raman")
spectra = [broaden(modes, kind, fwhm=12) for kind in kinds]
title = f"{modes.molecule.formula}, {modes.level}, {counts.group}"
save_figure(spectrum_figure(*spectra, title=title, direction="increasing"), FOLDER / "your_job.png")
print(f"\nfigure: {FOLDER / 'your_job.png'}")
