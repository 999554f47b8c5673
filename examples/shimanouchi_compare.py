"""Shimanouchi's fundamentals against the computed ones of docs/data/shimanouchi.

Rules of the assignment:

1. A number (``no``) of the table is one fundamental. Where it is listed several times, once per
   contributing band (Fermi resonance, tunnelling), the mean of the different values counts.
2. The table has lost the double prime: a, a1, a2, e beside a', a1' … are a″ and so on.
3. The table and our standard frame may number the axes differently. Permutations of the suffixes
   1, 2, 3 of B (one permutation for g and u) that give the right number of fundamentals in every
   irrep are candidates; that with the smallest mean deviation counts.
4. Within an irrep the observed and calculated wavenumbers are paired from the highest downwards.
5. Doubtful are values of the uncertainty classes D and E (6 to 30 cm⁻¹) and means by rule 1; they
   are assigned like all others, and figures are given with and without them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from spektron.pointgroup import Molecule
from spektron.vibration.files.qcschema import read_qcschema
from spektron.vibration.gf import (
    Assignment,
    GFModes,
    Observed,
    ScaledForceField,
    assignments,
    f_matrix,
    observed,
    refine_scaling,
    scale_types,
    wilson_gf,
)
from spektron.vibration.harmonic import HarmonicData
from spektron.vibration.internal import (
    InternalCoordinates,
    coordinate_types,
    internal_coordinates,
)

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "data" / "shimanouchi"
BASES = ("def2-svp", "def2-tzvp")
BASIS = BASES[-1]
"""That of the page; the other stands beside it."""
SUMMARY = FOLDER / "summary.json"
FIGURE = ROOT / "docs" / "figures" / "shimanouchi-deviations.png"
Masses = Mapping[int, int]
SINGLE = {
    "C": 0.76, "N": 0.71, "O": 0.66, "F": 0.57, "Si": 1.11, "P": 1.07, "S": 1.05, "Cl": 1.02,
    "Ge": 1.20, "Se": 1.20, "Br": 1.20,
}  # fmt: skip
"""Å; covalent radii of B. Cordero et al., Dalton Trans. (2008) 2832."""

RECORDS: dict[str, tuple[str, Masses]] = {
    "deuterium oxide": ("water", {1: 2, 2: 2}),
    "Hydrogen cyanide": ("hydrogen-cyanide", {}),
    "Hydrogen cyanide-d1": ("hydrogen-cyanide", {2: 2}),
    "Carbon dioxide (<sup>12</sup>C<sup>16</sup>O<sub>2</sub>)": ("carbon-dioxide", {}),
    "Carbon dioxide (<sup>13</sup>C<sup>16</sup>O<sub>2</sub>)": ("carbon-dioxide", {1: 13}),
    "(2H)formaldehyde": ("formaldehyde", {2: 2, 3: 2}),
    "Formaldehyde-d1": ("formaldehyde", {3: 2}),
    "Acetylene": ("acetylene", {}),
    "Acetylene-d2": ("acetylene", {2: 2, 3: 2}),
    "Hydrogen sulfide-d2": ("hydrogen-sulfide", {1: 2, 2: 2}),
    "(2H4)methane": ("methane", {1: 2, 2: 2, 3: 2, 4: 2}),
    "deuteriomethane 1": ("methane", {1: 2}),
    "Nitrous oxide (<sup>14</sup>N<sup>15</sup>NO)": ("nitrous-oxide", {1: 15}),
    "[2H4]ethylene": ("ethylene", {2: 2, 3: 2, 4: 2, 5: 2}),
    "Methyl fluoride": ("methyl-fluoride", {}),
    "Silane-d3": ("silane", {2: 2, 3: 2, 4: 2}),
    "Ethyne, fluoro-": ("fluoroacetylene", {}),
    "Sulfur dioxide (<sup>32</sup>S<sup>16</sup>O<sub>2</sub>)": ("sulfur-dioxide", {}),
    "Cyanogen chloride (<sup>35</sup>ClCN)": ("cyanogen-chloride", {}),
    "Cyanogen chloride (<sup>37</sup>ClCN)": ("cyanogen-chloride", {0: 37}),
    "Carbon disulfide (<sup>12</sup>C<sup>32</sup>S<sub>2</sub>)": ("carbon-disulfide", {}),
    "dihydrogen selenide": ("hydrogen-selenide", {}),
    "Hydrogen deuterium selenide": ("hydrogen-selenide", {1: 2}),
    "fluorosilane": ("fluorosilane", {}),
    "chlorosilane": ("chlorosilane", {}),
    "Silane, bromo-": ("bromosilane", {}),
    "Methyl Alcohol": ("methanol", {}),
    "Methan-d3-ol": ("methanol", {2: 2, 3: 2, 4: 2}),
    "Acetonitrile": ("acetonitrile", {}),
    "[2H3]acetonitrile": ("acetonitrile", {3: 2, 4: 2, 5: 2}),
    "Nitrogen trifluoride": ("nitrogen-trifluoride", {}),
    "Fluoroform": ("fluoroform", {}),
    "Methyl isocyanide": ("methyl-isocyanide", {}),
    "Germane-d2": ("germane", {1: 2, 2: 2}),
    "Methane, bromo-": ("methyl-bromide", {}),
    "Dichloromethane-d1": ("dichloromethane", {4: 2}),
    "Tetrafluoromethane": ("tetrafluoromethane", {}),
    "Propyne": ("propyne", {}),
    "1,3-Butadiyne": ("butadiyne", {}),
    "Acetylene, bromo-": ("bromoacetylene", {}),
    "(Z)-1,2-Difluoroethylene": ("cis-difluoroethylene", {}),
    "cis-1,2-Difluoroethylene-d2": ("cis-difluoroethylene", {4: 2, 5: 2}),
    "Silicon tetrafluoride": ("silicon-tetrafluoride", {}),
    "Phosphorus trichloride": ("phosphorus-trichloride", {}),
    "1,1-Dichloroethylene-d1": ("vinylidene-chloride", {4: 2}),
    "1,1-Dichloroethylene-d2": ("vinylidene-chloride", {4: 2, 5: 2}),
    "Ethylene, 1,2-dichloro-, (E)-": ("trans-dichloroethylene", {}),
    "trans-1,2-Dichloroethylene-d1": ("trans-dichloroethylene", {4: 2}),
    "trans-1,2-Dichloroethylene-d2": ("trans-dichloroethylene", {4: 2, 5: 2}),
    "Ethylene, 1,2-dichloro-, (Z)-": ("cis-dichloroethylene", {}),
    "cis-1,2-Dichloroethylene-d2": ("cis-dichloroethylene", {4: 2, 5: 2}),
    "Methane, bromochloro-": ("bromochloromethane", {}),
    "Bromochloromethane-d2": ("bromochloromethane", {3: 2, 4: 2}),
    "Methane-d, trichloro-": ("chloroform", {4: 2}),
    "Acetaldehyde": ("acetaldehyde", {}),
    "Carbon Tetrachloride": ("carbon-tetrachloride", {}),
    "Silicon tetrachloride": ("silicon-tetrachloride", {}),
    "Cyclopropane": ("cyclopropane", {}),
    "Benzene": ("benzene", {}),
}
"""Parent and isotopes (mass number by atom, counted from 0) of each record, by the table's name."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A fundamental of the table: species as printed, value (cm⁻¹), whether it is doubtful."""

    species: str
    value: float
    doubtful: bool


