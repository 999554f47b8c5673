"""Operations and classes of every family, against brute force and against the textbook labels."""

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.pointgroup import PointGroup
from spektron.pointgroup.errors import GroupError
from spektron.pointgroup.theory.groups import multiplication_table, operation_matrices
from spektron.pointgroup.theory.operations import make_operation, operation_label, rotation_matrix

ORDERS = {"T": 12, "Td": 24, "Th": 24, "O": 24, "Oh": 48, "I": 60, "Ih": 120}


def axial(largest):
    """Symbol → order of the axial groups up to n; S2n is counted by its n."""
    out = {"C1": 1, "Cs": 2, "Ci": 2}
    for n in range(2, largest + 1):
        out |= {f"C{n}": n, f"C{n}v": 2 * n, f"C{n}h": 2 * n, f"D{n}": 2 * n}
        out |= {f"D{n}h": 4 * n, f"D{n}d": 4 * n, f"S{2 * n}": 2 * n}
    return out


ALL = axial(24) | ORDERS
PHI = (1 + 5**0.5) / 2
Z_TURN = {n: rotation_matrix(np.array([0.0, 0.0, 1.0]), Fraction(1, n)) for n in range(1, 49)}
MIRROR_XY = np.diag([1.0, 1.0, -1.0])
LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
LABEL = re.compile(r"(?P<letter>[ECSiσ])(?P<n>\d*)(?P<power>[⁰¹²³⁴-⁹]*)(?P<rest>.*)")


def read_label(label):
    """Letter, n, power and the rest (primes, v, h, d, axes) of ``S6⁵``, ``σv'(yz)`` …"""
    m = LABEL.fullmatch(label)
    return m["letter"], int(m["n"] or 1), int(m["power"].translate(LOWERED) or 1), m["rest"]


def places(matrices, wanted):
    """Index of each of the wanted matrices, by brute force; −1 where there is none."""
    overlap = wanted.reshape(-1, 9) @ matrices.reshape(-1, 9).T
    return np.where(overlap.max(axis=1) > 3 - 1e-6, overlap.argmax(axis=1), -1)


@pytest.mark.parametrize(("symbol", "order"), ALL.items())
def test_operations_form_a_group_of_that_order(symbol, order):
    group = PointGroup(symbol)
    matrices = operation_matrices(group)
    assert group.order == len(matrices) == order
    assert np.abs(matrices @ matrices.swapaxes(1, 2) - np.eye(3)).max() < 1e-14
    distances = np.abs(matrices[:, None] - matrices).max(axis=(2, 3))
    assert distances[~np.eye(order, dtype=bool)].min(initial=1) > 0.01
    products = np.einsum("gij,hjk->ghik", matrices, matrices)
    expected = places(matrices, products).reshape(order, order)
    assert expected.min() >= 0
    assert np.array_equal(group.multiplication_table, expected)
    assert group.operations[0].label == "E"
    assert np.array_equal(matrices[0], np.eye(3))


@pytest.mark.parametrize("symbol", ALL)
def test_classes_are_conjugacy_classes(symbol):
    """The twin: conjugate every operation with every other one."""
    group = PointGroup(symbol)
    matrices = operation_matrices(group)
    conjugates = np.einsum("gij,hjk,glk->hgil", matrices, matrices, matrices)
    images = places(matrices, conjugates).reshape(group.order, group.order)
    expected = {frozenset(row.tolist()) for row in images}
    assert {frozenset(c.members) for c in group.classes} == expected
    assert [i for c in group.classes for i in c.members] == list(range(group.order))
    for c in group.classes:
        assert c.size == len(c.members)
        count, name = re.fullmatch(r"(\d*)(\D.*)", c.label).groups()
        assert int(count or 1) == c.size
        assert name == c.representative.label
        assert c.representative in [group.operations[i] for i in c.members]
    assert len({c.label for c in group.classes}) == len(group.classes)


@pytest.mark.parametrize("symbol", ALL)
def test_labels_describe_the_matrices(symbol):
    group = PointGroup(symbol)
    for o in group.operations:
        letter, n, power, rest = read_label(o.label)
        determinant, trace = np.linalg.det(o.matrix), np.trace(o.matrix)
        if letter in "Eiσ":
            assert trace == pytest.approx({"E": 3, "i": -3, "σ": 1}[letter])
            assert determinant == pytest.approx(1 if letter == "E" else -1)
        else:
            sign = -1 if letter == "S" else 1
            assert determinant == pytest.approx(sign)
            assert trace == pytest.approx(2 * np.cos(2 * np.pi * power / n) + sign)
            assert np.gcd(n, power) == 1  # S6², S6³, S6⁴ are C3, i, C3²
            assert power < (2 * n if letter == "S" else n)
            assert letter == "C" or power % 2 == 1
            assert not rest or n == 2
        assert o.improper == (determinant < 0)


