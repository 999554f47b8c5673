"""Why CO2 needs two spectrometers: the rule of mutual exclusion.

    python examples/teaching/why_co2_needs_two_spectrometers.py [FOLDER]

CO2 and N2O have the same number of electrons, nearly the same masses, and both are rods. Yet
an infrared spectrometer sees two of the three fundamentals of CO2 and all three of N2O. This
script asks why, mode by mode, and ends with the argument by which N2O was found to be N–N–O.

Data: B3LYP/def2-TZVP harmonic vibrations (data/, made by make_data.py); measured fundamentals
from T. Shimanouchi, *Tables of Molecular Vibrational Frequencies*, vol. I, NSRDS-NBS 39 (1972).
Sources: E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations* (1955), section 3-6 and
chapter 6; G. Herzberg, *Infrared and Raman Spectra* (1945).
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from spektron.pointgroup import SelectionRules, mode_counts
from spektron.vibration import broaden, normal_modes, read_harmonic
from spektron.vibration.intensities import normal_coordinates
from spektron.vibration.plots import BLUE, ORANGE, irrep_symbol, save_figure

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
FOLDER.mkdir(parents=True, exist_ok=True)
DATA = Path(__file__).parent / "data"

# %% What the two spectrometers ask
# Infrared light is absorbed by a vibration that changes the dipole moment: ∂μ/∂Q ≠ 0.
# Raman light is scattered by one that changes the polarizability: ∂α/∂Q ≠ 0.
# Both derivatives come from the same calculation; the modes turn them into numbers per mode.

MEASURED = {
    "carbon_dioxide": {"Σg+": 1333, "Πu": 667, "Σu+": 2349},
    "nitrous_oxide": {"Σ+": (1285, 2224), "Π": 589},
}
FORMULA = {"carbon_dioxide": "CO₂", "nitrous_oxide": "N₂O"}

data = {name: read_harmonic(DATA / f"{name}.json") for name in FORMULA}
modes = {name: normal_modes(data[name]) for name in FORMULA}

for name, found in modes.items():
    counts = mode_counts(found.symmetry)
    print(f"{FORMULA[name]}: point group {counts.group}, Γvib = {counts.representation}")
    print("  irrep  harmonic  measured   |∂μ/∂Q|     largest |∂α/∂Q|   IR        Raman")
    print("           cm⁻¹      cm⁻¹     e/√u        bohr²/√u          km/mol    Å⁴/u")
    normal = normal_coordinates(found.displacements, found.molecule.masses)
    dipole = normal @ data[name].dipole_derivatives
    polarizability = np.einsum("ni,ikl->nkl", normal, data[name].polarizability_derivatives)
    for number in range(found.n_sets):
        members = list(found.members(number))
        k = members[0]
        of_irrep = [i for i in range(len(found)) if found.irreps[i] == found.irreps[k]]
        observed = np.atleast_1d(MEASURED[name][found.irreps[k]])
        rank = sorted({int(found.sets[i]) for i in of_irrep}).index(number)
        print(
            f"  {found.irreps[k]:5s} {found.wavenumbers[members].mean():9.1f} "
            f"{observed[rank]:9d} {np.linalg.norm(dipole[k]) + 0:11.5f} "
            f"{np.abs(polarizability[k]).max():15.5f} "
            f"{found.ir_intensities[members].sum():13.2f} "
            f"{found.raman_activities[members].sum():9.2f}"
        )
    print(f"  infrared: {counts.n_ir} modes, Raman: {counts.n_raman}, both: {counts.n_both}\n")

# %% Why the zeros are zeros
# The calculation found zeros; symmetry demands them. The inversion i turns x, y, z into −x, −y,
# −z: the dipole moment is odd ("u"), and every product such as x² or xz is even ("g"). A mode of
# CO2 is either g or u. So it can change one of the two, never both.

rules = {name: SelectionRules.of(found.symmetry.group) for name, found in modes.items()}
for rule in rules.values():
    print(f"{rule.dipole.group}: dipole {rule.dipole};  polarizability {rule.polarizability}")

shared = {
    name: [str(i) for i in rule.dipole.irreps if i in rule.polarizability]
    for name, rule in rules.items()
}
print(f"irreps in both: CO₂ {shared['carbon_dioxide']}, N₂O {shared['nitrous_oxide']}")

# %% What an experimenter concludes
# No band of CO2 is in both spectra: it has a centre, so it is O–C–O and not C–O–O. (The converse
# needs care: there are groups without a centre whose spectra share no band, see ferrocene.) The
# bands of N2O are in both spectra. Were it N–O–N with equal arms, none could be. So it is N–N–O.
#
# Two warnings from the laboratory. The Raman spectrum of CO2 shows two lines, 1285 and 1388 cm⁻¹,
# where the table has 1333: the overtone 2ν2 is also Σg+, lies at nearly the same energy and
# shares its intensity (Fermi resonance, E. Fermi, Z. Phys. 71, 250 (1931)). And "active"
# means allowed, not strong: how strong is a matter of the derivative, not of the group.

for name in FORMULA:
    group = modes[name].symmetry.group
    verdict = "no band in both: mutual exclusion" if not shared[name] else "bands in both spectra"
    print(f"{FORMULA[name]} ({group}, {'a' if group.has_inversion else 'no'} centre): {verdict}")

# %% The figure
figure = Figure(figsize=(8, 5.2), layout="constrained")
panels = figure.subplots(2, 2, sharex=True)
for column, (name, found) in enumerate(modes.items()):
    for row, (kind, colour) in enumerate((("ir", BLUE), ("raman", ORANGE))):
        axes = panels[row, column]
        spectrum = broaden(found, kind, fwhm=25, grid=np.arange(300, 2700, 1.0))
        curve = spectrum.intensities / spectrum.intensities.max()
        axes.plot(spectrum.wavenumbers, curve, color=colour, lw=1.4)
        lines = spectrum.sticks
        for x, irrep, active in zip(lines.wavenumbers, lines.irreps, lines.active, strict=True):
            height = float(np.interp(x, spectrum.wavenumbers, curve))
            if active:
                axes.text(
                    x, height + 0.05, f"{irrep_symbol(irrep)} {x:.0f}", ha="center", fontsize=9
                )
            else:
                axes.plot(x, 0, "x", color="0.35", ms=7, mew=1.6, clip_on=False)
                axes.text(x, 0.06, "forbidden", ha="center", fontsize=8, color="0.35")
        axes.set(ylim=(0, 1.3), yticks=[], xlim=(300, 2700))
        axes.spines[["top", "right", "left"]].set_visible(False)
        if column == 0:
            axes.set_ylabel("infrared absorption" if kind == "ir" else "Raman scattering")
    group = "D_{∞h}" if name == "carbon_dioxide" else "C_{∞v}"
    panels[0, column].set_title(f"{FORMULA[name]}, ${group}$".replace("∞", r"\infty "))
    panels[1, column].set_xlabel("wavenumber / cm⁻¹")
figure.suptitle("With a centre of inversion no vibration is in both spectra", fontsize=11)
save_figure(figure, FOLDER / "co2_and_n2o.png")
print(f"\nfigure: {FOLDER / 'co2_and_n2o.png'}")
