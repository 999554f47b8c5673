"""QMe14S in HDF5: harmonic data of molecules, read by the rules that a rotation must obey.

The molecules of these tests are springs, pair dipoles and pair polarizabilities that depend on
distances and angles only, so that energy, dipole and polarizability turn with the molecule exactly.
"""

import dataclasses

import numpy as np
import pytest
from spektron.ml.errors import SpectraError
from spektron.ml.loaders.public.qme14s_harmonic import ORDERS, find_layout, iterate_harmonic
from spektron.ml.loaders.public.training import sticks_of, table_of
from spektron.pointgroup import Molecule
from spektron.vibration import HarmonicData, normal_modes

h5py = pytest.importorskip("h5py")

BOHR, HARTREE_EV, DEBYE_AU = 0.529177210544, 27.211386245981, 0.3934302695  # CODATA 2022
SYMBOLS = ("C", "N", "O", "H", "H")
Z = (6, 7, 8, 1, 1)
QME = next(iter(ORDERS))


def pairs(n):
    return [(i, j) for i in range(n) for j in range(i)]


def model(seed):
    """Positions (Å), Hessian (eV/Å²), μ (D), ∂μ, α (bohr³), ∂α of five atoms on springs."""
    rng = np.random.default_rng(seed)
    r0 = rng.normal(size=(5, 3)) * 1.3
    rest = {p: np.linalg.norm(r0[p[0]] - r0[p[1]]) for p in pairs(5)}
    k = {p: rng.uniform(1, 10) for p in pairs(5)}
    c = {p: rng.normal(size=2) for p in pairs(5)}
    g = {p: rng.normal(size=2) for p in pairs(5)}

    def cosine(r, i, j, m):
        a, b = r[i] - r[j], r[m] - r[j]
        return a @ b / np.sqrt(a @ a * (b @ b))

    bends = {(i, j, m): (rng.uniform(1, 3), cosine(r0, i, j, m))
             for i, j, m in ((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 0, 1))}  # fmt: skip

    def energy(r):
        springs = (k[i, j] / 2 * (np.linalg.norm(r[i] - r[j]) - rest[i, j]) ** 2 for i, j in k)
        # Springs alone have symmetric blocks, which read the same either way.
        return sum(springs) + sum(f * (cosine(r, *p) - c0) ** 2 for p, (f, c0) in bends.items())

    def dipole(r):
        # The charge on a pair flows with the length of another: else ∂μ would be symmetric.
        return sum(
            (c[p][0] + c[p][1] * np.linalg.norm(r[q[0]] - r[q[1]])) * (r[p[0]] - r[p[1]])
            for p, q in zip(c, [*list(c)[3:], *list(c)[:3]], strict=True)
        )

    def polar(r):
        out = 9 * np.eye(3)
        for p in pairs(5):
            d = r[p[0]] - r[p[1]]
            out = out + g[p][0] * np.outer(d, d) + g[p][1] * (d @ d) * np.eye(3)
        return out

    def gradient(r):
        return derivative(energy, r, 1e-3)

    def derivative(f, at=r0, step=1e-3):
        rows = []
        for a in range(15):
            shift = np.zeros(15)
            shift[a] = step
            shift = shift.reshape(5, 3)
            rows.append((f(at + shift) - f(at - shift)) / (2 * step))
        return np.array(rows)

    hessian = derivative(gradient)
    return (
        r0,
        (hessian + hessian.T) / 2,
        dipole(r0),
        derivative(dipole),
        polar(r0),
        derivative(polar),
    )


