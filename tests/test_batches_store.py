"""The result store: keys, whole or no records, damage, versions, many processes."""

import errno
import json
import os
from multiprocessing import get_context

import numpy as np
import pytest
from spektron.pointgroup import Molecule, example
from spektron.vibration.batches import Record, ResultStore, StoreError, key_of
from spektron.vibration.level import Level

XTB = Level("gfn2-xtb")
PROGRAMS = {"tblite": "0.4.0"}
KEY = "ab" + 38 * "0"
RECORD = Record(
    "result",
    {"group": "C2v", "R": "1", "γ": [1, 2.5, None]},
    {"hessian": np.arange(81.0).reshape(9, 9) / 7, "n": np.array([3, 1], dtype=np.int32)},
)


@pytest.fixture
def store(tmp_path):
    return ResultStore(tmp_path / "store")


def same(a, b):
    assert (a.kind, dict(a.facts)) == (b.kind, dict(b.facts))
    assert set(a.arrays) == set(b.arrays)
    for name in a.arrays:
        assert a.arrays[name].dtype == b.arrays[name].dtype
        np.testing.assert_array_equal(a.arrays[name], b.arrays[name])


# ---- keys ----


def test_key_depends_on_all_that_decides_the_result():
    water = example("water")
    first = key_of(water, XTB, {"raman": True}, PROGRAMS)
    assert len(first) == 40
    shifted = water.with_positions(water.positions + np.array([3.0, -2.0, 0.5]))
    renamed = Molecule(water.symbols, water.positions, name="another name")
    nearly = water.with_positions(water.positions + 1e-9)
    for alike in (shifted, renamed, nearly):
        assert key_of(alike, XTB, {"raman": True}, PROGRAMS) == first
    moved = water.positions.copy()
    moved[1, 2] += 1e-3
    others = [
        key_of(water.with_positions(moved), XTB, {"raman": True}, PROGRAMS),
        key_of(water.with_isotopes({1: 2}), XTB, {"raman": True}, PROGRAMS),
        key_of(Molecule(water.symbols, water.positions, charge=2), XTB, {"raman": True}, PROGRAMS),
        key_of(
            Molecule(water.symbols, water.positions, multiplicity=3), XTB, {"raman": True}, PROGRAMS
        ),
        key_of(water, Level("gfn1-xtb"), {"raman": True}, PROGRAMS),
        key_of(water, Level("hf", "sto-3g"), {"raman": True}, PROGRAMS),
        key_of(water, Level("hf", "sto-3g", grid=5), {"raman": True}, PROGRAMS),
        key_of(water, XTB, {"raman": False}, PROGRAMS),
        key_of(water, XTB, {"raman": True}, {"tblite": "0.5.0"}),
    ]
    assert len({first, *others}) == 10


def test_a_coordinate_of_minus_zero_changes_nothing():
    plus = Molecule(["H", "H"], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.74]])
    minus = Molecule(["H", "H"], [[-0.0, -0.0, 0.0], [-0.0, 0.0, 0.74]])
    assert key_of(plus, XTB, {}, {}) == key_of(minus, XTB, {}, {})


# ---- records ----


def test_a_record_comes_back_as_it_was(store):
    assert KEY not in store
    assert store.load(KEY) is None
    store.save(KEY, RECORD)
    assert KEY in store
    same(store.load(KEY), RECORD)
    failure = Record("failure", {"reason": "no convergence"})
    store.save(KEY[::-1], failure)
    same(store.load(KEY[::-1]), failure)
    assert list(store) == sorted([KEY, KEY[::-1]])
    again = ResultStore(store.folder)
    same(again.load(KEY), RECORD)


def test_records_are_compact(store):
    """A Hessian of 20 atoms with its digits takes less than its numbers as text."""
    hessian = np.random.default_rng(0).normal(size=(60, 60))
    store.save(KEY, Record("result", {}, {"hessian": hessian}))
    assert store.path(KEY).stat().st_size < 1.1 * hessian.nbytes


def test_only_numbers_are_kept(store):
    with pytest.raises(TypeError, match="only numbers"):
        store.save(KEY, Record("result", {}, {"x": np.array([{}], dtype=object)}))
    with pytest.raises(ValueError, match="JSON"):
        store.save(KEY, Record("result", {"energy": float("nan")}))
    assert list(store) == []


# ---- damage ----


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda b: b[:-5], "checksum"),
        (lambda b: b[:-1] + bytes([b[-1] ^ 1]), "checksum"),
        (lambda b: b"", "no record"),
        (lambda b: b"\x00" * len(b), "no record"),
        (lambda b: b.replace(b"spektron-record 1", b"spektron-record 9", 1), "format 9"),
    ],
)
def test_damage_is_found_and_set_aside(store, spoil, word):
    other = "cd" + 38 * "1"
    store.save(KEY, RECORD)
    store.save(other, RECORD)
    path = store.path(KEY)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(StoreError, match=word) as caught:
        store.load(KEY)
    assert "\n" not in str(caught.value)
    (damage,) = store.check()
    assert damage.key == KEY
    assert word in damage.reason
    assert damage.moved_to.exists()
    assert KEY not in store
    assert list(store) == [other]
    same(store.load(other), RECORD)
    assert store.check() == []
    store.save(KEY, RECORD)
    same(store.load(KEY), RECORD)


def test_a_record_under_another_name_is_damage(store):
    store.save(KEY, RECORD)
    wrong = "ab" + 38 * "2"
    os.rename(store.path(KEY), store.path(wrong))
    assert "under another name" in store.check()[0].reason


def test_a_full_disk_leaves_nothing_behind(store, monkeypatch):
    store.save(KEY, RECORD)

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="disk is full"):
        store.save(KEY, Record("failure", {}))
    monkeypatch.undo()
    same(store.load(KEY), RECORD)
    assert [p.name for p in store.path(KEY).parent.iterdir()] == [store.path(KEY).name]


# ---- the folder ----


def test_a_later_format_is_refused(store):
    (store.folder / "store.json").write_text(json.dumps({"format": 2}))
    with pytest.raises(StoreError, match="written in format 2, this version reads 1"):
        ResultStore(store.folder)


def test_other_folders_are_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(StoreError, match="not empty"):
        ResultStore(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(StoreError, match="cannot be a result store"):
        ResultStore(tmp_path / "thesis.tex")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "store.json").write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        ResultStore(tmp_path / "broken")


def _save_many(folder, start):
    store = ResultStore(folder)
    for i in range(40):
        key = f"{(start + i) % 50:040x}"
        store.save(key, Record("result", {"i": (start + i) % 50}, {"x": np.full(200, i)}))


def test_many_processes_at_once(tmp_path):
    folder = tmp_path / "store"
    processes = [
        get_context("spawn").Process(target=_save_many, args=(folder, start))
        for start in (0, 5, 10)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    store = ResultStore(folder)
    assert store.check() == []
    assert len(list(store)) == 50
    assert all(store.load(k).facts["i"] == int(k, 16) for k in store)
    assert not list(folder.rglob("*.part"))