@dataclass(frozen=True, slots=True)
class Assigned:
    """An observed fundamental beside the calculated harmonic wavenumber (cm⁻¹, unscaled)."""

    parent: str
    record: str
    isotopes: tuple[tuple[int, int], ...]
    irrep: str
    place: int
    observed: float
    calculated: float
    doubtful: bool
    shares: tuple[tuple[str, float], ...]

    @property
    def coordinate(self) -> str:
        """Type of coordinate with the largest share of the potential energy."""
        return self.shares[0][0]


@dataclass(frozen=True, slots=True, eq=False)
class Parent:
    """A computed parent with its force constants in internal coordinates."""

    key: str
    data: HarmonicData
    coordinates: InternalCoordinates
    force_constants: NDArray[np.float64]


def table_path() -> Path | None:
    """The table in ``SPEKTRON_DATA`` or beside the checkout; None if it is absent."""
    folder = Path(os.environ.get("SPEKTRON_DATA", ROOT.parent / "shared" / "data"))
    path = folder / "spectra" / "shimanouchi_half.json"
    return path if path.exists() else None


def read_table(path: Path) -> dict[str, list[Listed]]:
    """Fundamentals by the name of the record, rule 1 applied."""
    return {r["name"]: _fundamentals(r["vibrations"]) for r in json.loads(path.read_text())}


