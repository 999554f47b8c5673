"""Write docs/shimanouchi.md from summary.json and the computed parents.

python examples/shimanouchi_page.py
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from spektron.vibration.files.qcschema import read_qcschema
from spektron.vibration.harmonic import HarmonicData
from spektron.vibration.modes import NormalModes, normal_modes

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "data" / "shimanouchi"
PAGE = ROOT / "docs" / "shimanouchi.md"
BASIS = "def2-tzvp"
AIMS = {"one": 20.0, "types": 12.0, "parents": 25}

PAGE_TEXT = """# Against Shimanouchi's tables

How near does B3LYP/def2-TZVP come to measured fundamentals? T. Shimanouchi's *Tables of Molecular
Vibrational Frequencies* (NSRDS-NBS 39, 1972; in the NIST Chemistry WebBook) list them with symmetry
species and an uncertainty class (A: 0–1, B: 1–3, C: 3–6, D: 6–15, E: 15–30 cm⁻¹). Half of them are
compared here. The project does not ship the table, only what it computed: one file per parent and
basis set in `docs/data/shimanouchi` (Hessian, dipole derivatives; density fitting, grid level 4).

```
python examples/shimanouchi.py --checkpoints FOLDER    # computes parents that have no file yet
python examples/shimanouchi_compare.py                 # compares: summary.json and the figure
python examples/shimanouchi_page.py                    # writes this page
```

{state}

| | aim / cm⁻¹ | mean absolute deviation / cm⁻¹ | |
|-|-|-|-|
| one scale factor ({factor:.4f}), all {n} fundamentals | 20 | {one:.1f} | {one_verdict} |
| factors by type, the molecule left out | 12 | {types:.1f} | {types_verdict} |

Without doubtful values ({sure_n} remain): {sure_one:.1f} and {sure_types:.1f} cm⁻¹.

The {common} parents in both basis sets, mean absolute deviations in cm⁻¹:

{levels}

```python
>>> import json
>>> from pathlib import Path
>>> folder = Path("docs/data/shimanouchi")
>>> found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
>>> found["parents"], found["records"], found["misfits"]
({parents}, {records}, {misfits})
>>> found["factor"]
{factor}
>>> found["all"]
{all}
>>> found["not doubtful"]
{sure}
>>> found["shifts"]
{shifts}

```

![Deviations before and after factors by type](figures/shimanouchi-deviations.png)

## Rules of the assignment

1. A number of the table is one fundamental. Where it is listed once per contributing band (Fermi
   resonance, tunnelling), the mean of the different values counts.
2. The table has lost the double prime: a, a2, e beside a′, a2′, e′ are a″, a2″, e″.
3. Table and standard frame may number the axes differently. Permutations of the suffixes 1, 2, 3
   of B that give the right number of fundamentals in every irrep are candidates; the one with the
   smallest mean deviation counts.
4. Within an irrep, observed and calculated values are paired from the highest downwards.
5. Doubtful are the classes D and E and means by rule 1. They are assigned and counted like the
   others; the second pair of numbers above is without them.

With these rules the number of fundamentals of every irrep is right for {fitting}.

## By kind of coordinate and by irrep

The kind is that of the coordinate with the largest share of the potential energy. Numbers are mean
absolute deviations in cm⁻¹.

{by_kind}

{by_degeneracy}

Each irrep by itself is in `summary.json` under "by irrep".

Factors by type scale the force constants, √(s_i s_j) F_ij, and are refined to all records of all
other parents, with uncertainties of 10 cm⁻¹ and a prior of 10 % about the square of the one factor.
The types are those of the SQM method (J. Baker, A. A. Jarzecki, P. Pulay, J. Phys. Chem. A 102
(1998) 1412), with heavy-atom stretches and linear bends by their elements, stretches and torsions
by the length of the bond over the sum of the covalent radii (below 0.93 short, below 0.85 very
short: C=C and C–C beside a triple bond, C≡C), and stretches of D apart from those of H, because
the factor stands for anharmonicity too. A type that no other parent has gets the mean factor of its
kind: leaving a molecule out often leaves its types out. Refined to all parents together:

