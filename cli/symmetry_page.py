"""What ``spektron symmetry`` tells about a molecule.

With ``--json`` standard output is one list with an object per molecule, in the order given::

    input, record     the input as typed; the number of the record in it, from 1
    name, formula, n_atoms
    group, order, has_inversion, is_chiral      order is null for C∞v, D∞h and Kh
    tolerance, rms_deviation                    Å; tolerance is null where it was estimated
    largest_deviation                           {atom, symbol, distance in Å}
    classes           labels of the classes of operations: ["E", "2C6", …]
    gamma_vib         "2A1g + A2g + …"
    irreps            [{irrep, multiplicity, dimension, modes, ir, raman, hyper_raman, vcd,
                      roa, silent}], those in gamma_vib
    modes, fundamentals     {n_vib, n_ir, n_raman, n_both, n_ir_only, n_raman_only, n_silent,
                      n_hyper_raman, n_vcd, n_roa}; each degenerate set counts with its
                      dimension in modes, once in fundamentals
    R, R_fundamentals, sum_ratio    "19/30", and as floats R_value, R_fundamentals_value,
                      sum_ratio_value; null for a single atom.
                      sum_ratio is (N_IR + N_Raman) / (3N − 6), which is not R;
                      null for two atoms as well
    silent            [{irrep, modes, reason}]
    operations        with --operations: [{label, axis, matrix, permutation, n_unmoved}] in the
                      frame of the input, about origin (Å); atom i goes to the place of atom
                      permutation[i]; for a linear molecule those that differ as permutations
    ladder            with --ladder: [{group, order, rms}], groups with the RMS displacement
                      (Å) from which the geometry has them, up to 0.3 Å
    origin, frame     with --operations: fixed point (Å); rows are the standard axes x, y, z
    overtones, combinations     with --overtones: [{irreps, levels, ir, raman, …}]

Atoms are numbered from 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .inputs import is_smiles
from .ladder import ladder_json, ladder_table
from .output import (
    Json,
    activity_json,
    columns,
    facts,
    fraction_json,
    fraction_text,
    group_json,
    group_text,
    yes,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..pointgroup import ModeCounts, PointGroup, SilentReason, Symmetry, Transition


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about one molecule.

    Attributes
    ----------
    input : str
        As typed.
    record : int
        Number of the molecule in the input, from 1.
    symmetry : Symmetry
    counts : ModeCounts
    """

    input: str
    record: int
    symmetry: Symmetry
    counts: ModeCounts


@dataclass(frozen=True, slots=True)
class Extra:
    """What is told about each molecule besides the usual.

    Attributes
    ----------
    operations, overtones, ladder : bool
    """

    operations: bool
    overtones: bool
    ladder: bool


# ---- for people ----


def page(answer: Answer, extra: Extra) -> Iterator[RenderableType | str]:
    """The parts of the text about one molecule."""
    found, counts = answer.symmetry, answer.counts
    yield facts(_findings(answer))
    if extra.ladder:
        yield "The group of this geometry against tolerance:"
        yield ladder_table(found.ladder)
    if extra.operations:
        yield _operation_table(found)
    if not counts.n_vib:
        yield "R is not defined: a single atom has no vibrations."
        return
    yield _irrep_table(counts)
    yield _count_table(counts)
    yield facts(_ratios(counts))
    if counts.n_silent:
        yield "Why modes are silent:"
        yield facts((_silent_head(r), r.text) for r in counts.silent_reasons())
    if extra.overtones:
        yield "First overtones, two quanta in one fundamental:"
        yield _transition_table((f"{t.irreps[0]}²", t) for t in counts.overtones())
        yield "Binary combinations, one quantum in each of two fundamentals:"
        yield _transition_table((" × ".join(t.irreps), t) for t in counts.combinations())


def _findings(answer: Answer) -> Iterator[tuple[str, str]]:
    molecule, found = answer.symmetry.molecule, answer.symmetry
    yield "molecule", f"{title(answer)}: {molecule.formula}, {_counted(molecule.n_atoms, 'atom')}"
    if molecule.n_atoms > 1 and is_smiles(answer.input):
        yield "geometry", "made from the SMILES: lowest force-field or electron-pair minimum"
    yield "point group", f"{found.group} ({group_text(found.group)})"
    atom = int(found.deviations.argmax())
    yield (
        "deviation",
        f"RMS {found.rms:.4f} Å, largest {found.deviations[atom]:.4f} Å at atom {atom + 1} "
        f"({molecule.symbols[atom]}); {_tolerance_text(found.tolerance)}",
    )
    yield "operations", "  ".join(class_labels(found.group))
    yield "Γvib", str(answer.counts.representation) if answer.counts.n_vib else "none"


def title(answer: Answer) -> str:
    """The input, with the number of the record unless it is the first."""
    return answer.input if answer.record == 1 else f"{answer.input}, record {answer.record}"


def _tolerance_text(tolerance: float | None) -> str:
    if tolerance is None:
        return "tolerance estimated"
    return f"tolerance {tolerance:g} Å"


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def class_labels(group: PointGroup) -> list[str]:
    """Labels of the classes of operations, also of a continuous group."""
    if group.is_continuous:
        return str(group.character_table).split("│")[1].split()
    return [c.label for c in group.classes]


def _operation_table(found: Symmetry) -> RenderableType:
    rows = (
        (o.label, *_axis_cells(found, k), str(found.n_unmoved(k)))
        for k, o in enumerate(found.operations)
    )
    return columns(["operation", "axis x", "y", "z", "atoms in place"], rows)


def _axis_cells(found: Symmetry, k: int) -> list[str]:
    axis = _axis(found, k)
    return ["", "", ""] if axis is None else [f"{c:.4f}" for c in axis]


