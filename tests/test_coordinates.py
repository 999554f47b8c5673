"""Projectors, irrep matrices and symmetry coordinates: laws, on many groups and molecules."""

import numpy as np
import pytest
from spektron.pointgroup import (
    Molecule,
    PointGroup,
    detect,
    example,
    finite_subgroup,
    irrep_matrices,
    projector,
    symmetry_coordinates,
)
from spektron.pointgroup.coordinates import displacement_matrices
from spektron.pointgroup.errors import GroupError
from spektron.pointgroup.theory.characters import class_index
from spektron.pointgroup.theory.groups import operation_matrices

KINDS = ("C{}", "C{}v", "C{}h", "D{}", "D{}h", "D{}d")
AXIAL = [k.format(n) for n in range(2, 13) for k in KINDS] + [f"S{2 * n}" for n in range(2, 13)]
FINITE = ["C1", "Cs", "Ci", *AXIAL, "T", "Td", "Th", "O", "Oh", "I", "Ih"]


def cluster(symbol, seeds=(("C", 2.0),), seed=0):
    """Orbits of random points under a group, turned at random; one element per orbit."""
    rng = np.random.default_rng(seed)
    matrices = operation_matrices(PointGroup(symbol))
    symbols, places = [], []
    for element, radius in seeds:
        point = rng.normal(size=3)
        orbit = matrices @ (radius * point / np.linalg.norm(point))
        places.append(orbit)
        symbols += [element] * len(orbit)
    frame = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return Molecule(symbols, np.concatenate(places) @ frame.T)


def boric_acid():
    """B(OH)3, planar, C3h."""
    angles = 2 * np.pi * np.arange(3) / 3

    def ring(radius, offset):
        a = angles + offset
        return np.stack([radius * np.cos(a), radius * np.sin(a), 0 * a], axis=1)

    places = [np.zeros((1, 3)), ring(1.36, 0.0), ring(1.89, 0.45)]
    return Molecule("BOOOHHH", np.concatenate(places))


PAIR = (("C", 2.0), ("N", 3.0))
TRIPLE = (("C", 2.0), ("N", 3.1), ("O", 4.3))
MOLECULES = {
    "C3h": boric_acid,
    "C2v": lambda: example("water"),
    "C3v": lambda: example("ammonia"),
    "D2d": lambda: example("allene"),
    "D3d": lambda: example("ethane"),
    "D4h": lambda: example("xenon_tetrafluoride"),
    "D5d": lambda: example("ferrocene_staggered"),
    "D6h": lambda: example("benzene"),
    "Td": lambda: example("neopentane"),
    "Oh": lambda: example("cubane"),
    "Ih": lambda: example("dodecaborate"),
    "S4": lambda: cluster("S4", TRIPLE),
    "S8": lambda: cluster("S8", TRIPLE),
    "C4": lambda: cluster("C4", TRIPLE),
    "C5": lambda: cluster("C5", TRIPLE),
    "C6h": lambda: cluster("C6h", PAIR),
    "D3": lambda: cluster("D3", PAIR),
    "D4d": lambda: cluster("D4d", PAIR),
    "T": lambda: cluster("T", PAIR),
    "Th": lambda: cluster("Th", PAIR),
    "O": lambda: cluster("O", PAIR),
    "I": lambda: cluster("I"),
    "C1": lambda: cluster("C1", (*TRIPLE, ("F", 3.5), ("S", 2.5))),
    "Ci": lambda: cluster("Ci", TRIPLE),
}


@pytest.fixture(scope="module")
def symmetries():
    return {name: detect(make(), tolerance=1e-4) for name, make in MOLECULES.items()}


@pytest.mark.parametrize("symbol", FINITE)
def test_irrep_matrices_are_orthogonal_representations(symbol):
    group = PointGroup(symbol)
    table, product = group.character_table, group.multiplication_table
    found = irrep_matrices(group)
    assert list(found) == [i.label for i in table.irreps]
    for irrep, row in zip(table.irreps, table.values, strict=True):
        matrices = found[irrep.label]
        d = irrep.dimension
        assert matrices.shape == (group.order, d, d)
        assert np.isrealobj(matrices)
        images = np.einsum("gij,hjk->ghik", matrices, matrices)
        assert np.abs(images - matrices[product]).max() < 1e-9
        assert np.abs(matrices @ matrices.swapaxes(1, 2) - np.eye(d)).max() < 1e-9
        traces = np.trace(matrices, axis1=1, axis2=2)
        assert np.abs(traces - row[class_index(group)]).max() < 1e-9


@pytest.mark.parametrize("symbol", FINITE)
def test_irrep_matrices_obey_the_great_orthogonality_theorem(symbol):
    """Also between irreps; a merged pair gives twice the sum, halved among its entries."""
    group = PointGroup(symbol)
    table = group.character_table
    found = irrep_matrices(group)
    columns = np.concatenate(
        [found[i.label].reshape(group.order, -1) for i in table.irreps], axis=1
    )
    gram = columns.T @ columns / group.order
    start = 0
    for irrep, norm in zip(table.irreps, table.norms, strict=True):
        d = irrep.dimension
        block = gram[start : start + d * d, start : start + d * d]
        assert np.diag(block) == pytest.approx(np.full(d * d, 1 / d))
        if norm == 1:
            assert np.abs(block - np.eye(d * d) / d).max() < 1e-9
        gram[start : start + d * d, start : start + d * d] = 0
        start += d * d
    assert np.abs(gram).max() < 1e-9