{type_factors}

## Isotope shifts

{shifts_n} shifts between records of one parent with the same irreps: predicted against observed,
the mean absolute deviation is {shifts_one:.1f} cm⁻¹ with one factor and {shifts_types:.1f} cm⁻¹
with factors by type.

## Outliers

Calculated minus observed, cm⁻¹:

{outliers}

- **D2S, the antisymmetric stretch.** The table has 1999 cm⁻¹, in class E. The B2 block of H2S has
  one mode, so masses and geometry alone fix the harmonic ratio of D2S to H2S:

```python
>>> from spektron.vibration.files.qcschema import read_qcschema
>>> from spektron.vibration.modes import normal_modes
>>> data = read_qcschema(folder / "{basis}" / "hydrogen-sulfide.json")
>>> heavy = data.molecule.with_isotopes({{1: 2, 2: 2}}).masses
>>> h2s, d2s = (normal_modes(data, m) for m in (None, heavy))
>>> h2s.irreps, d2s.irreps
(('A1', 'A1', 'B2'), ('A1', 'A1', 'B2'))
>>> print(round(d2s.wavenumbers[2] / h2s.wavenumbers[2], 4))
{ratio:.4f}

```

  1999 cm⁻¹ for D2S would need {needed:.0f} cm⁻¹ for H2S, {above:.0f} cm⁻¹ above what the symmetric
  stretch of D2S (1896 cm⁻¹, class A) gives in the same way; the calculated distance of the two in
  D2S is {distance:.0f} cm⁻¹. The value of the table is in doubt, not the assignment.
- **Stretches with hydrogen.** Harmonic wavenumbers of X–H are above the observed ones by the
  anharmonicity, which is larger for H than for D: one factor cannot serve both isotopes.
- **N2O.** No other parent has N–N or N–O bonds: left out, they get the mean factor of bonds between
  heavy atoms. Methanol has the only O–H bond.
- **Butadiyne, the symmetric C–H stretch.** 3293 cm⁻¹ is of class D, 36 cm⁻¹ below the antisymmetric
  one (3329, class C); the calculated distance is {butadiyne:.0f} cm⁻¹, for the bonds are too far
  apart to feel each other.
- **Bromochloromethane, the bend of CH2.** 1482 cm⁻¹ is of class E. The same bend of CD2 (1050,
  class B) is {deuterated:.3f} times what is calculated; that would make {bend:.0f} cm⁻¹ here.
- **Methanol.** The torsion is no vibration but a hindered rotation with tunnelling: its two values,
  295 and 200 cm⁻¹, are averaged by rule 1.
- **The smaller basis set.** def2-SVP has one set of d functions on C, N, O, F; bonds between such
  atoms and to Cl and S are where it errs most, in both directions (N2O +93, SO2 −66 cm⁻¹ with one
  factor).
