"""The theorems, their counterexamples, and completeness with its descents."""

import json
from fractions import Fraction

import numpy as np
import pytest
from spektron.identifiability.completeness import completeness, subgroups
from spektron.identifiability.errors import IdentifiabilityError
from spektron.identifiability.forcefield import ForceField
from spektron.identifiability.generic import block_rank
from spektron.identifiability.tensors import Tensors
from spektron.identifiability.theorems import (
    exclusion,
    fibre,
    frequencies_only,
    groups_up_to,
    known_derivatives,
    parameter_count,
    several_isotopologues,
    strict_gain,
    symmetry_quotient,
    unknown_derivatives,
    valence_is_no_evidence,
)
from spektron.identifiability.theorems.complementarity import both_active
from spektron.identifiability.theorems.genericity import (
    known_derivatives_bound,
    molecule_statement,
)
from spektron.pointgroup import InputError, Molecule, PointGroup, example, mode_counts

# ---- mutual exclusion ----


def test_exclusion_to_order_24():
    found = exclusion(24)
    expected = {f"C{n}h" for n in range(5, 24, 2)} | {f"D{n}h" for n in range(5, 24, 2)}
    expected |= {f"S{4 * k}" for k in range(2, 13)} | {f"D{n}d" for n in range(4, 25, 2)}
    assert set(found.counterexamples) == expected | {"O", "I"}
    assert found.number("of these with a both-active irrep") == 0
    assert found.number("groups against the rule of step 4") == 0
    assert found.verdict == "holds with exceptions"


def test_all_groups_are_there_once():
    groups = groups_up_to(6)
    names = [g.symbol for g in groups]
    assert len(names) == len(set(names))
    assert {"C1", "Cs", "Ci", "S4", "S12", "D6d", "Th", "I", "C∞v", "D∞h"} <= set(names)
    assert PointGroup("S6") in groups
    with pytest.raises(ValueError, match="choose from 1 to 48"):
        groups_up_to(0)


@pytest.mark.parametrize("symbol", ["C5h", "D4d", "S8", "O", "D3h", "Td", "D3d", "C2v", "I"])
def test_both_active_irreps_by_averaging_over_the_group(symbol):
    """By Hom(V, Sym²V): the dimension of the invariants of V × Sym²V, without a table."""
    matrices = np.array([o.matrix for o in PointGroup(symbol).operations])
    traces = np.trace(matrices, axis1=1, axis2=2)
    squares = np.trace(matrices @ matrices, axis1=1, axis2=2)
    common = round(float(np.mean(traces * (traces**2 + squares) / 2)))
    assert (common > 0) == bool(both_active(PointGroup(symbol)))


# ---- strict gain ----


def hydrogen():
    return Molecule("HH", np.array([[0, 0, 0], [0, 0, 0.74]]), name="hydrogen")


def test_the_only_exception_is_the_homonuclear_diatomic():
    found = strict_gain([hydrogen(), example("benzene"), example("carbon_dioxide")])
    assert found.verdict == "holds"
    assert found.number("of these without gain") == 1
    assert found.number("homonuclear diatomics among them") == 1


def test_strict_gain_for_all_packaged_molecules():
    found = strict_gain()
    assert found.verdict == "holds"
    assert found.number("molecules") >= 20


def test_strict_gain_for_the_reference_geometries(shared_data):
    entries = json.loads((shared_data / "pointgroup" / "reference.json").read_text())["exact"]
    molecules = [
        Molecule(e["symbols"], np.array(e["positions_angstrom"]), name=e["name"]) for e in entries
    ]
    found = strict_gain(molecules)
    assert found.verdict == "holds", found.counterexamples
    assert found.number("molecules") >= 90
    assert found.number("in groups that exclude") >= 30


