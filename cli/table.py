"""``spektron table GROUP``: the character table of a point group and what follows from it.

A table that is wider than the page (80 columns in a pipe or file) is split: first the
characters, if need be in several blocks of classes, then the basis functions.

With ``--json`` standard output is one object::

    group, order, has_inversion, is_chiral      order is null for C∞v, D∞h and Kh
    separated         whether complex-conjugate pairs stand apart, as ¹E and ²E
    classes           [{label, size}]; size is null for a continuous group
    irreps            [{label, dimension, characters, values, basis, ir, raman, hyper_raman,
                      vcd, roa, silent}]; characters are exact text; values are floats, in a
                      separated table with complex entries [re, im], null for a continuous group;
                      of a continuous group the first irreps, up to Φ or F
    root              with complex entries: what ε in the characters is, "exp(2πi/3)"
    operations        with --operations: [{label, improper, turn, axis, matrix}]; turn is the
                      fraction of a full turn about the axis, "1/6"; standard axes
    products          with --products: [{left, right, product}], each pair once
    correlations      with --correlate: [{subgroup, axes, irreps}], one for each way in which
                      the subgroup lies in the group; irreps maps label to restriction
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .grid import Grid
from .options import AsJson
from .output import (
    Json,
    activity_json,
    columns,
    console,
    facts,
    group_json,
    group_text,
    print_json,
    show,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..pointgroup import Activity, CharacterTable, ContinuousTable, Correlation, PointGroup

    AnyTable = CharacterTable | ContinuousTable


def table(
    group: Annotated[
        str,
        typer.Argument(
            metavar="GROUP",
            show_default=False,
            help="Schoenflies symbol: C2v, D6h, S8, Td, Ih, Cinfv, D*h.",
        ),
    ],
    separated: Annotated[
        bool, typer.Option("--separated", help="Complex-conjugate pairs as ¹E and ²E.")
    ] = False,
    operations: Annotated[
        bool, typer.Option("--operations", help="List every operation with its axis.")
    ] = False,
    products: Annotated[
        bool, typer.Option("--products", help="Direct products of the irreps.")
    ] = False,
    subgroup: Annotated[
        str | None,
        typer.Option("--correlate", metavar="SUBGROUP", help="Irreps as those of a subgroup."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Character table and selection rules of a point group.

    Direct products, correlation with a subgroup and the operations are printed on request.
    """
    from ..pointgroup import PointGroup, correlate

    whole = PointGroup(group)
    correlations = correlate(whole, PointGroup(subgroup)) if subgroup else ()
    chosen = Choice(whole, separated, operations, products, correlations)
    if as_json:
        print_json(_record(chosen))
    else:
        show(*_page(chosen))


LARGEST_PRODUCT_TABLE = 60
"""Irreps up to which all direct products are printed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked about a group."""

    group: PointGroup
    separated: bool
    operations: bool
    products: bool
    correlations: tuple[Correlation, ...]

    @property
    def table(self) -> AnyTable:
        """The table with complex-conjugate pairs as they are asked for."""
        merged = self.group.character_table
        return merged.separated() if self.separated and hasattr(merged, "separated") else merged


# ---- for people ----


def _page(chosen: Choice) -> Iterator[RenderableType | str]:
    group, merged = chosen.group, chosen.group.character_table
    yield f"{group}: {group_text(group)}"
    yield Grid.of(str(chosen.table)).fitted(console().width)
    yield facts(_activity_rows(merged))
    if chosen.operations:
        yield "Operations in the standard frame:"
        yield _operation_table(group)
    if chosen.products:
        yield from _product_parts(merged)
    if chosen.correlations:
        yield f"Correlation of {group} with {chosen.correlations[0].subgroup}:"
        yield facts((_numbered(k), c.axes) for k, c in enumerate(chosen.correlations, start=1))
        yield _correlation_table(merged, chosen.correlations)


def _activities(table: AnyTable) -> list[tuple[str, Activity]]:
    from ..pointgroup import SelectionRules

    rules = SelectionRules.of(table.group)
    return [(i.label, rules.activity(i)) for i in table.irreps]


def _activity_rows(table: AnyTable) -> Iterator[tuple[str, str]]:
    activities = _activities(table)
    for name, key in (
        ("IR", "ir"),
        ("Raman", "raman"),
        ("hyper-Raman", "hyper_raman"),
        ("silent", "silent"),
    ):
        labels = [label for label, activity in activities if getattr(activity, key)]
        if key == "silent" and table.group.is_continuous:
            labels.append("and all that are not listed")
        yield name, ", ".join(labels) or "none"


def _operation_table(group: PointGroup) -> RenderableType:
    rows = (
        (
            o.label,
            "" if o.axis is None else f"{360 * float(o.turn):.6g}°",
            *(["", "", ""] if o.axis is None else [f"{c:.4f}" for c in o.axis + 0.0]),
        )
        for o in group.operations
    )
    return columns(["operation", "turn", "axis x", "y", "z"], rows)


def _product_parts(table: AnyTable) -> Iterator[RenderableType | str]:
    """All products in a square if that fits on the page, else in a list.

    Of a direct product with {E, i} or {E, σh} the even half tells all, and is shown if the
    whole does not fit.
    """
    labels = [i.label for i in table.irreps]
    cells = {(a, b): text for a, b, text in _products(table)}
    title, rule = "Direct products; [ ] marks the antisymmetric part of a square", ""
    if not _square_fits(labels, cells):
        labels, rule = _even_half(labels)
    yield f"{title}{rule}:"
    if _square_fits(labels, cells):
        yield columns(["", *labels], _square(labels, cells), left=len(labels) + 1)
        return
    pairs = combinations_with_replacement(labels, 2)
    yield columns(["factors", "product"], ((f"{a} × {b}", cells[a, b]) for a, b in pairs), left=2)