def write(file, *, block="row, column", dipole="position, component", order=QME, seeds=(1, 2, 3),
          both=True, polar="square", **change):  # fmt: skip
    with h5py.File(file, "w") as out:
        for name, seed in enumerate(seeds, start=100):
            r, hessian, mu, dmu, alpha, dalpha = model(seed)
            blocks = hessian.reshape(5, 3, 5, 3).transpose(0, 2, 1, 3)
            edges = np.array(
                [(i, j) for i in range(5) for j in range(5) if i != j and (both or i > j)]
            ).T
            i, j = edges if block == "row, column" else edges[::-1]
            d = dmu.reshape(5, 3, 3)
            six = [dalpha.reshape(5, 3, 3, 3)[..., a, b] for a, b in ORDERS[order]]
            values = {
                "z": np.array(Z),
                "pos": r.astype(np.float32),
                "edge_index": edges,
                "Hii": blocks[range(5), range(5)],
                "Hij": blocks[i, j].astype(np.float32),
                "dipole": mu,
                "dedipole": d if dipole == "position, component" else d.transpose(0, 2, 1),
                "polar": alpha[None] if polar == "square"
                else np.array([alpha[a, b] for a, b in ORDERS[order]]),
                "depolar": np.stack(six, axis=-1),
                "npacharge": np.zeros(5),
            }  # fmt: skip
            group = out.create_group(str(name))
            group.attrs["smile"] = "NC=O"
            for key, value in (values | change).items():
                if value is not None:
                    group[key] = value
    return file


def truth(seed):
    """The same molecule put together here, with its units turned by hand."""
    r, hessian, _, dmu, _, dalpha = model(seed)
    return HarmonicData(
        Molecule(SYMBOLS, r),
        hessian / HARTREE_EV * BOHR**2,
        dmu * DEBYE_AU * BOHR,
        dalpha * BOHR,
    )


def test_its_molecules_become_a_table(tmp_path):
    file = write(tmp_path / "OPT_186102.h5", seeds=(1, 2))
    table = table_of(map(sticks_of, iterate_harmonic(file)), level="B3LYP")
    assert table.texts["name"] == ("100", "101")
    for row, seed in enumerate((1, 2)):
        modes = normal_modes(truth(seed))
        lines = slice(*table.wavenumbers.offsets[row : row + 2])
        np.testing.assert_allclose(table.wavenumbers[row], modes.wavenumbers, rtol=1e-5)
        np.testing.assert_allclose(table.ir_intensities[lines], modes.ir_intensities, rtol=1e-4)
        np.testing.assert_allclose(table.raman_activities[lines], modes.raman_activities, rtol=1e-4)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dipole", ["position, component", "component, position"])
@pytest.mark.parametrize("block", ["row, column", "column, row"])
@pytest.mark.parametrize("polar", ["square", "six"])
def test_every_reading_is_found_and_gives_the_same_molecule(order, dipole, block, polar, tmp_path):
    file = write(tmp_path / "OPT_186102.h5", order=order, dipole=dipole, block=block, polar=polar)
    layout = find_layout(file)
    assert dataclasses.astuple(layout) == (block, dipole, order)
    for found, seed in zip(iterate_harmonic(file), (1, 2, 3), strict=True):
        expected = truth(seed)
        np.testing.assert_allclose(found.data.hessian, expected.hessian, atol=2e-7)
        np.testing.assert_allclose(
            found.data.dipole_derivatives, expected.dipole_derivatives, atol=1e-7
        )
        np.testing.assert_allclose(
            found.data.polarizability_derivatives, expected.polarizability_derivatives, atol=1e-7
        )
        assert found.smiles == "NC=O"
    assert found.id == "102"


def test_lines_are_those_of_the_molecule_itself(tmp_path):
    file = write(tmp_path / "OPT_186102.h5")
    found = normal_modes(next(iterate_harmonic(file)).data)
    expected = normal_modes(truth(1))
    np.testing.assert_allclose(found.wavenumbers, expected.wavenumbers, atol=0.02)
    np.testing.assert_allclose(found.ir_intensities, expected.ir_intensities, rtol=1e-3)
    np.testing.assert_allclose(found.raman_activities, expected.raman_activities, rtol=1e-3)


def test_edges_listed_one_way_are_mirrored(tmp_path):
    one = next(iterate_harmonic(write(tmp_path / "one.h5", both=False)))
    two = next(iterate_harmonic(write(tmp_path / "two.h5")))
    np.testing.assert_allclose(one.data.hessian, two.data.hessian, atol=1e-8)