def test_the_dipole_moment_of_step_2_is_carried_by_a_vibration():
    """Σ (r rᵀ − mean) x: no translation, no rotation, not zero from three atoms on."""
    for name in ("benzene", "methane", "carbon_dioxide", "ferrocene", "water"):
        r = example(name).positions
        r = r - r.mean(axis=0)
        tensors = r[:, :, None] * r[:, None, :]
        tensors = tensors - tensors.mean(axis=0)
        assert np.abs(tensors.sum(axis=0)).max() < 1e-10
        turned = np.cross(np.eye(3)[:, None], r[None])
        assert np.abs(np.einsum("aij,kaj->ki", tensors, turned)).max() < 1e-10
        assert np.abs(tensors).max() > 0.1
    r = np.array([[0, 0, -0.37], [0, 0, 0.37]])
    assert np.ptp(r[:, :, None] * r[:, None, :], axis=0).max() < 1e-15


# ---- symmetry quotient ----


@pytest.mark.parametrize("name", ["water", "ammonia", "carbon_dioxide", "benzene"])
def test_spectra_are_functions_on_the_quotient(name):
    found = symmetry_quotient(example(name))
    assert found.verdict == "holds"
    assert found.number("control: two unlike atoms exchanged") > 1e-3


def test_enantiomers_are_one_point_and_unlike_atoms_are_not():
    found = symmetry_quotient(Molecule.from_smiles("[C@H](F)(Cl)Br"))
    assert found.number("relative change by reflection (the enantiomer)") < 1e-10
    assert found.number("control: two unlike atoms exchanged") > 1e-2


def test_the_quotient_check_can_fail(monkeypatch):
    """A dipole derivative that does not turn with the molecule is noticed."""
    from spektron.identifiability.theorems import quotient

    field = ForceField.random(example("ammonia"))
    right = quotient._World.moved

    def wrong(self, turn, shift):
        moved = right(self, turn, shift)
        return quotient._World(
            moved.positions, moved.masses, moved.hessian, 1.1 * moved.dipole, moved.polarizability
        )

    monkeypatch.setattr(quotient._World, "moved", wrong)
    found = symmetry_quotient(field, Tensors.random(field.space))
    assert found.verdict == "fails"
    assert "rotation" in found.counterexamples


@pytest.mark.parametrize(
    ("name", "data", "silent", "visible"),
    [("water", ("freq",), 0, 1), ("water", ("freq", "ir"), 0, 0), ("methane", ("freq",), 0, 1),
     ("ethylene", ("freq",), 1, 6), ("benzene", ("freq",), 13, 10),
     ("carbon_dioxide", ("freq",), 0, 0)],
)  # fmt: skip
def test_dimension_of_the_fibre(name, data, silent, visible):
    found = fibre(example(name), data)
    assert (found.silent_constants, found.visible_deficiency) == (silent, visible)
    assert found.dimension == silent + visible


# ---- conjecture 3 ----


def test_statements_of_conjecture_3():
    assert frequencies_only(6).holds
    assert several_isotopologues(6).holds
    assert known_derivatives(6).holds
    assert known_derivatives(9).verdict == "fails"
    assert known_derivatives(9).number("exact rank") == 33
    assert unknown_derivatives(example("ammonia")).holds
    assert parameter_count(Molecule.from_smiles("OB(O)O")).number("force constants") == 26
    assert parameter_count(Molecule.from_smiles("OB(O)O")).holds


@pytest.mark.parametrize("forms", [(1,), (1, 1), (1, 2), (1, 1, 2), (3,), (3, 1, 5), (1, 1, 1)])
@pytest.mark.parametrize("more", range(4))
def test_the_bound_of_known_derivatives_is_reached(more, forms):
    n = max(forms) + more  # a form has at most the rank of the block
    assert block_rank(n, forms=forms).rank == known_derivatives_bound(n, forms)


@pytest.mark.parametrize("name", ["methane", "benzene", "ferrocene", "c60"])
def test_force_constants_by_characters(name):
    assert parameter_count(example(name)).holds