def _square(labels: list[str], cells: dict[tuple[str, str], str]) -> list[list[str]]:
    return [[a, *(cells.get((a, b), "") for b in labels)] for a in labels]


def _square_fits(labels: list[str], cells: dict[tuple[str, str], str]) -> bool:
    widths = [max(map(len, column)) for column in zip(*_square(labels, cells), strict=True)]
    return sum(widths) + 2 * len(widths) <= console().width


def _even_half(labels: list[str]) -> tuple[list[str], str]:
    """Labels with g, or with one prime, and the rule for the others; else all labels."""
    rule = ";\nwith {1} for {0} in one factor the product gets {1}, in both it stays"
    if all("g" in label or "u" in label for label in labels):
        return [k for k in labels if "g" in k], rule.format("g", "u")
    if all(label.endswith("'") for label in labels):
        return [k for k in labels if not k.endswith("''")], rule.format("'", "''")
    return labels, ""


def _pairs(table: AnyTable) -> Iterator[tuple[str, str]]:
    """All pairs of irreps, each once.

    Raises
    ------
    GroupError
        If there are too many to print.
    """
    from ..pointgroup.errors import GroupError

    labels = [i.label for i in table.irreps]
    if len(labels) > LARGEST_PRODUCT_TABLE:
        raise GroupError(
            f"{table.group} has {len(labels)} irreps: products are tabulated up to "
            f"{LARGEST_PRODUCT_TABLE}; multiply single irreps in Python"
        )
    return combinations_with_replacement(labels, 2)


def _products(table: AnyTable) -> Iterator[tuple[str, str, str]]:
    """Labels of two irreps, and their product with the antisymmetric part of a square in [ ]."""
    for a, b in _pairs(table):
        left = table.representation(a)
        if a != b:
            yield a, b, str(left * table.representation(b))
            continue
        terms = [(table.index(i), str(i), m) for i, m in left.symmetric_power(2).terms]
        odd = [(table.index(i), f"[{i}]", m) for i, m in left.antisymmetric_power(2).terms]
        both = sorted(terms + odd)
        yield a, b, " + ".join(f"{m if m > 1 else ''}{name}" for _, name, m in both)


def _numbered(k: int) -> str:
    return f"({k})"


def _correlation_table(table: AnyTable, correlations: tuple[Correlation, ...]) -> RenderableType:
    rows = ([i.label, *(str(c.irreps[i.label]) for c in correlations)] for i in table.irreps)
    heads = [str(table.group), *(_numbered(k + 1) for k in range(len(correlations)))]
    return columns(heads, rows, left=len(heads))


# ---- for programs ----


def _record(chosen: Choice) -> Json:
    """The JSON object; the schema is in the docstring of the module."""
    group, shown = chosen.group, chosen.table
    out: Json = {**group_json(group), "separated": chosen.separated}
    out["classes"] = _classes_json(shown)
    out["irreps"] = _irreps_json(shown)
    if notes := Grid.of(str(shown)).notes:
        out["root"] = notes[0].partition(" = ")[2]
    if chosen.operations:
        out["operations"] = _operations_json(group)
    if chosen.products:
        out["products"] = _products_json(group.character_table)
    if chosen.correlations:
        out["correlations"] = [_correlation_json(c) for c in chosen.correlations]
    return out


def _classes_json(table: AnyTable) -> list[Json]:
    labels = [head.strip() for head in Grid.of(str(table)).heads]
    if table.group.is_continuous:
        return [{"label": label, "size": None} for label in labels]
    sizes = [c.size for c in table.group.classes]
    return [{"label": k, "size": n} for k, n in zip(labels, sizes, strict=True)]


def _irreps_json(table: AnyTable) -> list[Json]:
    from ..pointgroup import basis_sets

    grid = Grid.of(str(table))
    values = _values(table)
    activities = dict(_activities(table.group.character_table))
    functions = basis_sets(table.group)
    out = []
    for irrep, cells, row in zip(table.irreps, grid.cells, values, strict=True):
        merged = irrep.label.lstrip("¹²")
        out.append(
            {
                "label": irrep.label,
                "dimension": irrep.dimension,
                "characters": [cell.strip() for cell in cells],
                "values": row,
                "basis": [str(b) for b in functions if b.irrep == merged],
                **activity_json(activities[merged]),
            }
        )
    return out


def _values(table: AnyTable) -> list[Any]:
    """Characters as numbers, complex ones as [re, im]; None for a continuous group."""
    numbers = getattr(table, "values", None)
    if numbers is None:
        return [None] * len(table.irreps)
    if numbers.dtype.kind == "c":
        return [[[float(z.real), float(z.imag)] for z in row] for row in numbers]
    return [[float(x) for x in row] for row in numbers]


def _operations_json(group: PointGroup) -> list[Json]:
    return [
        {
            "label": o.label,
            "improper": o.improper,
            "turn": str(o.turn),
            "axis": None if o.axis is None else o.axis.tolist(),
            "matrix": o.matrix.tolist(),
        }
        for o in group.operations
    ]


def _products_json(table: AnyTable) -> list[Json]:
    return [
        {"left": a, "right": b, "product": str(table.representation(a) * table.representation(b))}
        for a, b in _pairs(table)
    ]


def _correlation_json(correlation: Correlation) -> Json:
    return {
        "subgroup": str(correlation.subgroup),
        "axes": correlation.axes,
        "irreps": {label: str(parts) for label, parts in correlation.irreps.items()},
    }