def _fundamentals(rows: Sequence[Mapping[str, str]]) -> list[Listed]:
    by_number: dict[tuple[str, str], list[Mapping[str, str]]] = {}
    for row in rows:
        by_number.setdefault((row["no"], row["sym_species"]), []).append(row)
    out = []
    for (_, species), same in by_number.items():
        values = sorted({float(r["selected_value"]) for r in same if r["selected_value"]})
        if values:
            classes = {r["uncertainty"] for r in same}
            doubtful = len(values) > 1 or bool(classes & {"D", "E"})
            out.append(Listed(species, float(np.mean(values)), doubtful))
    return out


def read_parents(basis: str = BASIS) -> dict[str, Parent]:
    """All parents that are computed in a basis set, by key."""
    out = {}
    for path in sorted((FOLDER / basis).glob("*.json")):
        data = read_qcschema(path)
        coordinates = internal_coordinates(data.molecule)
        out[path.stem] = Parent(path.stem, data, coordinates, f_matrix(coordinates, data.hessian))
    return out


def modes_of(
    parent: Parent, isotopes: Masses, factors: Mapping[str, float] | None = None
) -> GFModes:
    """GF modes of an isotopologue, with the force constants scaled by type if asked."""
    f = parent.force_constants
    if factors is not None:
        field = scaled_field(parent, isotopes)
        f = field.matrix([factors[name] for name in field.names])
    by_atom: dict[int | str, int] = {atom: mass for atom, mass in isotopes.items()}  # noqa: C416
    molecule = parent.data.molecule.with_isotopes(by_atom)
    return wilson_gf(molecule, f, parent.coordinates)


def scaled_field(parent: Parent, isotopes: Masses) -> ScaledForceField:
    """The force field of an isotopologue of a parent with one factor per type."""
    types = factor_types(parent, isotopes)
    return ScaledForceField.from_types(parent.coordinates, parent.force_constants, types)


def factor_types(parent: Parent, isotopes: Masses) -> list[str]:
    """Type of each coordinate: those of `scale_types` ("sqm"), refined in three ways.

    Stretches and linear bends go by their elements, stretches and torsions by how short the bond
    is, so that those of multiple bonds and beside them are apart. Stretches of deuterium are
    apart from those of hydrogen: the factor stands for anharmonicity too, which depends on mass.
    """
    molecule = parent.data.molecule
    out = scale_types(parent.coordinates, "sqm")
    by_elements = coordinate_types(parent.coordinates)
    for i, c in enumerate(parent.coordinates):
        if c.kind == "linear bend":
            out[i] = by_elements[i]
        elif c.kind == "stretch" and "H" not in {molecule.symbols[s] for s in c.sites}:
            out[i] = by_elements[i] + shortness(molecule, *c.sites[:2])
        elif c.kind == "stretch" and any(isotopes.get(s) == 2 for s in c.sites):
            out[i] = out[i].replace("H stretch", "D stretch")
        elif c.kind == "torsion":
            out[i] += shortness(molecule, *c.sites[1:3])
    return out


