"""How long an exact character table takes with nothing cached. Goals: Ih 50 ms, n ≤ 12 20 ms.

MolSym 1.3 makes its tables in floating point; it is the peer where it has the group.
"""

import statistics
import time

import pytest
import sympy  # noqa: F401  (imported first: its start-up is not what is measured)
from spektron.pointgroup import PointGroup
from spektron.pointgroup.theory.tables import character_table
from timing import forget_everything

AXIAL = ["C12", "C12v", "C12h", "D12", "D12h", "D12d"]
GROUPS = ["Ih", "I", "Oh", "Td", "Th", *AXIAL, "S24", "D6h", "D11d"]


def fresh_table(symbol):
    forget_everything()
    start = time.perf_counter()
    character_table(PointGroup(symbol))
    return time.perf_counter() - start


@pytest.mark.parametrize("symbol", GROUPS)
def test_exact_table(symbol):
    seconds = statistics.median(fresh_table(symbol) for _ in range(9))
    peer = molsym_seconds(symbol)
    beside = f"{peer * 1e3:9.1f} ms  ratio {peer / seconds:7.1f}" if peer else "(no table)"
    print(f"\n{symbol:5} Spektron {seconds * 1e3:7.2f} ms   MolSym {beside}", end="")


def molsym_seconds(symbol):
    module = pytest.importorskip("molsym.symtext.character_table", reason="pip install molsym")
    start = time.perf_counter()
    try:
        module.pg_to_chartab(symbol)
    except Exception:  # noqa: BLE001  (a peer that lacks a group is a result)
        return None
    return time.perf_counter() - start