@pytest.mark.parametrize("symbol", ["C3v", "D6h", "Td", "Oh", "I"])
def test_vector_irreps_are_the_matrices_themselves(symbol):
    """E1u of D6h is carried by (x, y), T2 of Td by (x, y, z), in this order."""
    label = {"C3v": "E", "D6h": "E1u", "Td": "T2", "Oh": "T1u", "I": "T1"}[symbol]
    matrices = irrep_matrices(PointGroup(symbol))[label]
    d = matrices.shape[1]
    assert matrices == pytest.approx(operation_matrices(PointGroup(symbol))[:, :d, :d], abs=1e-12)


@pytest.mark.parametrize("name", MOLECULES)
def test_the_molecules_have_their_group(symmetries, name):
    assert str(symmetries[name].group) == name


@pytest.mark.parametrize("name", MOLECULES)
def test_displacement_matrices_represent_the_group(symmetries, name):
    symmetry = symmetries[name]
    matrices = displacement_matrices(symmetry)
    product = symmetry.group.multiplication_table
    rng = np.random.default_rng(5)
    for g, h in rng.integers(0, symmetry.group.order, (40, 2)):
        assert np.abs(matrices[g] @ matrices[h] - matrices[product[g, h]]).max() < 1e-8
    # The twin: moving the displaced molecule.
    step = rng.normal(size=symmetry.molecule.positions.shape)
    for operation, matrix in zip(symmetry.operations, matrices, strict=True):
        moved = np.empty_like(step)
        for atom, image in enumerate(operation.permutation):
            moved[image] = operation.matrix @ step[atom]
        assert matrix @ step.ravel() == pytest.approx(moved.ravel(), abs=1e-9)