def shortness(molecule: Molecule, a: int, b: int) -> str:
    """What a name says of a bond's length over the sum of the covalent radii."""
    length = np.linalg.norm(molecule.positions[a] - molecule.positions[b])
    ratio = length / (SINGLE[molecule.symbols[a]] + SINGLE[molecule.symbols[b]])
    return ", very short" if ratio < 0.85 else ", short" if ratio < 0.93 else ""


def species(printed: str, irreps: Sequence[str]) -> str:
    """The table's species in our notation, rule 2; ``irreps`` are those of the group."""
    name = printed.replace("«sigma»", "Σ").replace("«pi»", "Π").replace("f", "t")
    name = name[:1].upper() + name[1:]
    primed = any(label.endswith("'") for label in irreps)
    return name + "''" if primed and not name.endswith("'") else name


def permuted(label: str, order: Sequence[int]) -> str:
    """``label`` with the number of a B species replaced: B1 → B{order[0]} and so on."""
    if label[0] == "B" and label[1:2].isdigit():
        return f"B{order[int(label[1]) - 1]}{label[2:]}"
    return label


def pairs(listed: Sequence[Listed], modes: GFModes) -> list[tuple[Listed, Assignment, int]] | None:
    """Rules 2 to 4: each listed fundamental with a calculated one and its place within the irrep.

    None if no numbering of the axes gives the right number of fundamentals in every irrep.
    """
    calculated: dict[str, list[Assignment]] = {}
    for one in sorted(assignments(modes), key=lambda a: -a.wavenumber):
        calculated.setdefault(one.irrep, []).append(one)
    names = [i.label for i in modes.symmetry.group.character_table.irreps]
    best, least = None, np.inf
    for order in permutations((1, 2, 3)):
        by_irrep: dict[str, list[Listed]] = {}
        for row in sorted(listed, key=lambda r: -r.value):
            by_irrep.setdefault(permuted(species(row.species, names), order), []).append(row)
        if {k: len(v) for k, v in by_irrep.items()} != {k: len(v) for k, v in calculated.items()}:
            continue
        found = [
            (seen, mode, place)
            for irrep in by_irrep
            for place, (seen, mode) in enumerate(
                zip(by_irrep[irrep], calculated[irrep], strict=True)
            )
        ]
        deviation = float(np.mean([abs(0.965 * m.wavenumber - s.value) for s, m, _ in found]))
        if deviation < least - 1e-9:
            best, least = found, deviation
    return best


def compare(
    table: Mapping[str, Sequence[Listed]], parents: Mapping[str, Parent]
) -> tuple[list[Assigned], list[str]]:
    """All assigned fundamentals, and the records whose counts do not fit."""
    out, misfits = [], []
    for record, (key, isotopes) in RECORDS.items():
        if key not in parents or record not in table:
            continue
        found = pairs(table[record], modes_of(parents[key], isotopes))
        if found is None:
            misfits.append(record)
            continue
        out += [
            Assigned(
                key, record, tuple(isotopes.items()), mode.irrep, place,
                seen.value, mode.wavenumber, seen.doubtful, mode.shares,
            )
            for seen, mode, place in found
        ]  # fmt: skip
    return out, misfits


def global_factor(rows: Sequence[Assigned]) -> float:
    """The factor of least squared deviations, Σνω / Σω²."""
    seen = np.array([r.observed for r in rows])
    harmonic = np.array([r.calculated for r in rows])
    return float(seen @ harmonic / (harmonic @ harmonic))


def type_factors(
    rows: Sequence[Assigned], parents: Mapping[str, Parent], start: float
) -> dict[str, float]:
    """Factors of force constants by type, refined to the rows; ``start`` centres the prior."""
    members = []
    for key in dict.fromkeys(r.parent for r in rows):
        for own in _by_record(rows, key):
            field = scaled_field(parents[key], dict(own[0].isotopes))
            members.append((field, [_observed(parents[key], own)]))
    fit = refine_scaling(members, start=start, prior=0.1)
    return dict(zip(fit.names, fit.parameters.tolist(), strict=True))