@pytest.mark.parametrize("symbol", ALL)
def test_powers_in_labels_are_powers_of_an_operation_of_the_group(symbol):
    """S6⁵ is the fifth power of an S6 with the same axis; about z, anticlockwise."""
    operations = PointGroup(symbol).operations
    for o in operations:
        letter, n, power, _ = read_label(o.label)
        if letter not in "CS" or n == 2:
            continue
        first = f"{letter}{n}"
        generators = [g.matrix for g in operations if g.label == first]
        powers = [np.linalg.matrix_power(g, power) for g in generators]
        assert min(np.abs(p - o.matrix).max() for p in powers) < 1e-12
        if symbol[0] not in "TOI":
            generator = Z_TURN[n] @ (MIRROR_XY if letter == "S" else np.eye(3))
            assert np.linalg.matrix_power(generator, power) == pytest.approx(o.matrix, abs=1e-12)


@pytest.mark.parametrize("symbol", ALL)
def test_axis_turn_and_order_of_operations(symbol):
    for o in PointGroup(symbol).operations:
        power, order = o.matrix, 1
        while np.abs(power - np.eye(3)).max() > 1e-9:
            power, order = power @ o.matrix, order + 1
        assert o.order == order
        assert 0 <= o.turn < 1
        if o.axis is None:
            assert o.label in ("E", "i")
            continue
        assert np.linalg.norm(o.axis) == pytest.approx(1, abs=1e-14)
        assert o.matrix @ o.axis == pytest.approx(-o.axis if o.improper else o.axis, abs=1e-13)
        # The turn is anticlockwise seen from the tip of the axis.
        across = np.cross(o.axis, [0.3, -0.5, 0.8])
        moved = o.matrix @ across
        sine = o.axis @ np.cross(across, moved) / (across @ across)
        cosine = across @ moved / (across @ across)
        angle = np.arctan2(sine, cosine) / (2 * np.pi)
        assert (angle - float(o.turn) + 0.5) % 1 == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize("symbol", [s for s in axial(24) if s not in ("D2", "D2h")])
def test_planes_and_principal_axis(symbol):
    """About z: Cn, Sn, σh; containing z: σv and σd; across z: C2' and C2''."""
    for o in PointGroup(symbol).operations:
        letter, n, _, rest = read_label(o.label)
        if o.axis is None:
            continue
        along = abs(o.axis[2])
        if letter == "σ":
            assert along == pytest.approx(1 if rest == "h" else 0, abs=1e-12)
            assert rest[0] in "hvd"
        elif n > 2:
            assert along == pytest.approx(1)
        elif rest:
            assert along == pytest.approx(0, abs=1e-12)
    rotations = [o for o in PointGroup(symbol).operations if not o.improper and o.axis is not None]
    if symbol[0] in "DCS" and rotations:
        best = max(rotations, key=lambda o: o.order)
        assert best.order == 2 or abs(best.axis[2]) == pytest.approx(1)


@pytest.mark.parametrize("n", range(2, 25))
def test_lateral_axes_and_planes_of_the_axial_groups(n):
    """The docstring of `groups`: first σv is xz, first C2' is x, σv of Dnh holds the C2'."""
    labels = {s: {o.label: [] for o in PointGroup(f"{s}").operations} for s in _lateral(n)}
    for symbol, found in labels.items():
        for o in PointGroup(symbol).operations:
            found[o.label].append(o.matrix)
    xz, x_turn = np.diag([1.0, -1, 1]), np.diag([1.0, -1, -1])
    primed = "C2'" if n % 2 == 0 else "C2"
    if n > 2:
        assert np.abs(labels[f"C{n}v"]["σv"][0] - xz).max() < 1e-14
        for symbol in (f"D{n}", f"D{n}h"):
            assert np.abs(labels[symbol][primed][0] - x_turn).max() < 1e-14
        _check_planes_of_dnh(n, labels[f"D{n}h"], primed)
    assert min(np.abs(m - x_turn).max() for m in labels[f"D{n}d"][primed]) < 1e-14
    if n > 2 and n % 2 == 0:
        turned = Z_TURN[2 * n] @ x_turn @ Z_TURN[2 * n].T
        assert min(np.abs(m - turned).max() for m in labels[f"D{n}"]["C2''"]) < 1e-12
        mirror = Z_TURN[2 * n] @ xz @ Z_TURN[2 * n].T
        assert min(np.abs(m - mirror).max() for m in labels[f"C{n}v"]["σd"]) < 1e-12
    # The σd of Dnd bisect the angles between its C2.
    for plane in labels[f"D{n}d"]["σd"]:
        inside = [np.abs(plane @ c @ plane - c).max() < 1e-9 for c in labels[f"D{n}d"][primed]]
        assert n % 2 or not any(inside)


