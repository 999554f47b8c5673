"""Compute the parents of Shimanouchi's tables by B3LYP, one small file each.

Every parent is optimised in the point group of the table and its second derivatives are taken;
the result is kept in docs/data/shimanouchi, in a folder of the basis set. Finished parents are
left alone, and interrupted ones go on from their checkpoints:

    python examples/shimanouchi.py --checkpoints FOLDER [--basis def2-svp] [--only KEY ...]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from spektron.pointgroup import InputError, Molecule, PointGroup, detect
from spektron.vibration.errors import CalculationError
from spektron.vibration.files import write_harmonic
from spektron.vibration.files.qcschema import read_qcschema
from spektron.vibration.harmonic import HarmonicData
from spektron.vibration.level import Level
from spektron.vibration.reference import reference_data

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "data" / "shimanouchi"
SMALL, LARGE = "def2-svp", "def2-tzvp"
STARTS = (0.25, 0.1, 0.05)
"""Å: how far (RMS) the first geometry may be from its point group, tried in this order; a wide
tolerance takes a shallow pyramid for a plane."""

PARENTS = {
    "water": ("O", "C2v"),
    "hydrogen-cyanide": ("C#N", "C*v"),
    "carbon-dioxide": ("O=C=O", "D*h"),
    "formaldehyde": ("C=O", "C2v"),
    "acetylene": ("C#C", "D*h"),
    "hydrogen-sulfide": ("S", "C2v"),
    "methane": ("C", "Td"),
    "nitrous-oxide": ("[N-]=[N+]=O", "C*v"),
    "ethylene": ("C=C", "D2h"),
    "methyl-fluoride": ("CF", "C3v"),
    "silane": ("[SiH4]", "Td"),
    "fluoroacetylene": ("C#CF", "C*v"),
    "sulfur-dioxide": ("O=S=O", "C2v"),
    "cyanogen-chloride": ("ClC#N", "C*v"),
    "carbon-disulfide": ("S=C=S", "D*h"),
    "hydrogen-selenide": ("[SeH2]", "C2v"),
    "fluorosilane": ("[SiH3]F", "C3v"),
    "chlorosilane": ("[SiH3]Cl", "C3v"),
    "methanol": ("CO", "Cs"),
    "acetonitrile": ("CC#N", "C3v"),
    "nitrogen-trifluoride": ("FN(F)F", "C3v"),
    "fluoroform": ("FC(F)F", "C3v"),
    "methyl-isocyanide": ("C[N+]#[C-]", "C3v"),
    "germane": ("[GeH4]", "Td"),
    "methyl-bromide": ("CBr", "C3v"),
    "dichloromethane": ("ClCCl", "C2v"),
    "tetrafluoromethane": ("FC(F)(F)F", "Td"),
    "propyne": ("CC#C", "C3v"),
    "butadiyne": ("C#CC#C", "D*h"),
    "bromosilane": ("[SiH3]Br", "C3v"),
    "bromoacetylene": ("C#CBr", "C*v"),
    "cis-difluoroethylene": ("F/C=C\\F", "C2v"),
    "silicon-tetrafluoride": ("F[Si](F)(F)F", "Td"),
    "phosphorus-trichloride": ("ClP(Cl)Cl", "C3v"),
    "vinylidene-chloride": ("C=C(Cl)Cl", "C2v"),
    "trans-dichloroethylene": ("Cl/C=C/Cl", "C2h"),
    "cis-dichloroethylene": ("Cl/C=C\\Cl", "C2v"),
    "bromochloromethane": ("ClCBr", "Cs"),
    "chloroform": ("ClC(Cl)Cl", "C3v"),
    "acetaldehyde": ("CC=O", "Cs"),
    "carbon-tetrachloride": ("ClC(Cl)(Cl)Cl", "Td"),
    "silicon-tetrachloride": ("Cl[Si](Cl)(Cl)Cl", "Td"),
    "cyclopropane": ("C1CC1", "D3h"),
    "benzene": ("c1ccccc1", "D6h"),
}
"""SMILES and point group by key, cheapest first."""


def start(key: str, basis: str) -> Molecule:
    """A first geometry with exactly the symmetry of the table's species.

    The minimum in the small basis set if it is known.
    """
    smiles, group = PARENTS[key]
    known = FOLDER / SMALL / f"{key}.json"
    if basis != SMALL and known.exists():
        molecule = read_qcschema(known).molecule
    else:
        molecule = Molecule.from_smiles(smiles)
    found = [detect(molecule, tolerance) for tolerance in STARTS]
    for symmetry in found:
        if symmetry.group == PointGroup(group):
            return symmetry.symmetrise()
    groups = ", ".join(str(symmetry.group) for symmetry in found)
    raise InputError(f"{smiles}: the first geometry has {groups}, the table {group}")


def rounded(data: HarmonicData) -> HarmonicData:
    """Fewer digits: 1e-8 Eh/bohr² moves no wavenumber above 50 cm⁻¹ by 1e-3 cm⁻¹."""
    return HarmonicData(
        data.molecule.with_positions(data.molecule.positions.round(8)),
        data.hessian.round(8),
        None if data.dipole_derivatives is None else data.dipole_derivatives.round(5),
        None,
        None if data.gradient is None else data.gradient.round(8),
        data.energy,
        data.level,
        data.program,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoints", type=Path, required=True)
    parser.add_argument("--basis", choices=(SMALL, LARGE), default=LARGE)
    parser.add_argument("--only", nargs="*", default=list(PARENTS))
    parser.add_argument("--part", default="1/1", help="i/n: every n-th parent, from the i-th")
    options = parser.parse_args()
    i, n = map(int, options.part.split("/"))
    folder = FOLDER / options.basis
    folder.mkdir(parents=True, exist_ok=True)
    for key in options.only[i - 1 :: n]:
        path = folder / f"{key}.json"
        if path.exists():
            continue
        begin = time.monotonic()
        try:
            found = reference_data(
                start(key, options.basis),
                Level("b3lyp", options.basis, grid=4, density_fit=True),
                raman=False,
                checkpoint=options.checkpoints / options.basis / key,
            )
        except (InputError, CalculationError) as error:  # the next parent may work
            print(f"{key}: {error}", file=sys.stderr, flush=True)
            continue
        write_harmonic(rounded(found.data), path)
        print(f"{key}: {time.monotonic() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