def _by_record(rows: Sequence[Assigned], key: str) -> list[list[Assigned]]:
    own = [r for r in rows if r.parent == key]
    return [[r for r in own if r.record == name] for name in dict.fromkeys(r.record for r in own)]


def _observed(parent: Parent, rows: Sequence[Assigned]) -> Observed:
    by_irrep: dict[str, list[float | None]] = {}
    for row in sorted(rows, key=lambda r: r.place):
        by_irrep.setdefault(row.irrep, []).append(row.observed)
    molecule = parent.data.molecule.with_isotopes(dict(rows[0].isotopes))
    return observed(molecule, by_irrep, 10.0)


def left_out(rows: Sequence[Assigned], parents: Mapping[str, Parent]) -> NDArray[np.float64]:
    """Wavenumbers (n,) with type factors from all other parents, isotopologues left out too.

    A type that no other parent has gets the mean factor of its kind, or the square of the global
    factor of the others.
    """
    out = np.zeros(len(rows))
    for key in dict.fromkeys(r.parent for r in rows):
        others = [r for r in rows if r.parent != key]
        base = global_factor(others) ** 2
        known = type_factors(others, parents, base)
        for record in _by_record(rows, key):
            isotopes = dict(record[0].isotopes)
            names = scaled_field(parents[key], isotopes).names
            factors = {name: known.get(name, _of_kind(name, known, base)) for name in names}
            modes = modes_of(parents[key], isotopes, factors)
            by_irrep: dict[str, list[float]] = {}
            for irrep, value in sorted(modes.fundamentals(), key=lambda f: -f[1]):
                by_irrep.setdefault(irrep, []).append(value)
            for row in record:
                out[rows.index(row)] = by_irrep[row.irrep][row.place]
    return out


def _of_kind(name: str, factors: Mapping[str, float], base: float) -> float:
    same = [value for other, value in factors.items() if kind_of(other) == kind_of(name)]
    return float(np.mean(same)) if same else base


def shifts(rows: Sequence[Assigned], scaled: NDArray[np.float64]) -> list[tuple[str, float, float]]:
    """(record, observed, predicted) isotope shifts, cm⁻¹, between records of equal species.

    Only records of one parent with the same irreps throughout are compared, place by place.
    """
    out = []
    for key in dict.fromkeys(r.parent for r in rows):
        first, *rest = _by_record(rows, key)
        at = {(r.irrep, r.place): r for r in first}
        for other in rest:
            if {(r.irrep, r.place) for r in other} != set(at):
                continue
            for r in other:
                mate = at[r.irrep, r.place]
                predicted = float(scaled[rows.index(r)] - scaled[rows.index(mate)])
                out.append((r.record, r.observed - mate.observed, predicted))
    return out


def kind(row: Assigned) -> str:
    """Kind of the dominant coordinate; X–H stretches include those of deuterium."""
    return kind_of(row.coordinate)


def kind_of(name: str) -> str:
    """Kind of a type of coordinate or of factor."""
    if "stretch" in name:
        ends = name.partition(" ")[0].split("–")
        return "X–H stretch" if {"H", "D"} & set(ends) else "X–X stretch"
    return next(k for k in ("linear bend", "out-of-plane bend", "bend", "torsion") if k in name)


def degeneracy(row: Assigned) -> str:
    """Class of the irrep: "A, B" (Σ included), "E" (Π included) or "T"."""
    return {"E": "E, Π", "Π": "E, Π", "T": "T"}.get(row.irrep[0], "A, B, Σ")