def _lateral(n):
    return [s for s in (f"C{n}v", f"D{n}", f"D{n}h", f"D{n}d") if s not in ("C2v", "D2", "D2h")]


def _check_planes_of_dnh(n, found, primed):
    for name, axes in (("σv", primed), ("σd", "C2''")):
        for plane in found.get(name, []):
            contained = [c for c in found[axes] if np.abs(plane @ _axis(c) - _axis(c)).max() < 1e-9]
            assert contained
    assert len(found.get("σv", [])) + len(found.get("σd", [])) == n


def _axis(half_turn):
    return np.linalg.eigh(half_turn)[1][:, 2]


@pytest.mark.parametrize(
    ("symbol", "label", "diagonal"),
    [
        ("C2v", "σv(xz)", [1, -1, 1]), ("C2v", "σv'(yz)", [-1, 1, 1]), ("C2v", "C2", [-1, -1, 1]),
        ("D2", "C2(x)", [1, -1, -1]), ("D2", "C2(y)", [-1, 1, -1]), ("D2", "C2(z)", [-1, -1, 1]),
        ("D2h", "C2(x)", [1, -1, -1]), ("D2h", "σ(xy)", [1, 1, -1]), ("D2h", "σ(xz)", [1, -1, 1]),
        ("D2h", "σ(yz)", [-1, 1, 1]), ("Cs", "σh", [1, 1, -1]), ("C2h", "C2", [-1, -1, 1]),
        ("C2h", "σh", [1, 1, -1]), ("D2d", "C2'", [1, -1, -1]), ("Ci", "i", [-1, -1, -1]),
        ("Oh", "σh", [1, 1, -1]), ("Th", "σh", [1, -1, 1]), ("T", "C2", [-1, -1, 1]),
        ("I", "C2", [1, -1, -1]), ("Ih", "σ", [-1, 1, 1]),
    ],
)  # fmt: skip
def test_operations_along_coordinate_axes(symbol, label, diagonal):
    matrices = [o.matrix for o in PointGroup(symbol).operations if o.label == label]
    assert min(np.abs(m - np.diag(diagonal)).max() for m in matrices) < 1e-14


@pytest.mark.parametrize(
    ("symbol", "label", "axis"),
    [
        ("T", "C3", (1, 1, 1)), ("Td", "C3", (1, 1, 1)), ("Th", "C3", (1, 1, 1)),
        ("O", "C4", (0, 0, 1)), ("Oh", "C4", (1, 0, 0)), ("Oh", "C2'", (1, 1, 0)),
        ("Td", "S4", (0, 0, 1)), ("Td", "σd", (1, -1, 0)), ("Oh", "S6", (1, 1, 1)),
        ("I", "C5", (0, 1, PHI)), ("Ih", "S10", (0, 1, PHI)), ("I", "C3", (1, 1, 1)),
        ("I", "C2", (0, 0, 1)),
    ],
)  # fmt: skip
def test_axes_of_the_polyhedral_groups(symbol, label, axis):
    axis = np.array(axis) / np.linalg.norm(axis)
    axes = [o.axis for o in PointGroup(symbol).operations if o.label == label]
    assert max(abs(a @ axis) for a in axes) == pytest.approx(1, abs=1e-12)


