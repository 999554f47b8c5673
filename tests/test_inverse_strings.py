"""SMILES as tokens, formulas, the grammar and the beam search: laws and exhaustive twins."""

import itertools
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spektron.ml.errors import SpectraError
from spektron.ml.inverse.beam import beam_search
from spektron.ml.inverse.formulas import Formula, check_formula, formula_of
from spektron.ml.inverse.grammar import Grammar
from spektron.ml.inverse.smiles import (
    BEGIN,
    END,
    SPECIAL,
    Vocabulary,
    canonical,
    element_of,
    heavy_atoms,
    randomised,
    split_smiles,
)

DATA = Path(__file__).parents[1] / "docs" / "data" / "symmetry-rich" / "spectra.parquet"


@cache
def texts(name):
    """A column of the symmetry-rich set."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    if not DATA.is_file():
        pytest.skip(f"no {DATA.name} in the checkout")
    return tuple(parquet.read_table(DATA, columns=[name])[name].to_pylist())


def molecules():
    """SMILES of the set with the formulas that its geometries have."""
    rows = zip(texts("smiles"), texts("formula"), texts("charge"), strict=True)
    return [(smiles, formula) for smiles, formula, charge in rows if smiles and not charge]


@cache
def vocabulary():
    plain = [canonical(smiles) for smiles, _ in molecules()[::9]]
    return Vocabulary.of([*plain, *(randomised(text, 7) for text in plain[::3])])


# ---- tokens ----


@given(st.integers(0, 10**6))
@settings(max_examples=150)
def test_every_molecule_of_the_set_survives_its_tokens(number):
    known = molecules()
    smiles, _ = known[number % len(known)]
    assert "".join(split_smiles(smiles)) == smiles
    own = Vocabulary.of([smiles])
    assert own.decode(own.encode(smiles)) == smiles
    assert own.encode(smiles)[-1] == END
    assert max(own.encode(smiles)) < len(own)


@given(st.integers(0, 10**6), st.integers(1, 2**31 - 1))
@settings(max_examples=100)
def test_another_order_of_atoms_is_the_same_molecule(number, seed):
    known = molecules()
    text = canonical(known[number % len(known)][0])
    other = randomised(text, seed)
    assert randomised(text, seed) == other
    assert canonical(other) == text
    assert heavy_atoms(other) == heavy_atoms(text)
    assert formula_of(other) == formula_of(text)


def test_a_canonical_form_is_its_own():
    for smiles, _ in molecules()[::80]:
        for stereo in (False, True):
            text = canonical(smiles, stereo=stereo)
            assert canonical(text, stereo=stereo) == text


@pytest.mark.parametrize(
    ("one", "other", "plain", "full"),
    [
        ("F/C=C/F", "F/C=C\\F", True, False),  # a spectrum tells E from Z
        ("C[C@H](O)F", "C[C@@H](O)F", True, True),  # but not mirror images
        ("O[C@H](F)[C@H](O)F", "O[C@H](F)[C@@H](O)F", True, False),
        ("C1=CC=CC=C1", "c1ccccc1", True, True),
        ("CCO", "COC", False, False),
    ],
)
def test_what_counts_as_the_same(one, other, plain, full):
    assert (canonical(one) == canonical(other)) == plain
    assert (canonical(one, stereo=True) == canonical(other, stereo=True)) == full


# RDKit reads the last one once: what it writes of it, it cannot read.
@pytest.mark.parametrize(
    "smiles", ["", "C1CC", "C(", "CN(C)(C)(C)C", "xyz", "[Na+].[Cl-]", "C1=CC=CC2=Cs21"]
)
def test_what_is_no_molecule_has_no_form(smiles):
    assert canonical(smiles) == ""


@pytest.mark.parametrize(
    ("smiles", "message"),
    [
        ("", "nothing"),
        ("[Na+].[Cl-]", "several molecules"),
        ("C?C", r"'\?' is no part"),
        ("CXC", "'X' is no part"),
    ],
)
def test_texts_that_are_refused(smiles, message):
    with pytest.raises(SpectraError, match=message):
        split_smiles(smiles)


def test_an_atom_outside_the_vocabulary_is_named():
    with pytest.raises(SpectraError, match=r"'\[SiH3\]' in C\[SiH3\] is not in the vocabulary"):
        Vocabulary.of(["CCO"]).encode("C[SiH3]")
    assert not Vocabulary.of(["CCO"]).knows("CCN")


@pytest.mark.parametrize(
    ("token", "found"),
    [
        ("C", ("C", 0)), ("[C@@H]", ("C", 1)), ("[nH]", ("N", 1)), ("[N+]", ("N", 0)),
        ("[SiH3]", ("Si", 3)), ("[H]", ("H", 0)), ("[13CH4]", ("C", 4)), ("s", ("S", 0)),
        ("[cH-]", ("C", 1)), ("[GeH2]", ("Ge", 2)), ("[se]", ("Se", 0)),
    ],
)  # fmt: skip
def test_elements_of_tokens(token, found):
    assert element_of(token) == found


def test_a_vocabulary_needs_its_special_tokens():
    with pytest.raises(SpectraError, match="begins with"):
        Vocabulary(("C", "O"))
    with pytest.raises(SpectraError, match="cannot be understood"):
        element_of("[!]")


# ---- formulas ----


def test_formulas_are_those_of_the_geometries():
    """The set's formulas are counted in its geometries, these in the SMILES."""
    for smiles, formula in molecules()[::10]:
        assert formula_of(smiles) == Formula.parse(formula), smiles


