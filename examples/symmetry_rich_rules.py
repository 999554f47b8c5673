"""Selection rules checked without using symmetry: full differences on molecules of the data set.

The spectra of the set are computed from symmetry-unique displacements, so that what is forbidden
vanishes by construction. Here the derivatives of some molecules are computed again as if they had
no symmetry, along all displacements and fields, and only then held against their point groups.

python examples/symmetry_rich_rules.py [molecules of each group]
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from hashlib import sha256
from pathlib import Path

from spektron.ml.datasets import read_rows
from spektron.pointgroup import Molecule, detect
from spektron.vibration.activity import check_selection_rules
from spektron.vibration.derivatives.routes import harmonic_data
from spektron.vibration.level import Level
from spektron.vibration.modes import normal_modes

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "data" / "symmetry-rich"
TOLERANCE = 1e-3
"""Å; the geometries were stored in single precision."""
LARGEST = 20
"""Atoms."""


def chosen(each_group: int) -> list[tuple[str, Molecule]]:
    """So many molecules of each group that forbids something, by a hash of their keys."""
    by_group = defaultdict(list)
    for listed, record in (row for file in FOLDER.glob("*.parquet") for row in read_rows(file)[0]):
        facts = record.facts
        if record.kind == "failure" or listed.molecule.n_atoms > LARGEST:
            continue
        if min(facts["n_ir"], facts["n_raman"]) < facts["n_vib"]:
            by_group[facts["group"]].append(listed)
    return [
        (group, listed.molecule)
        for group, found in sorted(by_group.items())
        for listed in sorted(found, key=lambda m: sha256(m.key.encode()).hexdigest())[:each_group]
    ]


def main(each_group: int = 3) -> None:
    """Compute, print, and write selection_rules.json."""
    rows = []
    for group, molecule in chosen(each_group):
        geometry = detect(molecule, TOLERANCE).symmetrise()
        data = harmonic_data(geometry, Level("gfn2-xtb"), route="differences", symmetry="C1")
        modes = normal_modes(data, tolerance=TOLERANCE)
        check = check_selection_rules(modes)
        ir, raman = check.spectra
        rows.append(
            {
                "molecule": molecule.name or molecule.formula,
                "group": check.group,
                "in_the_set": group,
                "ir": ir.violation,
                "raman": raman.violation,
            }
        )
        print(rows[-1], flush=True)
    text = json.dumps(rows, indent=1)
    (FOLDER / "selection_rules.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