def _axis(found: Symmetry, k: int) -> list[float] | None:
    """Axis of an operation (the normal of a mirror plane) in the frame of the input.

    It is the one that the label refers to: C3² turns by 240° about the axis of its C3.
    """
    import numpy as np

    if found.group.is_continuous:
        proper = found.operations[k].matrix * np.linalg.det(found.operations[k].matrix)
        axis = None if proper[0, 0] + proper[1, 1] > 1.9 else np.linalg.eigh(proper)[1][:, -1]
    else:
        axis = found.group.operations[k].axis
        axis = None if axis is None else axis @ found.frame
    return None if axis is None else [float(c) for c in np.round(axis, 10) + 0.0]


def _irrep_table(counts: ModeCounts) -> RenderableType:
    rows = []
    for irrep, n in counts.representation.terms:
        a = counts.activity(irrep.label)
        rows.append(
            [
                irrep.label,
                *map(str, (n, irrep.dimension, n * irrep.dimension)),
                *map(yes, (a.ir, a.raman, a.hyper_raman)),
                "silent" if a.silent else "",
            ]
        )
    heads = ["irrep", "n", "dim", "modes", "IR", "Raman", "hyper-Raman", ""]
    return columns(heads, rows)


def _count_table(counts: ModeCounts) -> RenderableType:
    rows = [
        [
            name,
            *map(str, (t.n_vib, t.n_ir, t.n_raman, t.n_ir_only, t.n_raman_only, t.n_both)),
            str(t.n_silent),
        ]
        for name, t in (("modes", counts.modes), ("fundamentals", counts.fundamentals))
    ]
    heads = ["", "all", "IR", "Raman", "IR only", "Raman only", "both", "silent"]
    return columns(heads, rows)


def _ratios(counts: ModeCounts) -> Iterator[tuple[str, str]]:
    modes, sets = counts.modes, counts.fundamentals
    yield "hyper-Raman", f"{modes.n_hyper_raman} modes, {sets.n_hyper_raman} fundamentals"
    if counts.group.is_chiral:
        yield "VCD, ROA", f"chiral: VCD shows {modes.n_vcd} modes, ROA {modes.n_roa}"
    else:
        yield "VCD, ROA", f"none: {counts.group} is not chiral"
    assert counts.R is not None
    assert counts.R_fundamentals is not None
    yield "R", f"{fraction_text(counts.R)} = (N_vib − N_silent)/N_vib"
    yield "R fundamentals", f"{fraction_text(counts.R_fundamentals)}, degenerate sets counted once"
    if counts.sum_ratio is not None:
        ratio = fraction_text(counts.sum_ratio)
        yield "sum ratio", f"{ratio} is (N_IR + N_Raman)/(3N − 6), not R"


def _silent_head(reason: SilentReason) -> str:
    return f"{reason.irrep} ({_counted(reason.n_modes, 'mode')})"


def _transition_table(named: Iterable[tuple[str, Transition]]) -> RenderableType:
    rows = (
        (name, str(t.levels), *map(yes, (t.activity.ir, t.activity.raman))) for name, t in named
    )
    return columns(["excited", "levels", "IR", "Raman"], rows, left=2)


# ---- for programs ----


def record(answer: Answer, extra: Extra) -> Json:
    """The JSON object of one molecule; see the module."""
    found, counts = answer.symmetry, answer.counts
    out: Json = {"input": answer.input, "record": answer.record, **_found_json(found)}
    out |= {
        "gamma_vib": str(counts.representation),
        "irreps": _irreps_json(counts),
        "modes": asdict(counts.modes),
        "fundamentals": asdict(counts.fundamentals),
        **fraction_json("R", counts.R),
        **fraction_json("R_fundamentals", counts.R_fundamentals),
        **fraction_json("sum_ratio", counts.sum_ratio),
        "silent": [
            {"irrep": r.irrep, "modes": r.n_modes, "reason": r.text}
            for r in counts.silent_reasons()
        ],
    }
    if extra.ladder:
        out["ladder"] = ladder_json(found.ladder)
    if extra.operations:
        out |= _operations_json(found)
    if extra.overtones:
        out["overtones"] = [_transition_json(t) for t in counts.overtones()]
        out["combinations"] = [_transition_json(t) for t in counts.combinations()]
    return out


def _found_json(found: Symmetry) -> Json:
    molecule = found.molecule
    atom = int(found.deviations.argmax())
    return {
        "name": molecule.name,
        "formula": molecule.formula,
        "n_atoms": molecule.n_atoms,
        **group_json(found.group),
        "tolerance": found.tolerance,
        "rms_deviation": found.rms,
        "largest_deviation": {
            "atom": atom + 1,
            "symbol": molecule.symbols[atom],
            "distance": float(found.deviations[atom]),
        },
        "classes": class_labels(found.group),
    }


def _irreps_json(counts: ModeCounts) -> list[Json]:
    return [
        {
            "irrep": irrep.label,
            "multiplicity": n,
            "dimension": irrep.dimension,
            "modes": n * irrep.dimension,
            **activity_json(counts.activity(irrep.label)),
        }
        for irrep, n in counts.representation.terms
    ]


def _operations_json(found: Symmetry) -> Json:
    return {
        "operations": [
            {
                "label": o.label,
                "axis": _axis(found, k),
                "matrix": o.matrix.tolist(),
                "permutation": (o.permutation + 1).tolist(),
                "n_unmoved": found.n_unmoved(k),
            }
            for k, o in enumerate(found.operations)
        ],
        "origin": found.origin.tolist(),
        "frame": found.frame.tolist(),
    }


def _transition_json(transition: Transition) -> Json:
    return {
        "irreps": list(transition.irreps),
        "levels": str(transition.levels),
        **activity_json(transition.activity),
    }