def summary(
    table: Mapping[str, Sequence[Listed]], parents: Mapping[str, Parent]
) -> dict[str, object]:
    """All figures of the page; deviations are mean absolute ones in cm⁻¹."""
    rows, misfits = compare(table, parents)
    seen = np.array([r.observed for r in rows])
    factor = global_factor(rows)
    one = np.array([factor * r.calculated for r in rows])
    out = left_out(rows, parents)
    sure = np.array([not r.doubtful for r in rows])
    moved = {"one": shifts(rows, one), "types": shifts(rows, out)}

    def deviations(members: NDArray[np.bool_]) -> dict[str, float]:
        return {
            "n": int(members.sum()),
            "one": round(float(np.abs(one - seen)[members].mean()), 2),
            "types": round(float(np.abs(out - seen)[members].mean()), 2),
        }

    def grouped(names: Sequence[str]) -> dict[str, dict[str, float]]:
        return {n: deviations(np.array([m == n for m in names])) for n in sorted(set(names))}

    factors = type_factors(rows, parents, factor**2)
    worst = np.argsort(-np.abs(out - seen))[:10]
    return {
        "parents": len({r.parent for r in rows}),
        "records": len({r.record for r in rows}),
        "names": list(dict.fromkeys(r.parent for r in rows)),
        "misfits": misfits,
        "factor": round(factor, 4),
        "all": deviations(np.ones(len(rows), dtype=bool)),
        "not doubtful": deviations(sure),
        "type factors": {name: round(value, 3) for name, value in factors.items()},
        "by kind": grouped([kind(r) for r in rows]),
        "by degeneracy": grouped([degeneracy(r) for r in rows]),
        "by irrep": grouped([r.irrep for r in rows]),
        "shifts": {
            "n": len(moved["one"]),
            **{
                name: round(float(np.mean([abs(a - b) for _, a, b in found])), 2)
                for name, found in moved.items()
            },
        },
        "outliers": [
            f"{rows[i].record} {rows[i].irrep} {rows[i].place + 1}: "
            f"{one[i] - seen[i]:+.0f}, {out[i] - seen[i]:+.0f}"
            for i in worst
        ],
    }


def levels(
    table: Mapping[str, Sequence[Listed]], by_basis: Mapping[str, Mapping[str, Parent]]
) -> dict[str, dict[str, object]]:
    """Factor and deviations in each basis set, of the parents that all of them have."""
    common = sorted(set.intersection(*(set(parents) for parents in by_basis.values())))
    out = {}
    for basis, parents in by_basis.items():
        found = summary(table, {key: parents[key] for key in common})
        names = ("parents", "factor", "all", "not doubtful", "shifts")
        out[basis] = {name: found[name] for name in names}
    return out


def draw(table: Mapping[str, Sequence[Listed]], parents: Mapping[str, Parent]) -> None:
    """Deviations over the observed wavenumber, before and after factors by type."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows, _ = compare(table, parents)
    seen = np.array([r.observed for r in rows])
    panels = {
        "one scale factor": np.array([global_factor(rows) * r.calculated for r in rows]),
        "factors by type, left out": left_out(rows, parents),
    }
    kinds = np.array([kind(r) for r in rows])
    figure, axes = plt.subplots(1, 2, figsize=(9, 4.4), sharey=True, layout="constrained")
    for axis, (title, values) in zip(axes, panels.items(), strict=True):
        for name, marker in zip(np.unique(kinds), "osD^vP", strict=False):
            own = kinds == name
            axis.plot(seen[own], (values - seen)[own], marker, ms=4, alpha=0.75, label=name)
        mean = np.abs(values - seen).mean()
        axis.set(title=f"{title}: mean {mean:.1f} cm⁻¹", xlabel="observed / cm⁻¹")
        axis.axhline(0, color="black", lw=0.6)
    axes[0].set_ylabel("calculated − observed / cm⁻¹")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6, fontsize=8)
    figure.savefig(FIGURE, dpi=150)


def main() -> None:
    path = table_path()
    if path is None:
        raise SystemExit("no shimanouchi_half.json: set SPEKTRON_DATA to the folder of the data")
    table, by_basis = read_table(path), {basis: read_parents(basis) for basis in BASES}
    parents = by_basis[BASIS]
    found = summary(table, parents) | {"levels": levels(table, by_basis)}
    text = json.dumps(found, ensure_ascii=False, indent=1)
    SUMMARY.write_text(text + "\n")
    draw(table, parents)
    print(text)


if __name__ == "__main__":
    main()
