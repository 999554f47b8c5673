"""Γ_vib worked by hand: unmoved atoms, χ(3N), minus translations and rotations, reduction."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ...pointgroup import CharacterTable, ModeCounts, Symmetry
from ...pointgroup.counts import atom_character, rotations
from ...pointgroup.selection import translations
from .characters import cells, exact, heads
from .markup import Child, Markup, joined, table, tag


def worked(symmetry: Symmetry, counts: ModeCounts) -> Markup:
    """The steps, as a table with one column for each class, and the reduction under it."""
    of: Any = symmetry.group.character_table
    unmoved = atom_character(symmetry)
    total = of.multiply(unmoved, of.vector)
    moved, turned = translations(symmetry.group), rotations(symmetry.group)
    chi_moved, chi_turned = of.character(moved), of.character(turned)
    vibrations = of.add(total, -of.add(chi_moved, chi_turned))
    rows: list[list[Child]] = [
        ["atoms left in place, N(R)", *cells(of, unmoved)],
        ["each contributes χ(x, y, z)", *cells(of, of.vector)],
        ["χ(3N) = N(R) · χ(x, y, z)", *cells(of, total)],
        ["− χ(translations)", *cells(of, chi_moved)],
        ["− χ(rotations)", *cells(of, chi_turned)],
        [tag("strong", "χ(vib)"), *(tag("strong", c) for c in cells(of, vibrations))],
    ]
    if isinstance(of, CharacterTable):
        rows.insert(1, ["turn by θ", *_angles(of)])
    return joined(
        tag(
            "p",
            "Only atoms that an operation leaves in place have entries on the diagonal of its "
            "matrix. Each adds the character of x, y, z there: 1 + 2 cos θ for a turn by θ, "
            "−1 + 2 cos θ where a reflection follows.",
        ),
        table(["", *heads(of)], rows, caption="Characters, class by class", class_="gamma"),
        _sums(symmetry, counts, of.decompose(total), moved, turned),
        _reduction(of, vibrations, counts),
    )


def _angles(of: CharacterTable) -> list[str]:
    out = []
    for c in of.classes:
        degrees = c.representative.turn * 360
        text = f"{float(degrees):.5g}°"
        out.append(text + (", σ" if c.representative.improper else ""))
    return out


def _sums(symmetry: Symmetry, counts: ModeCounts, total: Any, moved: Any, turned: Any) -> Markup:
    n = symmetry.molecule.n_atoms
    rigid = 3 * n - counts.n_vib
    rows = [
        ("Γ(3N)", total, f"{3 * n} displacements"),
        ("− Γ(translations)", moved, "3"),
        ("− Γ(rotations)", turned, f"{rigid - 3}"),
        ("Γ(vib)", counts.representation, f"{counts.n_vib} modes"),
    ]
    body = [
        tag("div", tag("dt", name), tag("dd", _sum(value), " ", tag("span", note, class_="count")))
        for name, value, note in rows
    ]
    return tag("dl", body, class_="sums")


def _sum(representation: Any) -> str:
    return str(representation) if representation.terms else "none"


def _reduction(of: Any, chi: Any, counts: ModeCounts) -> Markup:
    if not counts.n_vib:
        return tag("p", "A single atom has three translations and nothing else.")
    if not isinstance(of, CharacterTable):
        return _continuous_reduction(of, chi)
    rows = []
    for irrep, irreducible, norm in zip(of.irreps, of.characters, of.norms, strict=True):
        products = of.class_sizes[:, None] * of.ring.multiply(of.ring.conjugate(irreducible), chi)
        whole = exact(of, products.sum(axis=0))
        n = Fraction(int(products.sum(axis=0)[0]), of.order * int(norm))
        divisor = f"{of.order}" if norm == 1 else f"({of.order} · 2)"
        result = tag("strong", str(n)) if n else "0"
        parts = [exact(of, p) for p in products]
        rows.append([irrep.label, *parts, joined(f"{whole} / {divisor} = ", result)])
    return joined(
        tag(
            "p",
            "How often an irrep occurs: n = (1/h) Σ g(R) χ*(R) χ(vib, R), where h = "
            f"{of.order} is the number of operations and g(R) that of a class. Each cell is "
            "the term of one class.",
            " A merged pair of complex-conjugate irreps is divided by 2h." if (of.norms == 2).any()
            else None,
        ),
        table(["irrep", *heads(of), "sum / h = n"], rows, caption="Reduction"),
    )  # fmt: skip


def _continuous_reduction(of: Any, chi: Any) -> Markup:
    """Coefficients of the harmonics: each Π adds 2cos φ, each Σ adds 1."""
    middle = chi.shape[1] // 2
    parities = [("", 2 * chi)]
    if of.group.has_inversion:
        half = len(chi) // 2
        parities = [("g", chi[:half] + chi[half:]), ("u", chi[:half] - chi[half:])]
    rows = []
    for parity, twice in parities:
        constant, mirror = Fraction(int(twice[0, middle]), 2), Fraction(int(twice[1, middle]), 2)
        harmonics = [Fraction(int(c), 2) for c in twice[0, middle + 1 :]]
        for m, count in enumerate(harmonics, start=1):
            if count:
                letter = of["ΠΔΦΓ"[m - 1] + parity].label
                rows.append(
                    [letter, f"half the coefficient of cos {m if m > 1 else ''}φ", str(count)]
                )
        for sign, n in (("+", (constant + mirror) / 2), ("-", (constant - mirror) / 2)):
            if n:
                way = "plus" if sign == "+" else "minus"
                text = f"(constant {constant} {way} χ(σv) {mirror}) / 2"
                rows.append([of[f"Σ{parity}{sign}"].label, text, str(n)])
    halves = (
        " For g take the mean of χ(C∞) and χ(i·C∞), for u half their difference."
        if of.group.has_inversion
        else ""
    )
    return joined(
        tag(
            "p",
            "The group is infinite, so that a sum over operations has no meaning; the characters "
            "are compared as functions of φ instead. Σ has the character 1, Π has 2 cos φ, Δ has "
            "2 cos 2φ." + halves,
        ),
        table(["irrep", "read off", "n"], rows, caption="Reduction"),
    )
