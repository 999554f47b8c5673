"""Write the data of the teaching examples: computed once, and kept in data/.

    python examples/teaching/make_data.py [FOLDER]

CO2 and N2O at B3LYP/def2-TZVP (QCSchema files with Hessian and derivatives; a few minutes each on
one core), C60 at GFN2-xTB (a table of its modes; two minutes), and the predictions of a plain
model for isomers of the symmetry-rich set (docs/symmetry-rich.md). Needs
``pip install "spektron[dft,data]"``. No example runs this.

The model is the nearest spectrum: an infrared or Raman spectrum, or both, is measured with noise
and given the name of the isomer whose spectrum is nearest. The molecules are the first strata of
each rigid scaffold, in alphabetical order, of which every SMILES string gives a geometry with the
point group of the optimised one.
"""

import csv
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from spektron.ml.datasets.columns import read_rows
from spektron.ml.stratified import Instrument, signals
from spektron.pointgroup import InputError, Molecule, example, point_group
from spektron.vibration import Level, normal_modes, reference_data
from spektron.vibration.files.qcschema import write_harmonic
from spektron.vibration.files.tables import write_peaks

# Measured lengths, Å, as a start: C. H. Townes, A. L. Schawlow, Microwave Spectroscopy (1955).
NITROUS_OXIDE = Molecule("NNO", [[0, 0, -1.128], [0, 0, 0], [0, 0, 1.184]], name="nitrous_oxide")
SET = Path(__file__).parents[2] / "docs" / "data" / "symmetry-rich" / "spectra.parquet"
SCAFFOLDS = ("benzene", "benzoquinone", "cubane", "cyclobutane", "ethylene", "naphthalene",
             "naphthyridine", "pyrazine")  # fmt: skip
STRATA, RUNS, NOISE = 3, 3, 1.0


def write_calculations(place: Path) -> None:
    for molecule in (example("carbon_dioxide"), NITROUS_OXIDE):
        found = reference_data(molecule, Level("b3lyp", "def2-tzvp", grid=4))
        write_harmonic(found.data, place / f"{molecule.name}.json")
    fullerene = reference_data(example("c60"), Level("gfn2-xtb"))
    write_peaks(normal_modes(fullerene.data), place / "c60.csv")


def keeps_its_group(listed, record) -> bool:
    """Whether the SMILES string alone leads to the point group of the optimised geometry."""
    try:
        return str(point_group(Molecule.from_smiles(listed.smiles))) == record.facts["group"]
    except InputError:
        return False


def chosen_strata():
    strata = defaultdict(list)
    for listed, record in read_rows(SET)[0]:
        if record.kind == "result" and listed.stratum:
            strata[listed.stratum].append((listed, record))
    left = dict.fromkeys(SCAFFOLDS, STRATA)
    for name, members in sorted(strata.items()):
        scaffold = name.split()[0]
        groups = [record.facts["group"] for _, record in members]
        centres = [g.endswith(("i", "h")) and g not in ("Cs", "C3h", "D3h") for g in groups]
        if not left.get(scaffold) or all(centres) or not any(centres):
            continue
        if all(keeps_its_group(*member) for member in members):
            left[scaffold] -= 1
            yield name, members


def write_predictions(place: Path) -> None:
    rng = np.random.default_rng(0)
    with (place / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("smiles", "stratum", "scaffold", "input", "seed", "prediction", "truth"))
        for name, members in chosen_strata():
            names = [listed.smiles for listed, _ in members]
            arrays = [record.arrays for _, record in members]
            spectra = signals(
                [(a["wavenumbers"], a["ir_intensities"], a["raman_activities"]) for a in arrays],
                Instrument(),
            )
            for given in ("ir", "raman", "both"):
                for seed in range(RUNS):
                    measured = spectra[given] + rng.normal(0, NOISE, spectra[given].shape)
                    for row, truth in zip(measured, names, strict=True):
                        nearest = np.argmin(((spectra[given] - row) ** 2).sum(axis=1))
                        out.writerow(
                            (truth, name, name.split()[0], given, seed, names[nearest], truth)
                        )


def main(folder: str = str(Path(__file__).parent / "data")) -> None:
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    write_calculations(place)
    write_predictions(place)


if __name__ == "__main__":
    main(*sys.argv[1:])
