"""How long an exact character table takes with nothing cached. Goals: Ih 50 ms, n ≤ 12 20 ms.

The peer is MolSym, which makes its tables in floating point from a molecule: there the whole
way from the geometry to the table is timed, on both sides.
"""

import statistics
import time

import pytest
import sympy  # noqa: F401  (imported first: its start-up is not what is measured)
from spektron.pointgroup import PointGroup, detect, example
from timing import alternate, forget_everything

AXIAL = ["C12", "C12v", "C12h", "D12", "D12h", "D12d", "S24", "D6h", "D11d"]
MOLECULES = ["methane", "ferrocene_staggered", "benzene", "cubane"]


@pytest.mark.parametrize("symbol", ["Ih", "I", "Oh", "Td", "Th", *AXIAL])
def test_exact_table(symbol):
    def fresh():
        forget_everything()
        start = time.perf_counter()
        PointGroup(symbol).character_table  # noqa: B018
        return time.perf_counter() - start

    times = sorted(fresh() for _ in range(15))
    print(
        f"\n{symbol:5} median {statistics.median(times) * 1e3:6.2f} ms, best {times[0] * 1e3:6.2f}",
        end="",
    )


@pytest.mark.parametrize("name", MOLECULES)
def test_from_molecule_to_table(name):
    molsym = pytest.importorskip("molsym")
    molecule = example(name)
    other = molsym.Molecule(
        list(molecule.symbols), molecule.positions / 0.529177210544, molecule.masses
    )

    def ours():
        forget_everything()
        return detect(molecule).group.character_table

    def peer():
        return molsym.Symtext.from_molecule(other)

    seconds = alternate({"Spektron": ours, "MolSym": peer}, rounds=5)
    ratio = seconds["MolSym"] / seconds["Spektron"]
    print(
        f"\n{name}: Spektron {seconds['Spektron'] * 1e3:.1f} ms, "
        f"MolSym {seconds['MolSym'] * 1e3:.1f} ms, ratio {ratio:.1f}",
        end="",
    )
