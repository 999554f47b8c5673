"""Selection rules and mode counts: the tables of theory, textbooks, and random tensors."""

import json
import re
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spektron.pointgroup import (
    Molecule,
    PointGroup,
    SelectionRules,
    count_modes,
    detect,
    example,
    irrep_matrices,
    mode_counts,
    vibrational_representation,
)
from spektron.pointgroup.theory.characters import class_index
from spektron.pointgroup.theory.groups import operation_matrices

KINDS = ("C{}", "C{}v", "C{}h", "D{}", "D{}h", "D{}d")
POLYHEDRAL = ("T", "Td", "Th", "O", "Oh", "I", "Ih")


def axial(last):
    kinds = [k.format(n) for n in range(2, last + 1) for k in KINDS]
    return ["C1", "Cs", "Ci", *kinds, *(f"S{2 * n}" for n in range(2, last + 1))]


ALL = [*axial(24), *POLYHEDRAL]
SMALL = [*axial(8), *POLYHEDRAL]


# ---- theory.md, section 1 ------------------------------------------------------------------

# molecule, group, N_vib, IR, Raman, both, silent, R, force constants, of them silent
TABLE = """
water                     C2v   3   3  3  3   0 1      4  0
ammonia                   C3v   6   6  6  6   0 1      6  0
carbon_dioxide            D∞h   4   3  1  0   0 1      3  0
acetylene                 D∞h   7   3  4  0   0 1      6  0
ethylene                  D2h  12   5  6  0   1 11/12 18  1
methane                   Td    9   6  9  6   0 1      5  0
carbon_tetrafluoride      Td    9   6  9  6   0 1      5  0
boron_trifluoride         D3h   6   5  5  4   0 1      5  0
phosphorus_pentafluoride  D3h  12   8 10  6   0 1     13  0
allene                    D2d  15  11 15 11   0 1     23  0
xenon_tetrafluoride       D4h   9   5  3  0   1 8/9    8  1
sulfur_hexafluoride       Oh   15   6  6  0   3 4/5    7  1
ethane                    D3d  18   8  9  0   1 17/18 22  1
benzene                   D6h  30   7 12  0  11 19/30 34 13
cyclohexane               D3d  48  21 22  0   5 43/48 117 9
tetracyanomethane         Td   21  12 18 12   3 6/7   17  1
neopentane                Td   45  21 32 21  13 32/45 55 11
adamantane                Td   72  33 50 33  22 25/36 131 29
cubane                    Oh   42   9 18  0  15 9/14  32 10
ferrocene_staggered       D5d  57  16 26  0  15 14/19 102 25
ferrocene                 D5h  57  16 26  0  15 14/19 102 25
dodecaborate              Ih   66   9 22  0  35 31/66 32 13
c60                       Ih  174  12 42  0 120 9/29  151 102
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]


def molecule_called(name):
    if name == "carbon_tetrafluoride":
        return Molecule("CFFFF", 1.2 * example("methane").positions)
    return example(name)


def force_constants(counts, chosen):
    """Σ n(n+1)/2 over real irreps, n² over merged complex pairs."""
    return sum(
        n * (n + 1) // 2 if i.indicator else n * n
        for i, n in counts.representation.terms
        if chosen(counts.activity(i.label))
    )


@pytest.mark.parametrize("row", ROWS, ids=[r[0] for r in ROWS])
def test_the_table_of_theory(row):
    name, group, *numbers = row
    n_vib, ir, raman, both, silent, _, constants, dark = (
        int(v) if "/" not in v else v for v in numbers
    )
    counts = mode_counts(molecule_called(name))
    assert str(counts.group) == group
    assert (counts.n_vib, counts.n_ir, counts.n_raman) == (n_vib, ir, raman)
    assert (counts.n_both, counts.n_silent) == (both, silent)
    ratio = counts.R
    assert ratio == Fraction(numbers[5])
    assert type(ratio) is Fraction
    assert force_constants(counts, lambda a: True) == constants
    assert force_constants(counts, lambda a: a.silent) == dark


# ---- gamma_vib.json ------------------------------------------------------------------------

GAMMA = 46


@pytest.fixture(scope="module")
def gamma(shared_data):
    return json.loads((shared_data / "pointgroup" / "gamma_vib.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def geometries(shared_data):
    data = json.loads((shared_data / "pointgroup" / "reference.json").read_text("utf-8"))
    return {c["name"]: Molecule(c["symbols"], c["positions_angstrom"]) for c in data["exact"]}


def test_the_reference_set_is_complete(gamma):
    assert len(gamma) == GAMMA


@pytest.mark.parametrize("index", range(GAMMA))
def test_reference_representations(gamma, geometries, index):
    case = gamma[index]
    counts = mode_counts(geometries[case["name"]], tolerance=0.001)
    assert counts.group == PointGroup(case["pg"])
    text = case["gamma_vib"]
    if counts.group.is_linear:
        text = re.sub(r"[SPDF](?=[gu+\-]|\+|$)", lambda m: "ΣΠΔΦ"["SPDF".index(m[0])], text)
    assert counts.representation == counts.representation.table.representation(text)
    assert counts.n_vib == case["n_vib"]
    assert counts.n_ir == case["n_ir"]
    assert counts.n_raman == case["n_raman"]
    assert counts.n_silent == case["n_silent"]
    assert counts.n_hyper_raman == case["n_hyper_raman"]


# ---- which groups have silent irreps, which exclude ----------------------------------------

NONE_SILENT = [
    "C1", "Cs", "Ci", "C2", "C3", "C4", "C5", "C2v", "C2h", "C3h", "S4", "S6", "S8",
    "D2", "D3", "D4", "D5", "T",
]  # fmt: skip


def activities(symbol):
    group = PointGroup(symbol)
    rules = SelectionRules.of(group)
    return {i.label: rules.activity(i) for i in group.character_table.irreps}


def test_groups_without_silent_irreps():
    found = [s for s in ALL if not any(a.silent for a in activities(s).values())]
    assert sorted(found) == sorted(NONE_SILENT)


def excludes_without_inversion(symbol):
    """C5h C7h …, D5h D7h …, S8 S12 …, D4d D6d D8d …, O, I."""
    if symbol in ("O", "I"):
        return True
    kind, n = re.fullmatch(r"([CDS])(\d+)[hvd]?|.*", symbol).groups()
    n, suffix = int(n or 0), symbol[-1]
    return (
        (kind in ("C", "D") and suffix == "h" and n % 2 == 1 and n >= 5)
        or (kind == "S" and n % 4 == 0 and n >= 8)
        or (kind == "D" and suffix == "d" and n % 2 == 0 and n >= 4)
    )


@pytest.mark.parametrize("symbol", ALL)
def test_mutual_exclusion(symbol):
    group = PointGroup(symbol)
    excluded = not any(a.both for a in activities(symbol).values())
    assert excluded == (group.has_inversion or excludes_without_inversion(symbol))


def test_mutual_exclusion_for_linear_molecules():
    assert not any(a.both for a in activities("D∞h").values())
    assert [k for k, a in activities("C∞v").items() if a.both] == ["Σ+", "Π"]


# ---- random equivariant tensors ------------------------------------------------------------


def derivative_exists(matrices, action, symmetriser, rng):
    """Whether a random tensor derivative along the modes of an irrep survives averaging."""
    d, size = matrices.shape[1], action.shape[1]
    random = rng.normal(size=(4, d, size)) @ symmetriser
    mean = np.einsum("gab,gij,nbj->nai", matrices, action, random) / len(matrices)
    return np.abs(mean).max() > 1e-9


def symmetric_part(rank):
    """(3^k, 3^k) projector on symmetric tensors."""
    shape = [3] * rank
    basis = np.eye(3**rank).reshape(-1, *shape)
    orders = list(permutations(range(1, rank + 1)))
    return sum(basis.transpose(0, *o) for o in orders).reshape(3**rank, -1) / len(orders)


@pytest.mark.parametrize("symbol", SMALL)
def test_activities_by_averaging_random_tensors(symbol):
    """∂μ/∂Q, ∂α/∂Q (symmetric) and ∂β/∂Q (symmetric in all three indices)."""
    rng = np.random.default_rng(8)
    group = PointGroup(symbol)
    vector = operation_matrices(group)
    action = {1: vector}
    for rank in (2, 3):
        product = np.einsum("gij,gkl->gikjl", action[rank - 1], vector)
        action[rank] = product.reshape(len(vector), 3**rank, 3**rank)
    for label, matrices in irrep_matrices(group).items():
        found = [derivative_exists(matrices, action[k], symmetric_part(k), rng) for k in (1, 2, 3)]
        a = activities(symbol)[label]
        assert [a.ir, a.raman, a.hyper_raman] == found, label


@pytest.mark.parametrize("symbol", SMALL)
def test_optical_activity_needs_a_chiral_group(symbol):
    """VCD: Im μ·m. The invariant part of (∂μ/∂Q)·(∂m/∂Q) for random derivatives, averaged."""
    rng = np.random.default_rng(5)
    group = PointGroup(symbol)
    vector = operation_matrices(group)
    axial_vector = vector * np.linalg.det(vector)[:, None, None]
    quadratic = np.einsum("gij,gkl->gikjl", vector, vector).reshape(-1, 9, 9)
    mixed = quadratic * np.linalg.det(vector)[:, None, None]
    symmetric = symmetric_part(2)
    for label, matrices in irrep_matrices(group).items():

        def averaged(action, filter_, matrices=matrices):
            d = matrices.shape[1]
            random = rng.normal(size=(d, action.shape[1])) @ filter_
            return np.einsum("gab,gij,bj->ai", matrices, action, random) / len(vector)

        vcd = sum(
            abs(np.sum(averaged(vector, np.eye(3)) * averaged(axial_vector, np.eye(3))))
            for _ in range(3)
        )
        roa = sum(
            abs(np.sum(averaged(quadratic, symmetric) * averaged(mixed, symmetric)))
            for _ in range(3)
        )
        a = activities(symbol)[label]
        assert a.vcd == (vcd > 1e-9), label
        assert a.roa == (roa > 1e-9), label


@pytest.mark.parametrize("symbol", ALL)
def test_relations_between_the_spectra(symbol):
    """V ⊂ Sym³V where it occurs: everything infrared active is hyper-Raman active."""
    group = PointGroup(symbol)
    for a in activities(symbol).values():
        assert a.hyper_raman or not a.ir
        assert a.both == (a.ir and a.raman)
        assert a.silent == (not a.ir and not a.raman)
        assert a.vcd == (a.ir and group.is_chiral)
        assert a.roa == (a.raman and group.is_chiral)
    assert activities(symbol)[group.character_table.irreps[0].label].raman


# Cyvin, Rauch and Decius (1965), table II: species of the hyperpolarizability tensor.
@pytest.mark.parametrize(
    ("symbol", "active"),
    [
        ("C2v", "A1 A2 B1 B2"), ("C3v", "A1 A2 E"), ("Td", "A1 T1 T2"), ("Oh", "A2u T1u T2u"),
        ("D6h", "A2u B1u B2u E1u E2u"), ("D4h", "A2u B1u B2u Eu"), ("D2h", "Au B1u B2u B3u"),
        ("D3h", "A1' A2' E' A2'' E''"), ("Ih", "T1u T2u Gu"), ("D∞h", "Σu+ Πu Δu Φu"),
        ("C∞v", "Σ+ Π Δ Φ"), ("D2d", "A1 A2 B2 E"),
    ],
)  # fmt: skip
def test_hyper_raman_species(symbol, active):
    found = [label for label, a in activities(symbol).items() if a.hyper_raman]
    assert sorted(found) == sorted(active.split())


# ---- counts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "ratio", "fundamentals"),
    [
        ("water", Fraction(2), Fraction(1)), ("methane", Fraction(5, 3), Fraction(1)),
        ("carbon_dioxide", Fraction(4, 3), Fraction(1)),
        ("benzene", Fraction(19, 30), Fraction(11, 20)),
        ("sulfur_hexafluoride", Fraction(4, 5), Fraction(5, 6)),
        ("c60", Fraction(9, 29), Fraction(14, 46)),
    ],
)  # fmt: skip
def test_sum_ratio_and_distinct_fundamentals(name, ratio, fundamentals):
    """The sum ratio as its source printed it, (N_IR + N_Raman)/(3N − 6), linear or not."""
    counts = mode_counts(example(name))
    assert counts.sum_ratio == ratio
    assert counts.R_fundamentals == fundamentals
    for value in (counts.R, counts.R_fundamentals, counts.sum_ratio):
        assert type(value) is Fraction


@pytest.mark.parametrize(
    ("name", "tally"),
    [
        # Herzberg (1945): benzene has 20 distinct frequencies, 4 infrared and 7 Raman.
        ("benzene", (20, 4, 7)), ("methane", (4, 2, 4)), ("sulfur_hexafluoride", (6, 2, 3)),
        ("c60", (46, 4, 10)), ("carbon_dioxide", (3, 2, 1)), ("boron_trifluoride", (4, 3, 3)),
    ],
)  # fmt: skip
def test_numbers_of_lines(name, tally):
    f = mode_counts(example(name)).fundamentals
    assert (f.n_vib, f.n_ir, f.n_raman) == tally


def test_an_atom_has_no_ratio():
    counts = mode_counts(Molecule(["Ne"], [[0, 0, 0]]))
    assert counts.n_vib == counts.n_silent == 0
    assert counts.R is counts.R_fundamentals is counts.sum_ratio is None
    assert counts.representation.terms == ()
    assert counts.silent_reasons() == counts.overtones() == counts.combinations() == ()


def test_diatomics():
    """H2 is Raman active only, HCl both: R = 1 for both (theory.md, section 2)."""
    hydrogen = mode_counts(Molecule("HH", [[0, 0, 0], [0, 0, 0.74]]))
    chloride = mode_counts(Molecule(["H", "Cl"], [[0, 0, 0], [0, 0, 1.27]]))
    assert str(hydrogen.representation) == "Σg+"
    assert str(chloride.representation) == "Σ+"
    assert (hydrogen.n_ir, hydrogen.n_raman, hydrogen.R) == (0, 1, 1)
    assert (chloride.n_ir, chloride.n_raman, chloride.n_both, chloride.R) == (1, 1, 1, 1)


@pytest.mark.parametrize("n", range(5, 16))
def test_rings_have_no_lower_bound_of_r(n):
    """Aₙ, n ≥ 5: R = 7/(3n − 6) (theory.md, section 1)."""
    angles = 2 * np.pi * np.arange(n) / n
    radius = 1.4 / (2 * np.sin(np.pi / n))
    ring = radius * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    counts = mode_counts(Molecule(["C"] * n, ring), tolerance=1e-4)
    assert (counts.n_vib - counts.n_silent, counts.n_vib) == (7, 3 * n - 6)
    assert counts.R is not None
    assert float(counts.R) == pytest.approx(7 / (3 * n - 6))


@pytest.mark.parametrize("sides", [(1.4, 1.4), (1.4, 1.9)])
def test_the_smallest_molecule_with_a_silent_mode(sides):
    """A₄, square or rectangular: 5/6."""
    a, b = sides
    corners = np.array([[a, b, 0], [-a, b, 0], [-a, -b, 0], [a, -b, 0]]) / 2
    counts = mode_counts(Molecule(["H"] * 4, corners), tolerance=1e-4)
    assert str(counts.R) == "5/6"


def test_tallies_add_up():
    for name in ("benzene", "neopentane", "ferrocene", "water", "hydrogen_peroxide"):
        counts = mode_counts(example(name))
        for t in (counts.modes, counts.fundamentals):
            assert t.n_vib == t.n_ir_only + t.n_raman_only + t.n_both + t.n_silent
            assert t.n_ir == t.n_ir_only + t.n_both
            assert t.n_raman == t.n_raman_only + t.n_both
        assert counts.modes.n_vib == counts.n_vib == 3 * len(example(name)) - 6
        chiral = counts.group.is_chiral
        assert counts.modes.n_vcd == (counts.n_ir if chiral else 0)
        assert counts.modes.n_roa == (counts.n_raman if chiral else 0)
        assert counts.n_hyper_raman == counts.modes.n_hyper_raman


def test_counts_print_as_one_line():
    text = str(mode_counts(example("xenon_tetrafluoride")))
    assert text == "D4h: Γvib = A1g + B1g + B2g + A2u + B2u + 2Eu, R = 8/9"


# ---- overtones and combinations ------------------------------------------------------------


def levels(counts, irreps):
    """Text of the levels of an overtone or combination, and its activity."""
    quanta = len(irreps) if len(set(irreps)) == 1 else 2
    listed = counts.overtones(quanta) if len(set(irreps)) == 1 else counts.combinations()
    (found,) = [t for t in listed if sorted(t.irreps) == sorted(irreps)]
    return str(found.levels), found.activity.ir, found.activity.raman


@pytest.mark.parametrize(
    ("name", "irreps", "text", "ir", "raman"),
    [
        # CO2: 2ν2 = Σg+ + Δg, the partner of ν1 in Fermi resonance (Herzberg 1945, p. 274).
        ("carbon_dioxide", ("Πu", "Πu"), "Σg+ + Δg", False, True),
        ("carbon_dioxide", ("Πu", "Πu", "Πu"), "Πu + Φu", True, False),
        ("carbon_dioxide", ("Σg+", "Σu+"), "Σu+", True, False),
        ("carbon_dioxide", ("Σu+", "Σu+"), "Σg+", False, True),
        ("carbon_dioxide", ("Πu", "Σg+"), "Πu", True, False),
        # BF3, D3h.
        ("boron_trifluoride", ("E'", "E'"), "A1' + E'", True, True),
        ("boron_trifluoride", ("A2''", "A2''"), "A1'", False, True),
        ("boron_trifluoride", ("A2''", "E'"), "E''", False, True),
        # Methane: Herzberg, table 33.
        ("methane", ("T2", "T2"), "A1 + E + T2", True, True),
        ("methane", ("E", "E"), "A1 + E", False, True),
        ("methane", ("E", "T2"), "T1 + T2", True, True),
        ("methane", ("T2", "T2", "T2"), "A1 + T1 + 2T2", True, True),
        # Benzene: the summation bands between 1600 and 2000 cm⁻¹ are binary combinations of
        # CH out-of-plane modes (B2g, E1g with A2u, E2u): Herzberg, p. 364.
        ("benzene", ("B2g", "E2u"), "E1u", True, False),
        ("benzene", ("E1g", "A2u"), "E1u", True, False),
        ("benzene", ("E1g", "E2u"), "B1u + B2u + E1u", True, False),
        ("benzene", ("E1u", "E2g"), "B1u + B2u + E1u", True, False),
        ("benzene", ("A1g", "E2g"), "E2g", False, True),
        ("benzene", ("E2u", "E2u"), "A1g + E2g", False, True),
        ("benzene", ("B2g", "A2u"), "B1u", False, False),
        # SF6.
        ("sulfur_hexafluoride", ("T2u", "T2u"), "A1g + Eg + T2g", False, True),
        ("sulfur_hexafluoride", ("Eg", "T2u"), "T1u + T2u", True, False),
        ("sulfur_hexafluoride", ("T2g", "T1u"), "A2u + Eu + T1u + T2u", True, False),
    ],
)  # fmt: skip
def test_overtones_and_combinations_of_textbooks(name, irreps, text, ir, raman):
    counts = mode_counts(example(name))
    table = counts.representation.table
    found, is_ir, is_raman = levels(counts, irreps)
    assert table.representation(found) == table.representation(text)
    assert (is_ir, is_raman) == (ir, raman)


@pytest.mark.parametrize("name", ["benzene", "carbon_dioxide", "ammonia", "ferrocene"])
def test_all_overtones_and_combinations_are_listed_once(name):
    counts = mode_counts(example(name))
    terms = counts.representation.terms
    assert [t.irreps for t in counts.overtones()] == [(i.label, i.label) for i, _ in terms]
    assert [t.irreps for t in counts.overtones(3)] == [(i.label,) * 3 for i, _ in terms]
    pairs = [t.irreps for t in counts.combinations()]
    expected = len(terms) * (len(terms) - 1) // 2 + sum(m > 1 for _, m in terms)
    assert len({frozenset(p) for p in pairs}) == len(pairs) == expected
    for t in counts.combinations():
        dimensions = [counts.representation.table[i].dimension for i in t.irreps]
        assert t.levels.dimension == np.prod(dimensions)
    for t in counts.overtones():
        assert counts.activity(t.irreps[0]) is not None
        assert t.activity.raman  # the totally symmetric level


# ---- why silent ----------------------------------------------------------------------------


def effect_holds(verb, irrep, matrix):
    """Whether ``keeps``, ``reverses``, ``turns … by θ°``, ``has character c in`` is true."""
    identity = np.eye(len(matrix))
    if verb == "keeps":
        return np.abs(matrix - identity).max() < 1e-9
    if verb == "reverses":
        return np.abs(matrix + identity).max() < 1e-9
    if verb.endswith("°"):
        cosine = np.cos(np.radians(float(verb[:-1])))
        is_turn = len(matrix) == 2 and np.linalg.det(matrix) > 0
        return is_turn and abs(np.trace(matrix) / 2 - cosine) < 2e-3
    return abs(np.trace(matrix) - float(verb)) < 1e-3


def effect_pattern(name, irrep):
    label = re.escape(irrep)
    return (
        rf"(?:(?P<{name}a>keeps|reverses) {label}|turns {label} by (?P<{name}b>[\d.]+°)"
        rf"|(?:has character )?(?P<{name}c>-?[\d.]+) in {label})(?=$|,| but)"
    )


def check_clause(text, group, own, allowed):
    """Each component that is allowed is told apart from the mode by a true statement."""
    matrices = irrep_matrices(group)
    labels = [o.label for o in group.operations]
    whole = re.fullmatch(r"(\S+) (keeps|reverses) the mode but (keeps|reverses) all its components",
                         text)  # fmt: skip
    if whole:
        g, first, second = labels.index(whole[1]), whole[2], whole[3]
        assert first != second
        assert effect_holds(first, own, matrices[own][g])
        assert all(effect_holds(second, i.label, matrices[i.label][g]) for i in allowed.irreps)
        return
    for irrep in allowed.irreps:
        pattern = (
            r"(?P<op>\S+) " + effect_pattern("x", own) + r"(?: but |, )"
            + effect_pattern("y", irrep.label) + r"(?:, |$)"
        )  # fmt: skip
        match = re.match(pattern, text)
        assert match, (text, irrep)
        g = labels.index(match["op"])
        verbs = [next(match[n + k] for k in "abc" if match[n + k]) for n in "xy"]
        assert effect_holds(verbs[0], own, matrices[own][g]), match[0]
        assert effect_holds(verbs[1], irrep.label, matrices[irrep.label][g]), match[0]
        own_mean = np.trace(matrices[own][g]) / len(matrices[own][g])
        its_mean = np.trace(matrices[irrep.label][g]) / irrep.dimension
        assert abs(own_mean - its_mean) > 0.05, match[0]
        text = text[match.end() :]
    assert not text


@pytest.mark.parametrize("symbol", [*axial(12), *POLYHEDRAL])
def test_reasons_for_silence_are_true(symbol):
    """Read the sentence; do to the irrep matrices what it says; it must hold and distinguish."""
    group = PointGroup(symbol)
    table = group.character_table
    rules = SelectionRules.of(group)
    dark = [i for i in table.irreps if rules.activity(i).silent]
    every = count_modes(table.decompose(sum(table.characters)))
    reasons = every.silent_reasons()
    assert [r.irrep for r in reasons] == [i.label for i in dark]
    for reason, irrep in zip(reasons, dark, strict=True):
        assert reason.n_modes == irrep.dimension
        assert "\n" not in reason.text
        first, second = reason.text.split("; ")
        for part, name, allowed in (
            (first, "dipole moment", rules.dipole),
            (second, "polarizability", rules.polarizability),
        ):
            head = f"no {name} ({allowed}): "
            assert part.startswith(head)
            check_clause(part.removeprefix(head), group, irrep.label, allowed)


@pytest.mark.parametrize(("name", "dark"), [
    ("benzene", {"A2g": 1, "B2g": 2, "B1u": 2, "B2u": 2, "E2u": 4}),
    ("sulfur_hexafluoride", {"T2u": 3}), ("ethylene", {"Au": 1}), ("ethane", {"A1u": 1}),
    ("xenon_tetrafluoride", {"B2u": 1}), ("methane", {}), ("carbon_dioxide", {}),
    ("neopentane", {"A2": 1, "T1": 12}),
])  # fmt: skip
def test_silent_modes_of_molecules(name, dark):
    counts = mode_counts(example(name))
    assert {r.irrep: r.n_modes for r in counts.silent_reasons()} == dark
    assert sum(dark.values()) == counts.n_silent


def test_silent_irreps_of_continuous_groups_have_a_reason():
    table = PointGroup("D∞h").character_table
    counts = count_modes(table.representation("Σu- + 2Φg"))
    assert {r.irrep: r.n_modes for r in counts.silent_reasons()} == {"Σu-": 1, "Φg": 4}
    assert all("Σu+ + Πu" in r.text for r in counts.silent_reasons())


# ---- Γ_vib ---------------------------------------------------------------------------------


@given(st.sampled_from(SMALL), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_random_symmetric_molecules_have_3n_minus_6_modes(symbol, seed):
    rng = np.random.default_rng(seed)
    matrices = operation_matrices(PointGroup(symbol))
    symbols, places = [], []
    for element, radius in (("C", 2.0), ("N", 3.1), ("O", 4.3)):
        point = max(rng.normal(size=(20, 3)), key=lambda p: _gap(matrices, p))
        orbit = matrices @ (radius * point / np.linalg.norm(point))
        places.append(orbit)
        symbols += [element] * len(orbit)
    molecule = Molecule(symbols, np.concatenate(places))
    symmetry = detect(molecule, tolerance=1e-4)
    representation = vibrational_representation(symmetry)
    assert representation.dimension == 3 * len(molecule) - 6
    counts = mode_counts(symmetry)
    assert counts.n_vib == 3 * len(molecule) - 6
    assert 0 < counts.R <= 1
    # The twin: the trace of each operation on all displacements, less the rigid motions.
    table = symmetry.group.character_table
    traces = [
        (o.permutation == np.arange(len(molecule))).sum() * np.trace(o.matrix)
        - (1 + np.linalg.det(o.matrix)) * np.trace(o.matrix)
        for o in symmetry.operations
    ]
    sums = table.values[:, class_index(symmetry.group)] @ traces
    expected = sums / (table.order * table.norms)
    found = [representation.multiplicity(i) for i in table.irreps]
    assert found == pytest.approx(expected, abs=1e-6)


def _gap(matrices, point):
    images = matrices @ (point / np.linalg.norm(point))
    return np.linalg.norm(images[1:] - images[0], axis=1).min(initial=9)


@pytest.mark.parametrize("name", ["benzene", "methane"])
def test_a_molecule_or_its_symmetry_give_the_same_counts(name):
    molecule = example(name)
    assert mode_counts(molecule) == mode_counts(detect(molecule))
    rough = molecule.with_positions(molecule.positions + 1e-3 * np.eye(len(molecule), 3))
    assert mode_counts(rough, tolerance=0.01).group == mode_counts(molecule).group
    assert mode_counts(rough, tolerance=1e-5).group != mode_counts(molecule).group