@pytest.mark.parametrize("name", [n for n in MOLECULES if n != "I"])
def test_projectors(symmetries, name):
    """Symmetric, idempotent, orthogonal to each other, complete; they commute with the group."""
    symmetry = symmetries[name]
    labels = [i.label for i in symmetry.group.character_table.irreps]
    found = [projector(symmetry, label) for label in labels]
    size = 3 * symmetry.molecule.n_atoms
    assert np.abs(sum(found) - np.eye(size)).max() < 1e-9
    motions = displacement_matrices(symmetry)[:: max(1, symmetry.group.order // 5)]
    for i, p in enumerate(found):
        assert np.abs(p - p.T).max() < 1e-9
        for j, q in enumerate(found):
            assert np.abs(p @ q - (p if i == j else 0)).max() < 1e-9
        assert np.abs(motions @ p - p @ motions).max() < 1e-8


@pytest.mark.parametrize("name", MOLECULES)
def test_symmetry_coordinates_are_an_orthonormal_basis(symmetries, name):
    symmetry = symmetries[name]
    found = symmetry_coordinates(symmetry)
    size = 3 * symmetry.molecule.n_atoms
    stacked = np.concatenate([s.vectors.reshape(-1, size) for s in found])
    assert stacked.shape == (size, size)
    assert np.abs(stacked @ stacked.T - np.eye(size)).max() < 1e-9


@pytest.mark.parametrize("name", MOLECULES)
def test_symmetry_coordinates_transform_as_the_irrep_matrices(symmetries, name):
    """g·q_k = Σ_l D_lk(g) q_l in every copy."""
    symmetry = symmetries[name]
    motions = displacement_matrices(symmetry)
    matrices = irrep_matrices(symmetry.group)
    for s in symmetry_coordinates(symmetry):
        flat = s.vectors.reshape(*s.vectors.shape[:2], -1)
        moved = np.einsum("gij,ckj->gcki", motions, flat)
        expected = np.einsum("glk,clj->gckj", matrices[s.irrep.label], flat)
        assert np.abs(moved - expected).max() < 1e-7
        inside = projector(symmetry, s.irrep.label)
        assert np.abs(flat @ inside - flat).max() < 1e-8


@pytest.mark.parametrize("name", MOLECULES)
def test_a_symmetric_hessian_becomes_block_diagonal(symmetries, name):
    """With equal blocks for the partners of a set, and the same eigenvalues as before."""
    symmetry = symmetries[name]
    rng = np.random.default_rng(17)
    size = 3 * symmetry.molecule.n_atoms
    random = rng.normal(size=(size, size))
    motions = displacement_matrices(symmetry)
    hessian = sum(m @ (random + random.T) @ m.T for m in motions) / len(motions)
    found = symmetry_coordinates(symmetry)
    # Rows ordered irrep, partner, copy.
    rows, blocks = [], []
    for s in found:
        for partner in s.vectors.swapaxes(0, 1):
            blocks.append((len(rows), len(partner)))
            rows += list(partner.reshape(len(partner), size))
    transformed = np.array(rows) @ hessian @ np.array(rows).T
    spectrum = np.linalg.eigvalsh(transformed)
    assert spectrum == pytest.approx(np.linalg.eigvalsh(hessian), abs=1e-8)
    rest, place = transformed.copy(), 0
    for s in found:
        parts = blocks[place : place + s.irrep.dimension]
        place += s.irrep.dimension
        own = [transformed[a : a + n, a : a + n] for a, n in parts]
        assert all(np.abs(b - own[0]).max() < 1e-8 for b in own)
        last = parts[-1][0] + parts[-1][1]
        first = parts[0][0]
        if s.irrep.indicator:
            for a, n in parts:
                rest[a : a + n, a : a + n] = 0
        else:
            # Partners of a merged pair are coupled antisymmetrically: a complex Hermitian block.
            coupling = transformed[parts[0][0] :, parts[1][0] :][: parts[0][1], : parts[1][1]]
            assert np.abs(coupling + coupling.T).max() < 1e-8
            rest[first:last, first:last] = 0
    assert np.abs(rest).max() < 1e-8


@pytest.mark.parametrize("name", ["C3h", "D6h", "Td", "Th", "C5"])
def test_number_of_free_force_constants(symmetries, name):
    """n(n+1)/2 for a real irrep, n² for a merged pair: the dimension of symmetric Hessians."""
    symmetry = symmetries[name]
    motions = displacement_matrices(symmetry)
    expected = 0
    for s in symmetry_coordinates(symmetry):
        n = len(s.vectors)
        expected += n * (n + 1) // 2 if s.irrep.indicator else n * n
    # Trace of the projector on symmetric matrices: mean of (χ(g)² + χ(g²))/2.
    traces = np.trace(motions, axis1=1, axis2=2)
    squares = np.trace(motions @ motions, axis1=1, axis2=2)
    assert np.mean((traces**2 + squares) / 2) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["water", "benzene", "neopentane", "dodecaborate"])
def test_coordinates_are_the_same_at_every_call(name):
    one = symmetry_coordinates(detect(example(name), tolerance=1e-6))
    irrep_matrices.cache_clear()
    other = symmetry_coordinates(detect(example(name), tolerance=1e-6))
    for a, b in zip(one, other, strict=True):
        assert a.irrep == b.irrep
        assert np.array_equal(a.vectors, b.vectors)


def test_translations_of_water():
    """B1 of a molecule in yz is out of plane: one vibration-free pair Tx, Ry."""
    symmetry = detect(example("water"), tolerance=1e-6)
    found = {s.irrep.label: s.vectors for s in symmetry_coordinates(symmetry)}
    assert {k: v.shape[:2] for k, v in found.items()} == {
        "A1": (3, 1), "A2": (1, 1), "B1": (2, 1), "B2": (3, 1),
    }  # fmt: skip
    out_of_plane = symmetry.frame[0]
    assert np.abs(found["B1"] @ symmetry.frame[1:].T).max() < 1e-9
    translation = np.tile(out_of_plane, (3, 1)) / 3**0.5
    assert np.linalg.norm(np.einsum("ckij,ij->c", found["B1"], translation)) == pytest.approx(1)


@pytest.mark.parametrize("name", ["carbon_dioxide", "acetylene"])
def test_linear_molecules_are_refused_with_a_way_out(name):
    symmetry = detect(example(name))
    for call in (symmetry_coordinates, lambda s: projector(s, "Σg+")):
        with pytest.raises(GroupError, match=r"continuous.*subgroup"):
            call(symmetry)
    with pytest.raises(GroupError, match="continuous"):
        irrep_matrices(PointGroup("C∞v"))


def test_unknown_irreps_are_refused():
    with pytest.raises(GroupError, match="D6h has no irrep A1"):
        projector(detect(example("benzene")), "A1")


@pytest.mark.parametrize("name", ["carbon_dioxide", "acetylene"])
@pytest.mark.parametrize("order", [3, 4, 5])
def test_finite_subgroup_of_a_linear_molecule(name, order):
    molecule = example(name)
    symmetry = finite_subgroup(detect(molecule), order)
    assert str(symmetry.group) == f"D{order}h"
    positions = symmetry.symmetrised_positions - symmetry.origin
    for matrix, permutation in zip(symmetry.matrices, symmetry.permutations, strict=True):
        assert positions @ matrix.T == pytest.approx(positions[permutation], abs=1e-9)
    assert sum(s.vectors.shape[0] * s.vectors.shape[1] for s in symmetry_coordinates(symmetry)) == (
        3 * molecule.n_atoms
    )


def test_finite_subgroup_leaves_finite_groups_and_refuses_atoms():
    symmetry = detect(example("water"))
    assert finite_subgroup(symmetry) is symmetry
    with pytest.raises(GroupError, match="single atom"):
        finite_subgroup(detect(Molecule("N", [[0, 0, 0]])))