def test_no_molecule_of_the_set_is_refused_by_its_formula():
    elements = ("B", "Br", "C", "Cl", "F", "Fe", "Ge", "H", "N", "O", "P", "S", "Si", "Xe")
    for formula in sorted({formula for _, formula in molecules()})[::5]:
        check_formula(Formula.parse(formula), elements)


@given(st.dictionaries(st.sampled_from(["C", "H", "N", "O", "S", "Cl", "Br"]), st.integers(1, 99)))
def test_formulas_survive_their_text(counts):
    formula = Formula.of(counts)
    if counts:
        assert Formula.parse(str(formula)) == formula
        assert all(formula[symbol] == n for symbol, n in counts.items())


@pytest.mark.parametrize(
    ("text", "printed"),
    [("C6H6", "C6H6"), ("CH3 CH2 OH", "C2H6O"), ("H₂O", "H2O"), ("HCl", "ClH"), ("NaCl", "ClNa")],
)
def test_formulas_in_the_order_of_hill(text, printed):
    assert str(Formula.parse(text)) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read"),
        ("6", "cannot be read"),
        ("c6h6", "cannot be read"),
        ("Ca(OH)2", "without brackets"),
        ("C6H6+", "cannot be read"),
        ("Xx2", "no element Xx"),
        ("C0H4", "at least one of each"),
        ("C99999H2", "give 1 to 1000"),
    ],
)
def test_formulas_that_cannot_be_read(text, message):
    with pytest.raises(SpectraError, match=message):
        Formula.parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("C6H5", "odd number of electrons"),
        ("C2H10", "cannot be bound"),
        ("C6H6Fe", "Fe, which this model has not learnt; it knows C, H, N, O"),
    ],
)
def test_formulas_that_no_molecule_has(text, message):
    with pytest.raises(SpectraError, match=message):
        check_formula(Formula.parse(text), ("C", "H", "N", "O"))


# ---- grammar ----


@given(st.integers(0, 10**6), st.integers(1, 2**31 - 1))
@settings(max_examples=150)
def test_the_grammar_lets_every_molecule_pass(number, seed):
    known = molecules()
    text = canonical(known[number % len(known)][0])
    for each in (text, randomised(text, seed)):
        grammar = Grammar(Vocabulary.of([each]))
        assert grammar.accepts(each)
        assert grammar.accepts(each, formula_of(text))


@pytest.mark.parametrize(
    "smiles",
    [
        "=C",
        "C=",
        "C(",
        "C)C",
        "C1CC",
        "C11",
        "C(C",
        "C(C)",
        "C()C",
        "C(1CC1)C",
        "C==C",
        "(C)C",
        "1C",
    ],
)
def test_strings_that_the_grammar_stops(smiles):
    assert not Grammar(vocabulary()).accepts(smiles)


@pytest.mark.parametrize("wrong", ["CCC", "CO", "CCOC", "CCN", "C", "CC(O)C"])
def test_the_heavy_atoms_of_a_formula_must_come_out(wrong):
    grammar = Grammar(vocabulary())
    assert grammar.accepts("CCO", Formula.parse("C2H6O"))
    assert not grammar.accepts(wrong, Formula.parse("C2H6O"))


# ---- beam search ----


class Free:
    """Rules that allow every token but the special ones."""

    def __init__(self, n):
        self.mask = np.arange(n) >= END

    def allowed(self, state):
        return self.mask

    def after(self, state, token):
        return (*state, token)


