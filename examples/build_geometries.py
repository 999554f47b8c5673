"""Build the packaged example geometries: exact symmetry, gas-phase bond lengths.

Each molecule is put together from a few measured lengths and angles and the operations of
its point group, so its symmetry is exact to the last digit written (1e-12 Å). Where the
measured parameters leave something open, the choice made is in the source line.

    python examples/build_geometries.py [folder]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations, permutations, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Atom = tuple[str, Vector]

FOLDER = Path(__file__).resolve().parent.parent / "pointgroup" / "molecules" / "geometries"
X, Y, Z = np.eye(3)
GOLDEN = (1 + 5**0.5) / 2


@dataclass(frozen=True, slots=True)
class Geometry:
    """Atoms in Å, and where their distances come from."""

    atoms: list[Atom]
    source: str
    charge: int = 0


def rotation(axis: Vector, degrees: float) -> NDArray[np.float64]:
    """Rotation matrix about a unit axis (Rodrigues)."""
    angle = np.radians(degrees)
    cross = np.cross(np.eye(3), axis)
    return (
        np.cos(angle) * np.eye(3)
        - np.sin(angle) * cross
        + (1 - np.cos(angle)) * np.outer(axis, axis)
    )


def polar(radius: float, degrees: float, z: float = 0.0) -> Vector:
    angle = np.radians(degrees)
    return np.array([radius * np.cos(angle), radius * np.sin(angle), z])


def ring(symbol: str, n: int, radius: float, z: float = 0.0, start: float = 0.0) -> list[Atom]:
    return [(symbol, polar(radius, start + 360 * k / n, z)) for k in range(n)]


def along(symbol: str, directions: Iterable[Iterable[float]], length: float) -> list[Atom]:
    vectors = [np.array(list(d), dtype=float) for d in directions]
    return [(symbol, length * v / np.linalg.norm(v)) for v in vectors]


def signs(*vector: float) -> list[Vector]:
    """All distinct sign changes of a vector."""
    changes = np.array(list(product((1.0, -1.0), repeat=3)))
    distinct = {tuple(change * vector + 0.0) for change in changes}
    return [np.array(v) for v in sorted(distinct, reverse=True)]


def cyclic(vectors: Iterable[Vector]) -> list[Vector]:
    return [np.roll(v, k) for v in vectors for k in range(3)]


def unit(vector: Vector) -> Vector:
    return vector / np.linalg.norm(vector)


TETRAHEDRON = [(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]
OCTAHEDRON = [*np.eye(3), *-np.eye(3)]


def water() -> Geometry:
    bond, half = 0.95785, np.radians(104.500 / 2)
    y, z = bond * np.sin(half), -bond * np.cos(half)
    return Geometry(
        [("O", 0 * Z), ("H", np.array([0, y, z])), ("H", np.array([0, -y, z]))],
        "re: A. G. Csaszar et al., J. Chem. Phys. 122, 214305 (2005)",
    )


def ammonia() -> Geometry:
    bond, angle = 1.0124, np.radians(106.67)
    radius = bond * np.sin(angle / 2) * 2 / 3**0.5
    return Geometry(
        [("N", 0 * Z), *ring("H", 3, radius, -((bond**2 - radius**2) ** 0.5))],
        "r0: W. S. Benedict, E. K. Plyler, Can. J. Phys. 35, 1235 (1957)",
    )


def carbon_dioxide() -> Geometry:
    return Geometry(
        [("C", 0 * Z), *along("O", [Z, -Z], 1.1600)],
        "re: G. Graner, C. Rossetti, D. Bailly, Mol. Phys. 58, 627 (1986)",
    )


def acetylene() -> Geometry:
    half = 1.20286 / 2
    return Geometry(
        [*along("C", [Z, -Z], half), *along("H", [Z, -Z], half + 1.06167)],
        "re: J. Lievin et al., J. Chem. Phys. 134, 064119 (2011)",
    )


def ethylene() -> Geometry:
    half, bond, angle = 1.339 / 2, 1.086, np.radians(117.6 / 2)
    y, z = bond * np.sin(angle), half + bond * np.cos(angle)
    return Geometry(
        [*along("C", [Z, -Z], half), *[("H", v) for v in signs(0, y, z)]],
        "G. Herzberg, Electronic Spectra of Polyatomic Molecules (1966)",
    )


def methane() -> Geometry:
    return Geometry(
        [("C", 0 * Z), *along("H", TETRAHEDRON, 1.0870)],
        "re: E. Hirota, J. Mol. Spectrosc. 77, 213 (1979)",
    )


def boron_trifluoride() -> Geometry:
    return Geometry(
        [("B", 0 * Z), *ring("F", 3, 1.3070)],
        "re: S. Yamamoto et al., J. Mol. Spectrosc. 115, 333 (1986)",
    )


def phosphorus_pentafluoride() -> Geometry:
    return Geometry(
        [("P", 0 * Z), *ring("F", 3, 1.534), *along("F", [Z, -Z], 1.577)],
        "ra: K. W. Hansen, L. S. Bartell, Inorg. Chem. 4, 1775 (1965)",
    )


def allene() -> Geometry:
    cc, ch, half = 1.308, 1.087, np.radians(118.2 / 2)
    across, z = ch * np.sin(half), cc + ch * np.cos(half)
    hydrogens = [z * Z + across * X, z * Z - across * X, -z * Z + across * Y, -z * Z - across * Y]
    return Geometry(
        [("C", 0 * Z), *along("C", [Z, -Z], cc), *[("H", v) for v in hydrogens]],
        "r0: A. G. Maki, R. A. Toth, J. Mol. Spectrosc. 17, 136 (1965)",
    )


def xenon_tetrafluoride() -> Geometry:
    return Geometry(
        [("Xe", 0 * Z), *ring("F", 4, 1.935)],
        "re: H. Buerger et al., J. Chem. Phys. 101, 1 (1994)",
    )


def sulfur_hexafluoride() -> Geometry:
    return Geometry(
        [("S", 0 * Z), *along("F", OCTAHEDRON, 1.561)],
        "ra: L. S. Bartell, S. K. Doun, J. Mol. Struct. 43, 245 (1978)",
    )


def methyl(carbon: Vector, axis: Vector, side: Vector, ch: float, cch: float) -> list[Atom]:
    """Three hydrogens about ``axis`` (pointing away from the bond), the first over ``side``."""
    angle = np.radians(180 - cch)
    side = unit(side - axis * (side @ axis))
    first = ch * (np.cos(angle) * axis + np.sin(angle) * side)
    return [("H", carbon + rotation(axis, 120 * k) @ first) for k in range(3)]


def ethane() -> Geometry:
    top = 1.534 / 2 * Z
    atoms = [
        ("C", top),
        ("C", -top),
        *methyl(top, Z, X, 1.112, 111.0),
        *methyl(-top, -Z, -X, 1.112, 111.0),
    ]
    return Geometry(atoms, "rg: L. S. Bartell, H. K. Higginbotham, J. Chem. Phys. 42, 851 (1965)")


def benzene() -> Geometry:
    return Geometry(
        [*ring("C", 6, 1.397), *ring("H", 6, 1.397 + 1.084)],
        "r0: B. P. Stoicheff, Can. J. Phys. 32, 339 (1954)",
    )


def cyclohexane() -> Geometry:
    cc, ch, ccc, hch = 1.535, 1.116, np.radians(111.3), np.radians(107.5)
    radius = cc * np.sin(ccc / 2) * 2 / 3**0.5  # next-nearest carbons form a triangle
    height = (cc**2 - radius**2) ** 0.5 / 2
    carbons, hydrogens = [], []
    for k in range(6):
        up = 1 if k % 2 == 0 else -1
        carbon = polar(radius, 60 * k, up * height)
        before, after = (polar(radius, 60 * (k + d), -up * height) for d in (-1, 1))
        outward = unit(2 * carbon - before - after)
        in_plane = np.cross(outward, unit(after - before))
        carbons.append(("C", carbon))
        for side in (1, -1):
            direction = np.cos(hch / 2) * outward + side * np.sin(hch / 2) * in_plane
            hydrogens.append(("H", carbon + ch * direction))
    return Geometry(
        carbons + hydrogens,
        "rg: J. D. Ewbank, G. Kirsch, L. Schaefer, J. Mol. Struct. 31, 39 (1976); "
        "HCH 107.5 degrees without tilt assumed",
    )


def tetracyanomethane() -> Geometry:
    return Geometry(
        [("C", 0 * Z), *along("C", TETRAHEDRON, 1.484), *along("N", TETRAHEDRON, 1.484 + 1.161)],
        "gas phase, as quoted by D. W. Keefer et al., Tetracyanomethane under pressure (2018)",
    )


def neopentane() -> Geometry:
    carbons = along("C", TETRAHEDRON, 1.537)
    hydrogens: list[Atom] = []
    for _, carbon in carbons:
        # Staggered: each hydrogen lies over a neighbouring C-C bond's far side.
        other = next(c for _, c in carbons if c is not carbon)
        hydrogens += methyl(carbon, unit(carbon), -other, 1.114, 112.2)
    return Geometry(
        [("C", 0 * Z), *carbons, *hydrogens],
        "rg: W. F. Bradford, S. Fitzwater, L. S. Bartell, J. Mol. Struct. 38, 185 (1977)",
    )


def adamantane() -> Geometry:
    cc, ch, at_ch2, hch = 1.540, 1.112, np.radians(108.8), np.radians(107.0)
    # CH at a(1,1,1), CH2 at b(0,0,1): two CH on either side of each CH2, sqrt(8) a apart.
    a = cc * np.sin(at_ch2 / 2) / 2**0.5
    b = a + cc * np.cos(at_ch2 / 2)
    tertiary = [np.array(t, dtype=float) for t in TETRAHEDRON]
    atoms: list[Atom] = [("C", a * t) for t in tertiary]
    atoms += along("C", OCTAHEDRON, b)
    atoms += along("H", TETRAHEDRON, a * 3**0.5 + ch)
    for axis in OCTAHEDRON:
        # The CH2 plane holds the axis and is perpendicular to that of its two CH neighbours.
        near = [t for t in tertiary if t @ axis > 0]
        across = unit(np.cross(axis, near[0] - near[1]))
        for side in (1, -1):
            direction = np.cos(hch / 2) * axis + side * np.sin(hch / 2) * across
            atoms.append(("H", b * axis + ch * direction))
    return Geometry(
        atoms,
        "ra: I. Hargittai, K. Hedberg, J. Chem. Soc. D 1499 (1971); HCH 107 degrees assumed",
    )


def cubane() -> Geometry:
    corners = signs(1, 1, 1)
    radius = 1.571 * 3**0.5 / 2
    return Geometry(
        [*along("C", corners, radius), *along("H", corners, radius + 1.097)],
        "rg: L. Hedberg et al., J. Am. Chem. Soc. 113, 1514 (1991)",
    )


METALLOCENE = "rg: A. Haaland, Acc. Chem. Res. 12, 415 (1979)"


def metallocene(twist: float) -> list[Atom]:
    fe_c, cc, ch, bend = 2.064, 1.440, 1.104, np.radians(3.7)
    radius = cc / (2 * np.sin(np.pi / 5))
    height = (fe_c**2 - radius**2) ** 0.5
    outer, level = radius + ch * np.cos(bend), height - ch * np.sin(bend)  # bent towards Fe
    return [
        ("Fe", 0 * Z),
        *ring("C", 5, radius, height),
        *ring("C", 5, radius, -height, twist),
        *ring("H", 5, outer, level),
        *ring("H", 5, outer, -level, twist),
    ]


def ferrocene() -> Geometry:
    return Geometry(metallocene(0), f"{METALLOCENE}; eclipsed, the gas-phase minimum")


def ferrocene_staggered() -> Geometry:
    return Geometry(metallocene(36), f"{METALLOCENE}; staggered, not the gas-phase minimum")


def icosahedron() -> list[Vector]:
    """Twelve corners with edge 2."""
    return cyclic(signs(0, 1, GOLDEN))


def dodecaborate() -> Geometry:
    corners = icosahedron()
    radius = 1.780 / 2 * float(np.linalg.norm(corners[0]))
    return Geometry(
        [*along("B", corners, radius), *along("H", corners, radius + 1.20)],
        "B-B 1.78 as in crystals of Cs2B12H12 (I. Tiritiris, Th. Schleid); B-H 1.20 assumed",
        charge=-2,
    )


def buckminsterfullerene() -> Geometry:
    pentagon_bond, hexagon_bond = 1.458, 1.401
    # A truncated icosahedron of edge p + h + p: cutting the corners at p leaves p and h.
    corners = icosahedron()
    edge = 2 * pentagon_bond + hexagon_bond
    carbons: list[Atom] = []
    for one, two in permutations(corners, 2):
        if abs(np.linalg.norm(one - two) - 2) < 1e-9:
            carbons.append(("C", edge / 2 * (one + (two - one) * pentagon_bond / edge)))
    return Geometry(carbons, "rg: K. Hedberg et al., Science 254, 410 (1991)")


def diborane() -> Geometry:
    bb, terminal, bridge, half = 1.775, 1.196, 1.339, np.radians(120.2 / 2)
    x = (bridge**2 - (bb / 2) ** 2) ** 0.5
    y, z = terminal * np.sin(half), bb / 2 + terminal * np.cos(half)
    return Geometry(
        [
            *along("B", [Z, -Z], bb / 2),
            *along("H", [X, -X], x),
            *[("H", v) for v in signs(0, y, z)],
        ],
        "ra: L. S. Bartell, B. L. Carroll, J. Chem. Phys. 42, 1135 (1965)",
    )


def naphthalene() -> Geometry:
    c12, c23, c19, c910, ch = 1.381, 1.417, 1.422, 1.412, 1.092
    fused = np.array([0, c910 / 2, 0])
    angle = np.radians(119.5)  # C1-C9-C10
    alpha = fused + c19 * np.array([np.sin(angle), -np.cos(angle), 0])
    drop = alpha[1] - c23 / 2
    beta = np.array([alpha[0] + (c12**2 - drop**2) ** 0.5, c23 / 2, 0])
    h_alpha = alpha + ch * unit(unit(alpha - fused) + unit(alpha - beta))
    mirrored = beta * [1, -1, 1]
    h_beta = beta + ch * unit(unit(beta - alpha) + unit(beta - mirrored))
    atoms: list[Atom] = []
    for symbol, position in (
        ("C", fused), ("C", alpha), ("C", beta), ("H", h_alpha), ("H", h_beta)
    ):  # fmt: skip
        atoms += [(symbol, v) for v in signs(*position)]
    return Geometry(
        atoms,
        "rg: S. N. Ketkar, M. Fink, J. Mol. Struct. 77, 139 (1981); "
        "C1-C9-C10 119.5 degrees, C-H on the bisectors",
    )


def hydrogen_peroxide() -> Geometry:
    oo, oh, ooh, torsion = 1.4644, 0.965, np.radians(99.4), 111.8
    across, z = oh * np.sin(ooh), oo / 2 - oh * np.cos(ooh)
    return Geometry(
        [
            *along("O", [Z, -Z], oo / 2),
            ("H", polar(across, torsion / 2, z)),
            ("H", polar(across, -torsion / 2, -z)),
        ],
        "J. Koput, J. Mol. Spectrosc. 115, 438 (1986)",
    )


BUILDERS: dict[str, Callable[[], Geometry]] = {
    "water": water,
    "ammonia": ammonia,
    "carbon_dioxide": carbon_dioxide,
    "acetylene": acetylene,
    "ethylene": ethylene,
    "methane": methane,
    "boron_trifluoride": boron_trifluoride,
    "phosphorus_pentafluoride": phosphorus_pentafluoride,
    "allene": allene,
    "xenon_tetrafluoride": xenon_tetrafluoride,
    "sulfur_hexafluoride": sulfur_hexafluoride,
    "ethane": ethane,
    "benzene": benzene,
    "cyclohexane": cyclohexane,
    "tetracyanomethane": tetracyanomethane,
    "neopentane": neopentane,
    "adamantane": adamantane,
    "cubane": cubane,
    "ferrocene": ferrocene,
    "ferrocene_staggered": ferrocene_staggered,
    "dodecaborate": dodecaborate,
    "c60": buckminsterfullerene,
    "diborane": diborane,
    "naphthalene": naphthalene,
    "hydrogen_peroxide": hydrogen_peroxide,
}


def text_of(name: str, geometry: Geometry) -> str:
    """Extended xyz with the source in the comment, 12 decimals."""
    positions = np.array([position for _, position in geometry.atoms])
    comment = (
        f'Properties=species:S:1:pos:R:3 name="{name}" charge={geometry.charge} '
        f'multiplicity=1 pbc="F F F" source="{geometry.source}"'
    )
    # + 0.0 turns -0.0 into 0.0, and rounding first keeps the files the same on any machine.
    rows = [
        f"{symbol:<2}" + "".join(f" {x:18.12f}" for x in row)
        for (symbol, _), row in zip(geometry.atoms, np.round(positions, 12) + 0.0, strict=True)
    ]
    return "\n".join([str(len(rows)), comment, *rows, ""])


def shortest_contact(geometry: Geometry) -> float:
    positions = [position for _, position in geometry.atoms]
    return min(float(np.linalg.norm(a - b)) for a, b in combinations(positions, 2))


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, build in BUILDERS.items():
        geometry = build()
        (folder / f"{name}.xyz").write_text(text_of(name, geometry), encoding="utf-8")
        print(f"{name:26} {len(geometry.atoms):3} atoms  {shortest_contact(geometry):.3f} Å")


if __name__ == "__main__":
    main()
