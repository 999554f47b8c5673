"""The text of a character table, set on a page of any width."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Grid:
    """The text of a character table taken apart, to be set on a page of any width.

    Attributes
    ----------
    heads : tuple of str
        Labels of the classes, padded to the widths of their columns.
    names : tuple of str
        The group, then its irreps, padded.
    cells : tuple of tuple of str
        A row for each irrep, padded like ``heads``.
    functions : tuple of str
        Basis functions of each irrep.
    notes : tuple of str
        Lines under the table.
    """

    heads: tuple[str, ...]
    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    functions: tuple[str, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Grid:
        """Take a printed table apart; columns end where the labels of the classes end."""
        top, _, *lines = text.splitlines()
        rows = [line.split("│") for line in lines if "│" in line]
        corner, middle, _ = top.split("│")
        edges = [0, *(m.end() for m in re.finditer(r"\S+", middle))]

        def cut(part: str) -> tuple[str, ...]:
            return tuple(part[a:b] for a, b in pairwise(edges))

        return cls(
            cut(middle),
            (corner, *(r[0] for r in rows)),
            tuple(cut(r[1]) for r in rows),
            tuple(r[2].strip() for r in rows),
            tuple(line for line in lines if "│" not in line),
        )

    def fitted(self, width: int) -> str:
        """The table in at most ``width`` columns, where a single class needs no more."""
        whole = self._block(range(len(self.heads)), with_functions=True)
        if max(map(len, whole)) <= width:
            return "\n".join([*whole, *self.notes])
        blocks = ["\n".join(self._block(part)) for part in self._parts(width)]
        notes = ["\n".join(self.notes)] if self.notes else []
        return "\n\n".join([*blocks, *notes, "\n".join(self._function_lines(width))])

    def _parts(self, width: int) -> Iterator[range]:
        """Runs of columns that fit side by side."""
        first, used = 0, len(self.names[0]) + 3
        for column, head in enumerate(self.heads):
            if column > first and used + len(head) > width:
                yield range(first, column)
                first, used = column, len(self.names[0]) + 3
            used += len(head)
        yield range(first, len(self.heads))

    def _block(self, part: range, *, with_functions: bool = False) -> list[str]:
        rows = [self.heads, *self.cells]
        ends = ["", *self.functions] if with_functions else [""] * len(rows)
        body = ["".join(row[c] for c in part) for row in rows]
        rule = "─" * len(self.names[0]) + "┼" + "─" * len(body[0])
        if with_functions:
            rule += "─┼" + "─" * (max(map(len, ends)) + 1)
        bar = " │ " if with_functions else ""
        lines = [
            f"{name}│{cells}{bar}{end}".rstrip()
            for name, cells, end in zip(self.names, body, ends, strict=True)
        ]
        return [lines[0], rule, *lines[1:]]

    def _function_lines(self, width: int) -> Iterator[str]:
        yield "Basis functions: linear and rotations; quadratic; cubic"
        indent = " " * (len(self.names[0]) + 1)
        for name, text in zip(self.names[1:], self.functions, strict=True):
            if text:
                yield textwrap.fill(
                    f"{name} {text}", width, subsequent_indent=indent, break_on_hyphens=False
                )
