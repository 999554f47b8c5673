"""The computed parents of Shimanouchi's tables, and what the page says about them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spektron.pointgroup import PointGroup, mode_counts
from spektron.vibration.files.qcschema import read_qcschema
from spektron.vibration.modes import normal_modes

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "docs" / "data" / "shimanouchi").glob("*/*.json"))
KEYS = sorted({p.stem for p in FILES})


@pytest.fixture(scope="module")
def computed(example):
    return example("shimanouchi")


@pytest.fixture(scope="module")
def compared(example):
    return example("shimanouchi_compare")


@pytest.fixture(scope="module")
def parents(compared):
    return compared.read_parents()


@pytest.fixture(scope="module")
def table(compared):
    path = compared.table_path()
    if path is None:
        pytest.skip("shimanouchi_half.json is absent: set SPEKTRON_DATA")
    return compared.read_table(path)


@pytest.mark.parametrize("file", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_parents_are_minima_of_their_group(computed, file: Path) -> None:
    key, data = file.stem, read_qcschema(file)
    assert data.level == f"b3lyp/{file.parent.name}"
    modes = normal_modes(data)
    assert modes.symmetry.group == PointGroup(computed.PARENTS[key][1])
    assert len(modes) == mode_counts(data.molecule).n_vib
    assert not modes.imaginary
    assert data.largest_gradient < 1e-4
    assert np.abs(modes.rigid_body).max() < 30
    assert modes.largest_splitting < 0.1


@pytest.mark.parametrize("key", KEYS)
def test_force_constants_in_internal_coordinates_give_the_cartesian_modes(
    compared, parents, key
) -> None:
    gf = compared.modes_of(parents[key], {})
    assert np.sort(gf.wavenumbers) == pytest.approx(
        np.sort(normal_modes(parents[key].data).wavenumbers), abs=1e-2
    )


def test_files_are_small(compared) -> None:
    assert sum(p.stat().st_size for p in compared.FOLDER.rglob("*.json")) <= 2_000_000


def test_both_basis_sets_have_the_same_parents(compared) -> None:
    by_basis = [{p.stem for p in FILES if p.parent.name == b} for b in compared.BASES]
    assert by_basis[0] == by_basis[1]
    assert len(by_basis[0]) >= 25


def test_a_primed_species_gets_its_lost_double_prime_back(compared) -> None:
    primed = ["A1'", "A2'", "E'", "A1''", "A2''", "E''"]
    assert compared.species("a2", primed) == "A2''"
    assert compared.species("e'", primed) == "E'"
    assert compared.species("«sigma»g+", ["Σg+", "Πu"]) == "Σg+"
    assert compared.species("f2", ["A1", "A2", "E", "T1", "T2"]) == "T2"


def test_a_repeated_number_is_one_fundamental_with_the_mean_value(compared) -> None:
    row = {"no": "12", "sym_species": "a", "uncertainty": "A"}
    found = compared._fundamentals([row | {"selected_value": v} for v in ("295", "200")])
    assert found == [compared.Listed("a", 247.5, True)]


def test_a_wrong_number_of_fundamentals_is_refused(compared, parents) -> None:
    modes = compared.modes_of(parents["water"], {})
    one_short = [compared.Listed("a1", 3657.0, False), compared.Listed("a1", 1595.0, False)]
    assert compared.pairs(one_short, modes) is None
    # Shimanouchi's b1 is b2 where the plane of water is yz.
    found = compared.pairs([*one_short, compared.Listed("b1", 3756.0, False)], modes)
    assert {mode.irrep for _, mode, _ in found} == {"A1", "B2"}


def test_number_of_fundamentals_of_every_record(compared, table, parents) -> None:
    rows, misfits = compared.compare(table, parents)
    assert misfits == []
    assert {r.parent for r in rows} == set(parents)


def test_the_summary_is_what_the_files_give(compared, table, parents) -> None:
    kept = json.loads(compared.SUMMARY.read_text())
    again = json.loads(json.dumps(compared.summary(table, parents)))
    for name in ("all", "not doubtful", "shifts"):
        assert again[name] == pytest.approx(kept[name], abs=0.02)
        assert kept["levels"][compared.BASIS][name] == kept[name]
    assert again["factor"] == pytest.approx(kept["factor"], abs=2e-4)
    assert (again["parents"], again["misfits"]) == (kept["parents"], kept["misfits"])


def test_leaving_a_molecule_out_does_not_use_it(compared, table, parents) -> None:
    every, _ = compared.compare(table, parents)
    few = {"water", *list(dict.fromkeys(r.parent for r in every))[:9]}
    rows = [r for r in every if r.parent in few]
    changed = [r if r.parent != "water" else replace(r, observed=2 * r.observed) for r in rows]
    before, after = compared.left_out(rows, parents), compared.left_out(changed, parents)
    own = np.array([r.parent == "water" for r in rows])
    assert after[own] == pytest.approx(before[own], abs=1e-6)
    assert np.abs(after[~own] - before[~own]).max() > 1


@pytest.mark.parametrize("key", KEYS)
def test_rounding_of_the_files_moves_no_wavenumber(parents, key: str) -> None:
    data = parents[key].data
    noise = np.random.default_rng(0).uniform(-5e-9, 5e-9, data.hessian.shape)
    moved = replace(data, hessian=data.hessian + (noise + noise.T) / 2)
    gain = np.abs(normal_modes(moved).wavenumbers - normal_modes(data).wavenumbers)
    assert gain.max() < 1e-3


def test_the_page_says_what_the_summary_says(compared) -> None:
    page = (ROOT / "docs" / "shimanouchi.md").read_text(encoding="utf-8")
    kept = json.loads(compared.SUMMARY.read_text(encoding="utf-8"))
    total = kept["all"]
    assert f"{kept['parents']} parents with {kept['records']} records" in page
    assert (
        f"({kept['factor']:.4f}), all {total['n']} fundamentals | 20 | {total['one']:.1f}" in page
    )
    assert f"the molecule left out | 12 | {total['types']:.1f}" in page
    for name, row in (kept["by kind"] | kept["by degeneracy"]).items():
        assert f"| {name} | {row['n']} | {row['one']:.1f} | {row['types']:.1f} |" in page
    for basis, found in kept["levels"].items():
        line = f"| {basis} | {found['factor']:.4f} | {found['all']['one']:.1f} |"
        assert f"{line} {found['all']['types']:.1f} |" in page
    for name, factor in kept["type factors"].items():
        assert f"| {name} | {factor:.3f} |" in page