# Column heads of F. A. Cotton, Chemical Applications of Group Theory, 3rd ed., appendix IIA.
COLUMNS = {
    "C1": "E", "Cs": "E σh", "Ci": "E i", "C2": "E C2", "C3": "E C3 C3²", "C4": "E C4 C2 C4³",
    "C5": "E C5 C5² C5³ C5⁴", "C6": "E C6 C3 C2 C3² C6⁵",
    "C2v": "E C2 σv(xz) σv'(yz)", "C3v": "E 2C3 3σv", "C4v": "E 2C4 C2 2σv 2σd",
    "C5v": "E 2C5 2C5² 5σv", "C6v": "E 2C6 2C3 C2 3σv 3σd",
    "C2h": "E C2 i σh", "C3h": "E C3 C3² σh S3 S3⁵", "C4h": "E C4 C2 C4³ i S4³ σh S4",
    "C5h": "E C5 C5² C5³ C5⁴ σh S5 S5⁷ S5³ S5⁹",
    "C6h": "E C6 C3 C2 C3² C6⁵ i S3⁵ S6⁵ σh S6 S3",
    "D2": "E C2(z) C2(y) C2(x)", "D3": "E 2C3 3C2", "D4": "E 2C4 C2 2C2' 2C2''",
    "D5": "E 2C5 2C5² 5C2", "D6": "E 2C6 2C3 C2 3C2' 3C2''",
    "D2h": "E C2(z) C2(y) C2(x) i σ(xy) σ(xz) σ(yz)", "D3h": "E 2C3 3C2 σh 2S3 3σv",
    "D4h": "E 2C4 C2 2C2' 2C2'' i 2S4 σh 2σv 2σd", "D5h": "E 2C5 2C5² 5C2 σh 2S5 2S5³ 5σv",
    "D6h": "E 2C6 2C3 C2 3C2' 3C2'' i 2S3 2S6 σh 3σd 3σv",
    "D8h": "E 2C8 2C8³ 2C4 C2 4C2' 4C2'' i 2S8 2S8³ 2S4 σh 4σd 4σv",
    "D2d": "E 2S4 C2 2C2' 2σd", "D3d": "E 2C3 3C2 i 2S6 3σd",
    "D4d": "E 2S8 2C4 2S8³ C2 4C2' 4σd", "D5d": "E 2C5 2C5² 5C2 i 2S10³ 2S10 5σd",
    "D6d": "E 2S12 2C6 2S4 2C3 2S12⁵ C2 6C2' 6σd",
    "S4": "E S4 C2 S4³", "S6": "E C3 C3² i S6⁵ S6", "S8": "E S8 C4 S8³ C2 S8⁵ C4³ S8⁷",
    "T": "E 4C3 4C3² 3C2", "Td": "E 8C3 3C2 6S4 6σd", "Th": "E 4C3 4C3² 3C2 i 4S6 4S6⁵ 3σh",
    "O": "E 8C3 3C2 6C4 6C2'", "Oh": "E 8C3 6C2' 6C4 3C2 i 6S4 8S6 3σh 6σd",
    "I": "E 12C5 12C5² 20C3 15C2", "Ih": "E 12C5 12C5² 20C3 15C2 i 12S10 12S10³ 20S6 15σ",
}  # fmt: skip


@pytest.mark.parametrize(("symbol", "heads"), COLUMNS.items())
def test_columns_are_those_of_the_textbook(symbol, heads):
    assert sorted(c.label for c in PointGroup(symbol).classes) == sorted(heads.split())


@pytest.mark.parametrize("symbol", [*ALL, "C∞v", "D∞h", "Kh", "C200", "D101d", "S128"])
def test_symbols_print_as_they_parse(symbol):
    group = PointGroup(symbol)
    assert str(group) == symbol
    assert PointGroup(str(group)) == group == PointGroup(group)
    assert PointGroup(symbol.lower()) == group == PointGroup(symbol.upper())
    assert PointGroup(f" {symbol} ") == group
    assert hash(PointGroup(symbol.lower())) == hash(group)
    assert repr(group) == f"PointGroup({symbol!r})"


@pytest.mark.parametrize(
    ("alias", "symbol"),
    [
        ("C*v", "C∞v"), ("Cinfv", "C∞v"), ("CINFV", "C∞v"), ("Coov", "C∞v"), ("Cinfinityv", "C∞v"),
        ("c∞v", "C∞v"), ("D*h", "D∞h"), ("Dinfh", "D∞h"), ("Dooh", "D∞h"), ("DinfinityH", "D∞h"),
        ("kH", "Kh"), ("S1", "Cs"), ("S2", "Ci"), ("C1h", "Cs"), ("C1v", "Cs"), ("S3", "C3h"),
        ("S5", "C5h"), ("S25", "C25h"), ("D1", "C2"), ("D1d", "C2h"), ("D1h", "C2v"), ("OH", "Oh"),
        ("d2D", "D2d"), ("CI", "Ci"), ("cS", "Cs"), ("tD", "Td"), ("iH", "Ih"), ("C03v", "C3v"),
    ],
)  # fmt: skip
def test_other_spellings(alias, symbol):
    assert PointGroup(alias) == PointGroup(symbol)
    assert str(PointGroup(alias)) == symbol