def test_conjecture_3_by_molecule():
    names = ("water", "ammonia", "methane", "carbon_dioxide", "ethylene", "benzene")
    verdicts = {n: molecule_statement(example(n)).holds for n in names}
    assert verdicts == dict.fromkeys(("water", "ammonia", "methane", "carbon_dioxide"), True) | (
        dict.fromkeys(("ethylene", "benzene"), False)
    )
    assert valence_is_no_evidence(Molecule.from_smiles("CC(N)C=O")).verdict == "fails"


def test_a_statement_prints_as_a_proof_sketch():
    text = str(exclusion(6))
    assert text.splitlines()[0].startswith("Mutual exclusion: no irrep")
    assert "verdict: holds with exceptions" in text
    assert "  1. If: i reverses every vector" in text
    assert max(map(len, text.splitlines())) <= 88
    with pytest.raises(KeyError):
        exclusion(2).number("nothing")
    with pytest.raises(IdentifiabilityError, match="choose from 1 to 16"):
        frequencies_only(40)


# ---- completeness ----


def test_benzene_and_what_opens_its_silent_modes():
    found = completeness(example("benzene"), isotopes={"H": 2}, largest=2)
    assert Fraction(19, 30) == found.R
    assert found.split == {"infrared only": 7, "Raman only": 12, "both": 0, "silent": 11}
    assert {r.irrep for r in found.reasons} == {"A2g", "B2g", "B1u", "B2u", "E2u"}
    groups = {d.group: d for d in found.isotopologues}
    assert set(groups) == {"C2v", "D2h"}
    assert groups["C2v"].R == 1
    assert Fraction(14, 15) == groups["D2h"].R  # Au of the two E2u is silent
    assert found.never_revealed == ()


@pytest.mark.parametrize("name", ["ethylene", "benzene", "sulfur_hexafluoride", "cubane"])
def test_descents_agree_with_counting_in_the_subgroup(name):
    """Each isotopologue's R is that of mode_counts with its masses."""
    try:
        molecule = example(name)
    except InputError:
        molecule = Molecule.from_smiles("FS(F)(F)(F)(F)F")
    found = completeness(molecule, largest=1)
    for descent in found.isotopologues:
        mass = {
            int(a) - 1: int("".join(c for c in kind if c.isdigit()))
            for kind, atoms in (part.split(":") for part in descent.name.split())
            for a in atoms.split(",")
        }
        counts = mode_counts(molecule.with_isotopes(mass))
        assert (descent.group, descent.R) == (str(counts.group), counts.R)
    for descent in found.distortions:
        assert found.R <= descent.R <= 1
    assert next(d for d in found.distortions if d.group == "C1").R == 1


def test_sulfur_hexafluoride_stays_dark():
    """19F is the only stable isotope, and another S stays in the centre."""
    found = completeness(Molecule.from_smiles("FS(F)(F)(F)(F)F"))
    assert Fraction(4, 5) == found.R
    assert found.never_revealed == ("T2u",)
    assert "T2u (3) is silent" in str(found)


def test_complete_molecules_need_no_descent():
    found = completeness(example("water"), isotopes={})
    assert found.R == 1
    assert found.isotopologues == found.distortions == found.reasons == ()


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [("C3v", {"C3", "Cs", "C1"}), ("D2h", {"C2v", "C2h", "D2", "C2", "Cs", "Ci", "C1"}),
     ("Td", {"T", "D2d", "C3v", "S4", "D2", "C2v", "C3", "C2", "Cs", "C1"}),
     ("D3d", {"D3", "S6", "C3v", "C2h", "C3", "C2", "Cs", "Ci", "C1"})],
)  # fmt: skip
def test_subgroups(symbol, expected):
    assert {str(g) for g in subgroups(PointGroup(symbol))} == expected


def test_a_single_atom_has_no_completeness():
    with pytest.raises(InputError, match="a single atom"):
        completeness(Molecule("H", np.zeros((1, 3))))
