"""Write docs/data/hf-sto-3g: harmonic data at the level that reference tables use.

    python examples/hf_sto_3g.py [folder]

HF/STO-3G is a poor model of a molecule and a good test point: it is exact to many digits in
every program, and takes a minute for all six molecules. Needs ``pip install "spektron[dft]"``.
"""

import sys
from pathlib import Path

from spektron.pointgroup import example
from spektron.vibration import Level, reference_data
from spektron.vibration.files.qcschema import write_harmonic

NAMES = ("water", "ammonia", "methane", "carbon_dioxide", "ethylene", "benzene")


def main(folder: str = "docs/data/hf-sto-3g") -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        found = reference_data(example(name), Level("hf", "sto-3g", density_fit=False))
        write_harmonic(found.data, Path(folder) / f"{name}.json")
        print(name, found.data.level)


if __name__ == "__main__":
    main(*sys.argv[1:])
