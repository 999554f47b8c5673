"""Character tables as text, the way textbooks print them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from .basis import BasisSet, basis_sets
from .characters import CharacterTable
from .continuous import ContinuousTable
from .cyclotomic import IntArray
from .groups import PointGroup
from .operations import SUPERSCRIPTS

CONTINUOUS_CLASSES = {
    "C∞v": ("E", "2C∞(φ)", "∞σv"),
    "D∞h": ("E", "2C∞(φ)", "∞σv", "i", "2S∞(φ)", "∞C2'"),
    "Kh": ("E", "∞C∞(φ)", "i", "∞S∞(φ)"),
}
"""Labels of the classes of a continuous group; φ is the angle of rotation."""


def table_text(table: CharacterTable) -> str:
    """Classes across, irreps down, basis functions at the right; under a separated table, ε."""
    exact = [[exact_text(v) for v in row] for row in table.to_sympy().tolist()]
    n = lcm(*(v.turn.denominator for row in exact for v in row if isinstance(v, _Root)))
    rows = [[v.text(n) if isinstance(v, _Root) else v for v in row] for row in exact]
    heads = [c.label for c in table.classes]
    names = [i.label for i in table.irreps]
    grid = _grid(str(table.group), heads, names, rows, _functions_by_irrep(table.group))
    return grid if n == 1 else f"{grid}\nε = exp(2πi/{n})"


def continuous_table_text(table: ContinuousTable) -> str:
    """The first irreps of C∞v, D∞h or Kh with φ the rotation angle."""
    heads = list(CONTINUOUS_CLASSES[table.group.family])
    names = [i.label for i in table.irreps]
    rows = [_continuous_row(table, name) for name in names]
    return _grid(str(table.group), heads, names, rows, _functions_by_irrep(table.group))


def _continuous_row(table: ContinuousTable, label: str) -> list[str]:
    return continuous_cells(table, table.character(table.representation(label)))


def continuous_cells(table: ContinuousTable, chi: IntArray) -> list[str]:
    """A class function of a continuous group as text, one cell for each class of the table.

    ``chi`` is as `ContinuousTable.character` gives it: a row for each component, and in it
    the coefficients of exp(imφ), in the order of m.
    """
    cells = []
    middle = chi.shape[1] // 2
    for row, component in enumerate(chi):
        if table.group.family != "Kh" and row % 2:
            cells.append(str(component[middle]))
            continue
        # S∞(φ) is i·C∞(φ + π), which changes the sign of the odd harmonics.
        signs = [-1 if row and m % 2 else 1 for m in range(middle + 1)]
        harmonics = [int(c) for c in component[middle:]]
        cells.append(str(component.sum()))
        cells.append(_cosine_series([s * c for s, c in zip(signs, harmonics, strict=True)]))
    return cells


def _cosine_series(coefficients: Sequence[int]) -> str:
    """Cosine series of a character, from its coefficients a, b, c: a + 2b cos φ + 2c cos 2φ."""
    constant, *others = coefficients
    text = str(constant) if constant or not any(others) else ""
    for m, c in enumerate(others, start=1):
        if c:
            sign = "-" if c < 0 else ("+" if text else "")
            text += f"{sign}{2 * abs(c)}cos {'' if m == 1 else m}φ"
    return text


@dataclass(frozen=True, slots=True)
class _Root:
    """±exp(2πi·turn), with the sign chosen so that the denominator of ``turn`` is small."""

    negative: bool
    turn: Fraction

    def text(self, n: int) -> str:
        """±ε to a power, where ε = exp(2πi/n)."""
        power = int(self.turn * n)
        raised = "" if power == 1 else str(power).translate(SUPERSCRIPTS)
        return ("-" if self.negative else "") + "ε" + raised


def exact_text(value: Any) -> str | _Root:
    """``2``, ``-1``, ``√2``, ``(1+√5)/2``, ``2cos(2π/7)``, or a complex root of unity."""
    import sympy

    if value.is_Integer:
        return str(value)
    if value.has(sympy.exp) or value.has(sympy.I):
        turn = Fraction(*(sympy.arg(value) / (2 * sympy.pi)).as_numer_denom()) % 1
        opposite = (turn + Fraction(1, 2)) % 1
        negative = opposite.denominator < turn.denominator
        return _Root(negative, opposite if negative else turn)
    if value.is_Add and all(term.is_negative for term in value.args):
        return f"-{exact_text(-value)}"
    text = str(sympy.together(value)).replace(" ", "").replace("*", "").replace("pi", "π")
    return re.sub(r"sqrt\((\d+)\)", r"√\1", text)


def _functions_by_irrep(group: PointGroup) -> dict[str, str]:
    out: dict[str, list[list[BasisSet]]] = {}
    for basis in basis_sets(group):
        columns = out.setdefault(basis.irrep, [[], [], []])
        columns[max(basis.degree - 1, 0)].append(basis)
    return {
        label: "; ".join(", ".join(map(str, column)) for column in columns if column)
        for label, columns in out.items()
    }


def _grid(
    corner: str,
    heads: list[str],
    names: list[str],
    rows: list[list[str]],
    functions: dict[str, str],
) -> str:
    left = max(map(len, [corner, *names]))
    widths = [max(len(r[j]) for r in [heads, *rows]) for j in range(len(heads))]
    right = [functions.get(name.lstrip("¹"), "") for name in names]
    lines = [_line(corner, heads, "", left, widths)]
    spans = (left + 1, sum(widths) + len(widths) + 1, max(map(len, right)) + 1)
    lines.append("┼".join("─" * span for span in spans))
    lines += [_line(n, r, f, left, widths) for n, r, f in zip(names, rows, right, strict=True)]
    return "\n".join(lines)


def _line(name: str, cells: list[str], end: str, left: int, widths: list[int]) -> str:
    body = " ".join(c.rjust(w) for c, w in zip(cells, widths, strict=True))
    return f"{name.ljust(left)} │ {body} │ {end}".rstrip()