@pytest.mark.parametrize(
    "text",
    [
        "D7x", "C0v", "C0", "C00", "S0", "D0h", "", " ", "Q3", "D1x", "C-3v", "C201", "D999h",
        "C2.5", "Cv", "Cnv", "D", "S", "3", "C3d", "D3v", "S4h", "S4v", "C2vv", "C2v2", "C∞", "D∞",
        "C∞h", "D∞d", "∞", "C∞3v", "Ihh", "Tx", "K", "None", "C2v D2h", "C2\nv", "C201\n",
        "C" + "9" * 5000, "C3v;", "mm2", "-43m", "C1d", "I h",
    ],
)  # fmt: skip
def test_symbols_of_no_group_are_refused_in_one_line(text):
    with pytest.raises(GroupError) as raised:
        PointGroup(text)
    message = str(raised.value)
    assert "\n" not in message
    assert len(message) < 250
    assert text.strip()[:20].replace("\n", "\\n") in message


@pytest.mark.parametrize("symbol", ["C∞v", "D∞h", "Kh"])
@pytest.mark.parametrize("what", ["order", "operations", "classes", "multiplication_table"])
def test_continuous_groups_have_no_finite_lists(symbol, what):
    with pytest.raises(GroupError, match=f"{symbol} is a continuous group"):
        getattr(PointGroup(symbol), what)


@pytest.mark.parametrize("symbol", ALL)
def test_predicates_agree_with_the_matrices(symbol):
    group = PointGroup(symbol)
    matrices = operation_matrices(group)
    assert group.has_inversion == (np.abs(matrices + np.eye(3)).max(axis=(1, 2)) < 1e-9).any()
    assert group.is_chiral == (np.linalg.det(matrices) > 0).all()
    assert not group.is_continuous
    assert not group.is_linear


def test_predicates_of_the_continuous_groups():
    groups = [PointGroup(s) for s in ("C∞v", "D∞h", "Kh")]
    assert [g.has_inversion for g in groups] == [False, True, True]
    assert [g.is_linear for g in groups] == [True, True, False]
    assert all(g.is_continuous and not g.is_chiral for g in groups)


@pytest.mark.parametrize("symbol", ["C3v", "D6h", "Td", "Ih", "S8"])
def test_matrices_are_read_only(symbol):
    group = PointGroup(symbol)
    for array in (group.operations[1].matrix, operation_matrices(group)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_products_outside_the_set_are_refused():
    with pytest.raises(GroupError, match="not closed"):
        multiplication_table(operation_matrices(PointGroup("C6"))[:3])
    with pytest.raises(GroupError, match="not closed"):
        multiplication_table(operation_matrices(PointGroup("Td"))[:23])


@given(
    st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1),
    st.fractions(0, 1, max_denominator=60),
    st.booleans(),
)
def test_operations_about_any_axis(direction, turn, improper):
    axis = np.array(direction) / np.linalg.norm(direction)
    o = make_operation(axis, turn, improper=improper)
    sign = -1 if improper else 1
    assert o.matrix.T @ o.matrix == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(o.matrix) == pytest.approx(sign)
    assert np.trace(o.matrix) == pytest.approx(2 * np.cos(2 * np.pi * turn) + sign, abs=1e-9)
    assert o.matrix @ axis == pytest.approx(sign * axis, abs=1e-12)
    power = np.linalg.matrix_power(o.matrix, o.order)
    assert power == pytest.approx(np.eye(3), abs=1e-9)


@pytest.mark.parametrize(
    ("turn", "improper", "label"),
    [
        ("0", False, "E"), ("0", True, "σ"), ("1/2", True, "i"), ("1/2", False, "C2"),
        ("1/3", True, "S3"), ("2/3", True, "S3⁵"), ("5/6", True, "S6⁵"), ("1/6", True, "S6"),
        ("2/5", True, "S5⁷"), ("4/5", True, "S5⁹"), ("3/10", True, "S10³"), ("3/4", False, "C4³"),
        ("10/11", False, "C11¹⁰"),
    ],
)  # fmt: skip
def test_schoenflies_symbols_of_operations(turn, improper, label):
    assert operation_label(Fraction(turn), improper=improper) == label
