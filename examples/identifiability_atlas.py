"""Deficiency against hidden isotopic symmetry, and the "4:1, full rank" experiment.

    python examples/identifiability_atlas.py atlas   [--data FOLDER] [--out FILE] [--molecules 420]
    python examples/identifiability_atlas.py valence [--data FOLDER] [--out FILE] [--molecules 1000]

``atlas``: for each molecule and each of its elements, the number of force constants that the line
positions of all isotopologues of that element leave open (numerical rank at a random symmetric
force field, random masses on the sites) beside the dimension of the hidden isotopic symmetry.
Up to 120 force constants and 30 modes, and wherever the two differ or a singular value is
small, the rank is also computed exactly, modulo two primes.

``valence``: rank and condition number of the Jacobian of one spectrum, for a diagonal valence
force field, for all symmetric force constants, and for all elements of F.

Reads the packaged examples and ``geometries`` and ``pointgroup/reference.json`` in the folder of
the data, by default ../shared/data. Each molecule is a line of a csv file in docs/data, written
as soon as it is known: an interrupted run continues, a finished one only prints its summary.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from spektron.identifiability.family import exact_family_rank, family_rank
from spektron.identifiability.forcefield import ForceField
from spektron.identifiability.space import InternalSpace
from spektron.identifiability.valence import COUNTED, valence_ranks
from spektron.pointgroup import InputError, Molecule, example, example_names
from spektron.pointgroup.census.rows import molecule_of
from spektron.pointgroup.census.sources import find_sources, read_records

CHECKOUT = Path(__file__).resolve().parents[1]
MOST = 700  # force constants of a molecule of the atlas
MOST_EXACT = 120, 30  # force constants and modes up to which each rank is computed exactly too
SMALL = 1e-9  # relative singular value that calls for the exact rank
ATLAS = ("set", "name", "formula", "group", "element", "sites", "constants", "rank", "exact",
         "hidden", "kept", "dropped", "saturated")  # fmt: skip
CLEAR = 100.0  # gap between kept and dropped singular values below which a rank is open

# ---- molecules ----


def of_file(path: Path, *, most_atoms: int) -> Iterator[tuple[str, Molecule]]:
    for source in find_sources([path]):
        for number, (record, _) in enumerate(read_records(source), 1):
            try:
                molecule = molecule_of(record)
            except InputError:
                continue
            if 1 < molecule.n_atoms <= most_atoms:
                yield str(number), molecule


def of_reference(path: Path) -> Iterator[tuple[str, Molecule]]:
    for entry in json.loads(path.read_text())["exact"]:
        if len(entry["symbols"]) > 1:
            yield entry["name"], Molecule(entry["symbols"], np.array(entry["positions_angstrom"]))


def molecules(data: Path, wanted: int) -> Iterator[tuple[str, str, Molecule]]:
    """All examples and exact reference geometries, then small molecules of QM7 and DFT8K."""
    first = [("examples", n, example(n)) for n in example_names() if example(n).n_atoms > 1]
    first += [("reference", *m) for m in of_reference(data / "pointgroup" / "reference.json")]
    geometries = data / "geometries"
    qm7 = (("QM7", *m) for m in of_file(geometries / "qm7_xyz.tar.xz", most_atoms=12))
    dft = (("DFT8K", *m) for m in of_file(geometries / "dft8k.sdf.gz", most_atoms=11))
    rest = max(0, wanted - len(first))
    yield from first
    yield from islice(qm7, (2 * rest) // 3)
    yield from islice(dft, rest // 3 + 1)


# ---- atlas ----


def atlas(data: Path, out: Path, wanted: int) -> None:
    done = {(row["set"], row["name"]) for row in rows_of(out)}
    for origin, name, molecule in molecules(data, wanted):
        if (origin, name) in done:
            continue
        append(out, ATLAS, entries(origin, name, molecule))
    summarise_atlas(rows_of(out))


def entries(origin: str, name: str, molecule: Molecule) -> list[dict[str, object]]:
    """One line for each element; a line without numbers where the molecule is too large."""
    blank = dict.fromkeys(ATLAS, "") | {"set": origin, "name": name, "formula": molecule.formula}
    try:
        space = InternalSpace.of(molecule)
        field = ForceField.random(space)
        if field.n_parameters > MOST:
            return [blank | {"constants": field.n_parameters}]
        return [blank | numbers(field, element) for element in sorted(set(molecule.symbols))]
    except InputError as error:
        print(f"{origin} {name}: {error}")
        return [blank]


def numbers(field: ForceField, element: str) -> dict[str, object]:
    found = family_rank(field, element)
    doubtful = found.kept < SMALL or not found.is_explained
    exact: int | str = ""
    small = found.n_parameters <= MOST_EXACT[0] and field.space.dimension <= MOST_EXACT[1]
    if doubtful or small:
        exact = exact_family_rank(field.space, element).rank
    return {
        "group": found.group,
        "element": element,
        "sites": found.n_sites,
        "constants": found.n_parameters,
        "rank": found.rank,
        "exact": exact,
        "hidden": found.hidden,
        "kept": f"{found.kept:.1e}",
        "dropped": f"{found.dropped:.1e}",
        "saturated": int(found.saturated),
    }


def summarise_atlas(rows: list[dict[str, str]]) -> None:
    cases = [row for row in rows if row["rank"]]
    exact = [r for r in cases if r["exact"]]
    clear = [r for r in cases if r["exact"] or (r["saturated"] == "1" and gap(r) > CLEAR)]
    equal = [r for r in clear if deficiency(r) == int(r["hidden"])]
    print(f"{len({(r['set'], r['name']) for r in cases})} molecules, {len(cases)} families, "
          f"{len({r['group'] for r in cases})} point groups")  # fmt: skip
    print(f"exact ranks: {len(exact)}, of which equal to the numerical rank: "
          f"{sum(r['exact'] == r['rank'] for r in exact)}")  # fmt: skip
    print(f"by singular values alone: {len(clear) - len(exact)}, smallest gap "
          f"{min((gap(r) for r in clear if not r['exact']), default=0):.1e}; "
          f"undecided: {len(cases) - len(clear)}")  # fmt: skip
    print(f"deficiency = hidden symmetry in {len(equal)} of {len(clear)}")
    print(f"  with a deficiency above zero: {sum(deficiency(r) > 0 for r in equal)}")
    print(f"  of symmetric molecules (not C1): {sum(r['group'] != 'C1' for r in equal)}")
    for row in clear:
        if row not in equal:
            print("COUNTEREXAMPLE", row)
    print("groups:", dict(Counter(r["group"] for r in cases).most_common()))


def deficiency(row: dict[str, str]) -> int:
    return int(row["constants"]) - int(row["exact"] or row["rank"])


def gap(row: dict[str, str]) -> float:
    dropped = float(row["dropped"])
    return float(row["kept"]) / dropped if dropped else float("inf")


# ---- valence ----


def valence(data: Path, out: Path, wanted: int) -> None:
    done = {row["name"] for row in rows_of(out)}
    everything = list(of_file(data / "geometries" / "qm7_xyz.tar.xz", most_atoms=99))
    chosen = np.random.default_rng(0).permutation(len(everything))[:wanted]
    for place in sorted(int(i) for i in chosen):
        name, molecule = everything[place]
        if name not in done:
            append(out, ("name", "formula", *COUNTED), [line(name, molecule)])
    summarise_valence(rows_of(out))


def line(name: str, molecule: Molecule) -> dict[str, object]:
    out: dict[str, object] = {"name": name, "formula": molecule.formula}
    try:
        found = valence_ranks(InternalSpace.of(molecule))
    except InputError as error:
        print(f"{name}: {error}")
        return out
    return out | {key: f"{v:.3g}" if isinstance(v, float) else v for key, v in found.items()}


def summarise_valence(rows: list[dict[str, str]]) -> None:
    cases = [row for row in rows if row["group"]]
    print(f"{len(cases)} molecules, C1: {sum(r['group'] == 'C1' for r in cases)}, "
          f"without numbers: {len(rows) - len(cases)}")  # fmt: skip
    for model in ("one_per_mode", "valence", "symmetric", "full"):
        for data in ("freq", "all"):
            ranks = np.array([int(r[f"{model}_{data}_rank"]) for r in cases])
            sizes = np.array([int(r[f"{model}_constants"]) for r in cases])
            conditions = np.array([float(r[f"{model}_{data}_condition"]) for r in cases])
            q = np.quantile(conditions, [0.05, 0.5, 0.95])
            share, spread = np.median(ranks / sizes), " ".join(f"{x:.1e}" for x in q)
            print(f"{model:13} {data:5} full rank {np.mean(ranks == sizes):7.2%}  "
                  f"share determined {share:.3f}  condition {spread}")  # fmt: skip


# ---- files ----


def rows_of(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def append(path: Path, columns: tuple[str, ...], rows: list[dict[str, object]]) -> None:
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("part", choices=("atlas", "valence"))
    default = os.environ.get("SPEKTRON_DATA") or CHECKOUT.parent / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--molecules", type=int)
    given = parser.parse_args()
    out = given.out or CHECKOUT / "docs" / "data" / f"identifiability-{given.part}.csv"
    out.parent.mkdir(parents=True, exist_ok=True)
    run, usual = {"atlas": (atlas, 420), "valence": (valence, 1000)}[given.part]
    run(given.data, out, given.molecules or usual)


if __name__ == "__main__":
    main()
