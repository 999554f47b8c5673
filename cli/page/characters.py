"""Class functions as cells of a table, and the character table itself."""

from __future__ import annotations

from typing import Any

from ...pointgroup import CharacterTable, ContinuousTable, PointGroup, basis_sets
from ...pointgroup.theory.cyclotomic import IntArray
from ...pointgroup.theory.display import CONTINUOUS_CLASSES, continuous_cells, exact_text
from .markup import Markup, joined, table, tag

Table = CharacterTable | ContinuousTable


def heads(of: Table) -> list[str]:
    """Labels of the classes."""
    if isinstance(of, CharacterTable):
        return [c.label for c in of.classes]
    return list(CONTINUOUS_CLASSES[of.group.family])


def cells(of: Table, chi: IntArray) -> list[str]:
    """A class function as exact text, one cell for each class.

    >>> table = PointGroup("C5v").character_table
    >>> cells(table, table.vector)
    ['3', '(1+√5)/2', '(1−√5)/2', '1']
    >>> linear = PointGroup("C∞v").character_table
    >>> cells(linear, linear.vector)
    ['3', '1+2cos φ', '1']
    """
    if isinstance(of, CharacterTable):
        return [exact(of, element) for element in chi]
    return [_minus(text) for text in continuous_cells(of, chi)]


def exact(of: CharacterTable, element: Any) -> str:
    """An element of the ring of characters as text; sympy is asked only if it is irrational."""
    if not element[1:].any():
        return _minus(str(int(element[0])))
    return _minus(str(exact_text(of.ring.to_sympy(element))))


def _minus(text: str) -> str:
    return text.replace("-", "−")


def character_table(group: PointGroup, present: frozenset[str] = frozenset()) -> Markup:
    """The character table; rows of irreps in ``present`` are marked."""
    of = group.character_table
    columns: dict[str, list[list[str]]] = {}
    for basis in basis_sets(group):
        columns.setdefault(basis.irrep, [[], [], []])[max(basis.degree - 1, 0)].append(str(basis))
    rows = []
    for irrep in of.irreps:
        chi = of.character(of.representation(irrep.label))
        functions = [", ".join(c) for c in columns.get(irrep.label, [[], [], []])]
        name = tag("span", irrep.label, class_="present" if irrep.label in present else None)
        rows.append(
            [name, *cells(of, chi), *(tag("span", f, class_="functions") for f in functions)]
        )
    right = [tag("span", t, class_="functions") for t in ("x, y, z, R", "quadratic", "cubic")]
    titles = [str(group), *heads(of), *right]
    return joined(
        table(titles, rows, caption=f"Character table of {group}", class_="characters"),
        _about(of, present),
    )


def _about(of: Table, present: frozenset[str]) -> Markup:
    texts = []
    if present:
        texts.append("Irreps in bold occur among the vibrations.")
    if isinstance(of, CharacterTable):
        if (of.norms == 2).any():
            texts.append("Each E of norm 2 is a pair of complex-conjugate representations, merged.")
    else:
        texts.append("The list of irreps goes on without end; φ is the angle of rotation.")
    return tag("p", " ".join(texts), class_="remark")