def chain(n, seed, sharpness=1.5):
    """Log-probabilities of the next token, which depend on the last two and the spectrum."""
    table = np.random.default_rng(seed).normal(0, sharpness, (4, n, n, n))
    table -= np.log(np.exp(table).sum(axis=-1, keepdims=True))

    def step(prefixes, owners):
        before = prefixes[:, -2] if prefixes.shape[1] > 1 else np.full(len(prefixes), BEGIN)
        return table[owners, before, prefixes[:, -1]]

    return step


def exhaustive(step, rules, start, owner, n, longest, alpha):
    """Every string that the rules allow, the best first."""
    found = []
    for length in range(longest):
        for tokens in itertools.product(range(END + 1, n), repeat=length):
            logs, state, possible = 0.0, start, True
            for place, token in enumerate((*tokens, END)):
                possible = possible and rules.allowed(state)[token]
                if not possible:
                    break
                prefix = np.array([[BEGIN, *tokens[:place]]])
                logs += step(prefix, np.array([owner]))[0, token]
                if token != END:
                    state = rules.after(state, token)
            if possible:
                found.append(((*tokens, END), logs))
    return sorted(found, key=lambda each: -each[1] / ((5 + len(each[0])) / 6) ** alpha)


@pytest.mark.parametrize("alpha", [0.0, 0.8])
@given(seed=st.integers(0, 10**6))
@settings(max_examples=8)
def test_a_wide_beam_is_an_exhaustive_search(alpha, seed):
    n, longest = 6, 5
    step, rules = chain(n, seed), Free(n)
    found = beam_search(step, rules, [()] * 3, width=300, longest=longest, alpha=alpha)
    for owner in range(3):
        slow = exhaustive(step, rules, (), owner, n, longest, alpha)
        assert [h.tokens for h in found[owner]] == [tokens for tokens, _ in slow]
        np.testing.assert_allclose(
            [h.log_probability for h in found[owner]], [logs for _, logs in slow], atol=1e-12
        )


@given(seed=st.integers(0, 10**6), width=st.integers(1, 40))
@settings(max_examples=20)
def test_a_narrow_beam_finds_true_strings_in_order(seed, width):
    n, longest = 6, 6
    step, rules = chain(n, seed), Free(n)
    slow = dict(exhaustive(step, rules, (), 0, n, longest, 0.0))
    (found,) = beam_search(step, rules, [()], width=width, longest=longest)
    assert 0 < len(found) <= width
    assert len({h.tokens for h in found}) == len(found)
    logs = [h.log_probability for h in found]
    assert logs == sorted(logs, reverse=True)
    np.testing.assert_allclose(logs, [slow[h.tokens] for h in found], atol=1e-12)


def test_stopping_early_loses_nothing():
    """A beam of one that ends at once must still look at likelier longer strings."""
    logs = np.log(np.array([1e-9, 1e-9, 0.4, 0.6]))
    later = np.log(np.array([1e-9, 1e-9, 0.99, 0.01]))

    def step(prefixes, owners):
        return np.stack([logs if p[-1] == BEGIN else later for p in prefixes])

    ((best,),) = beam_search(step, Free(4), [()], width=1, longest=4)
    assert best.tokens == (3, END)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=8)
def test_a_beam_never_violates_the_formula(seed):
    """Whatever the probabilities: heavy atoms come out, and RDKit can be asked for the rest."""
    known = Vocabulary.of(["CC(=O)N", "C1CC1", "C#C"])
    grammar = Grammar(known)
    asked = [Formula.parse("C3H6O"), Formula.parse("C2H5NO"), None]
    found = beam_search(
        chain(len(known), seed, 0.5), grammar, [grammar.start(f) for f in asked], width=20,
        longest=12,
    )  # fmt: skip
    for formula, beam in zip(asked, found, strict=True):
        for each in beam:
            text = known.decode(each.tokens)
            assert grammar.accepts(text, formula)
            if formula is not None:
                atoms = [element_of(t)[0] for t in split_smiles(text) if t.isalpha()]
                assert {s: atoms.count(s) for s in "CNO"} == {s: formula[s] for s in "CNO"}


def test_searches_that_make_no_sense():
    for options in ({"width": 0}, {"longest": 0}, {"alpha": -1.0}):
        asked = {"width": 1, "longest": 3} | options
        with pytest.raises(SpectraError, match="give 1 or more"):
            beam_search(chain(6, 0), Free(6), [()], **asked)
    assert beam_search(chain(6, 0), Free(6), [], width=2, longest=3) == []
    assert SPECIAL[BEGIN] == "<begin>"