"""


def page(found: Mapping[str, Any]) -> str:
    """The text of the page."""
    all_, sure, shifts = found["all"], found["not doubtful"], found["shifts"]
    misfits, levels = found["misfits"], found["levels"]
    return PAGE_TEXT.format(
        parents=found["parents"],
        basis=BASIS,
        common=levels[BASIS]["parents"],
        levels=_levels(levels),
        records=found["records"],
        state=_state(found),
        factor=found["factor"],
        **all_,
        one_verdict=_verdict(all_["one"] <= AIMS["one"]),
        types_verdict=_verdict(all_["types"] <= AIMS["types"]),
        **{f"sure_{key}": value for key, value in sure.items()},
        **{f"shifts_{key}": value for key, value in shifts.items()},
        misfits=misfits,
        all=all_,
        sure=sure,
        shifts=shifts,
        fitting="every record but " + ", ".join(misfits) if misfits else "every record",
        by_kind=_deviations(found["by kind"]),
        by_degeneracy=_deviations(found["by degeneracy"]),
        type_factors=_table(
            ("type", "factor"), ((k, f"{v:.3f}") for k, v in sorted(found["type factors"].items()))
        ),
        outliers=_table(
            ("record, irrep, place", "one factor", "by type, left out"),
            (_outlier(line) for line in found["outliers"]),
        ),
        **_deuterium_sulfide(),
        **_doubtful(),
    )


def _state(found: Mapping[str, Any]) -> str:
    names = ", ".join(name.replace("-", " ") for name in found["names"])
    verdict = _verdict(found["parents"] >= AIMS["parents"])
    return fill(
        f"{found['parents']} parents with {found['records']} records (isotopologues from the same "
        f"Hessian) are compared; the aim is {AIMS['parents']} parents: {verdict}. "
        f"They are {names}.",
        100,
    )


def _levels(levels: Mapping[str, Mapping[str, Any]]) -> str:
    heads = ("B3LYP in", "factor", "one factor", "by type, left out", "the same, none doubtful")
    rows = []
    for basis, found in levels.items():
        values = (found["all"]["one"], found["all"]["types"])
        sure = f"{found['not doubtful']['one']:.1f}, {found['not doubtful']['types']:.1f}"
        rows.append((basis, f"{found['factor']:.4f}", *(f"{v:.1f}" for v in values), sure))
    return _table(heads, rows)


def _verdict(reached: bool) -> str:
    return "reached" if reached else "not reached"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["-"] * len(head), *rows]
    return "\n".join("|-" * len(r) + "|" if r[0] == "-" else f"| {' | '.join(r)} |" for r in lines)


def _deviations(groups: Mapping[str, Mapping[str, float]]) -> str:
    return _table(
        ("", "fundamentals", "one factor", "by type, left out"),
        (
            (name, str(row["n"]), f"{row['one']:.1f}", f"{row['types']:.1f}")
            for name, row in groups.items()
        ),
    ).replace("|  |", "| |", 1)


def _outlier(line: str) -> list[str]:
    record, values = line.rsplit(": ", 1)
    return [record, *values.split(", ")]


def _deuterium_sulfide() -> dict[str, float]:
    data = _parent("hydrogen-sulfide")
    heavy = data.molecule.with_isotopes({1: 2, 2: 2}).masses
    h2s, d2s = (normal_modes(data, masses).wavenumbers for masses in (None, heavy))
    ratio = float(d2s[2] / h2s[2])
    return {
        "ratio": ratio,
        "needed": 1999 / ratio,
        "above": (1999 - 1896) / ratio,
        "distance": float(d2s[2] - d2s[1]),
    }


def _doubtful() -> dict[str, float]:
    """What the calculation says of two values in doubt."""
    found = normal_modes(_parent("butadiyne"))
    stretches = [max(_of(found, irrep)) for irrep in ("Σu+", "Σg+")]
    data = _parent("bromochloromethane")
    heavy = data.molecule.with_isotopes({3: 2, 4: 2}).masses
    light, deuterated = (sorted(_of(normal_modes(data, m), "A'"))[-2] for m in (None, heavy))
    ratio = 1050 / deuterated
    return {
        "butadiyne": stretches[0] - stretches[1], "deuterated": ratio, "bend": ratio * light,
    }  # fmt: skip


def _of(modes: NormalModes, irrep: str) -> list[float]:
    pairs = zip(modes.wavenumbers.tolist(), modes.irreps, strict=True)
    return [wavenumber for wavenumber, label in pairs if label == irrep]


def _parent(key: str) -> HarmonicData:
    return read_qcschema(FOLDER / BASIS / f"{key}.json")


def main() -> None:
    found = json.loads((FOLDER / "summary.json").read_text(encoding="utf-8"))
    PAGE.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