@pytest.mark.parametrize(
    ("key", "change", "words"),
    [
        ("dipole", lambda v: v / 0.39, "dedipole: turning the molecules leaves"),
        ("polar", lambda v: v * 0.148, "depolar: turning the molecules leaves"),
        ("pos", lambda v: v / 0.529, "turning the molecules leaves"),
        ("Hij", lambda v: v + 3, "Hij: turning the molecules leaves"),
        ("dipole", lambda v: None, "has no array dipole; it has"),
        ("pos", lambda v: v[:4], "group 101: pos of shape (4, 3), not (5, 3)"),
        ("depolar", lambda v: v[..., :5], "depolar of shape (5, 3, 5)"),
        ("pos", lambda v: np.where(v == v.max(), np.nan, v), "pos holds NaN"),
        ("z", lambda v: np.array(["C"] * 5, dtype="S1"), "z holds |S1, not numbers"),
        ("edge_index", lambda v: v + 1, "names an atom that is not there (5 atoms)"),
        ("edge_index", lambda v: v * 0 + np.array([[0], [1]]), "no edge between atoms"),
    ],
)
def test_bad_arrays(key, change, words, tmp_path):
    file = write(tmp_path / "OPT_186102.h5")
    with h5py.File(file, "r+") as out:
        for name in out if "turning" in words else ["101"]:
            value = change(out[name][key][()])
            del out[name][key]
            if value is not None:
                out[name][key] = value
    with pytest.raises(SpectraError) as caught:
        list(iterate_harmonic(file))
    assert words in str(caught.value)
    assert "OPT_186102.h5" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_bad_molecule_among_good_ones_can_be_left_out(tmp_path):
    file = write(tmp_path / "OPT_186102.h5")
    layout = find_layout(file)
    with h5py.File(file, "r+") as out:
        del out["101"]["Hii"]
        out["102"]["z"][0] = 0
    skipped = []
    found = list(iterate_harmonic(file, layout=layout, skipped=skipped))
    assert [m.id for m in found] == ["100"]
    assert "group 101 has no array Hii" in skipped[0]
    assert "group 102: z holds something that is no atomic number" in skipped[1]


def test_a_hessian_in_another_unit_is_refused(tmp_path):
    # Every rule of rotation holds for a multiple of the Hessian, the wavenumbers do not.
    file = write(tmp_path / "OPT_186102.h5")
    with h5py.File(file, "r+") as out:
        for name in out:
            for key in ("Hii", "Hij"):
                out[name][key][...] *= BOHR**2 / HARTREE_EV
    with pytest.raises(SpectraError, match="the Hessian is not in eV/Å²"):
        list(iterate_harmonic(file))


def test_links_to_other_files_are_not_followed(tmp_path):
    write(tmp_path / "secret.h5")
    file = tmp_path / "OPT_186102.h5"
    with h5py.File(file, "w") as out:
        out["100"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/100")
    with pytest.raises(SpectraError, match="group 100 is a link, not a group"):
        list(iterate_harmonic(file))
    with h5py.File(file, "w") as out:
        out.create_group("100")["z"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/100/z")
    with pytest.raises(SpectraError, match="group 100 has no array z"):
        list(iterate_harmonic(file))


def test_files_that_are_none(tmp_path):
    file = write(tmp_path / "OPT_186102.h5")
    whole = file.read_bytes()
    for content, words in ((whole[: len(whole) // 2], "damaged or cut HDF5"),
                           (b"id,x\n", "not an HDF5 file"), (b"", "empty")):  # fmt: skip
        file.write_bytes(content)
        with pytest.raises(SpectraError, match=words):
            list(iterate_harmonic(file))
    h5py.File(file, "w").close()
    with pytest.raises(SpectraError, match="no groups"):
        list(iterate_harmonic(file))
    with pytest.raises(SpectraError, match="no such file"):
        list(iterate_harmonic(tmp_path / "none.h5"))
