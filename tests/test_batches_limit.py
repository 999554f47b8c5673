"""The time limit of a job, and whether a molecule is still the same compound."""

import threading
import time

import pytest
from spektron.pointgroup import InputError, Molecule, example
from spektron.vibration.batches.bonds import changed_bonding
from spektron.vibration.batches.limit import TimeLimit, time_limit


def compute_for(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(100))


def test_limit_in_the_main_thread():
    with pytest.raises(TimeLimit), time_limit(0.05):
        compute_for(60)
    with time_limit(60):
        pass
    with time_limit(None):
        pass


def test_limit_in_another_thread():
    seen = []

    def work():
        try:
            with time_limit(0.05):
                compute_for(60)
        except TimeLimit:
            seen.append("limit")
        compute_for(0.05)
        seen.append("goes on")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(50)
    assert seen == ["limit", "goes on"]


def test_limit_passes_those_who_catch_every_exception():
    def stubborn():
        try:
            compute_for(60)
        except Exception:  # noqa: BLE001
            pytest.fail("taken for an ordinary error")

    with pytest.raises(TimeLimit), time_limit(0.05):
        stubborn()


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_limit_refused(seconds):
    with pytest.raises(InputError, match="time limit"), time_limit(seconds):
        pass


def test_bonds_that_vibrate_do_not_change():
    benzene = example("benzene")
    for factor in (0.95, 1.0, 1.08):
        assert changed_bonding(benzene, benzene.with_positions(factor * benzene.positions)) is None


def test_an_atom_that_leaves_explodes():
    methane = example("methane")
    positions = methane.positions.copy()
    positions[1] *= 3
    kind, text = changed_bonding(methane, methane.with_positions(positions))
    assert kind == "exploded"
    assert text.startswith("broken: C1-H2")


def test_another_isomer_is_another_bonding():
    hcn = Molecule(["H", "C", "N"], [[0, 0, 0], [0, 0, 1.07], [0, 0, 2.22]])
    hnc = hcn.with_positions([[0, 0, 3.22], [0, 0, 1.07], [0, 0, 2.22]])
    found = changed_bonding(hcn, hnc)
    assert found == ("bonding changed", "broken: H1-C2; made: H1-N3")
