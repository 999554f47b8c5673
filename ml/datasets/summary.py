"""What a data set holds, and whether what it says of itself is true."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...pointgroup import Molecule, PointGroup, detect
from ...vibration.batches import Record
from .listing import Listed

Pairs = Sequence[tuple[Listed, Record]]
"""Listed molecules, each with its record."""

R_CLASSES = ("< 0.6", "0.6–0.7", "0.7–0.8", "0.8–0.9", "0.9–1", "1")
SYMMETRIC = 2e-3
"""Å; the geometry of a record must have its group within this."""
FORBIDDEN = 1e-4
"""Share of the strongest band that a forbidden mode may have."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over a data set.

    Attributes
    ----------
    n_listed, n_results : int
    failures : mapping from kind to number
    parts : mapping from part to (results, failures)
    groups : mapping from Schoenflies symbol to number, the most frequent first
    R_classes : mapping from a range of `R_CLASSES` to number
    n_centrosymmetric, n_silent_without_centre : int
        Molecules with an inversion; with silent modes but no inversion.
    strata : mapping from scaffold to (strata, molecules)
        Of those that hold both a molecule with and one without an inversion.
    largest_violation : float
        Of selection rules, as a share of the strongest band.
    seconds : mapping from number of atoms to (molecules, median of seconds)
    """

    n_listed: int
    n_results: int
    failures: Mapping[str, int]
    parts: Mapping[str, tuple[int, int]]
    groups: Mapping[str, int]
    R_classes: Mapping[str, int]
    n_centrosymmetric: int
    n_silent_without_centre: int
    strata: Mapping[str, tuple[int, int]]
    largest_violation: float
    seconds: Mapping[int, tuple[int, float]]


def summary(pairs: Pairs, n_listed: int) -> Summary:
    """Count what records say."""
    results = [(each, r.facts) for each, r in pairs if r.kind == "result"]
    failed = [(each, r.facts) for each, r in pairs if r.kind == "failure"]
    groups = Counter(facts["group"] for _, facts in results)
    with_centre = {symbol for symbol in groups if PointGroup(symbol).has_inversion}
    part_of = Counter(each.part for each, _ in results), Counter(each.part for each, _ in failed)
    seconds: dict[int, list[float]] = defaultdict(list)
    for _, facts in results:
        seconds[len(facts["symbols"])].append(facts["seconds"])
    classes = Counter(r_class(facts["R"]) for _, facts in results)
    return Summary(
        n_listed,
        len(results),
        dict(Counter(facts["failure"] for _, facts in failed).most_common()),
        {p: (part_of[0][p], part_of[1][p]) for p in dict.fromkeys(each.part for each, _ in pairs)},
        dict(groups.most_common()),
        {name: classes[name] for name in R_CLASSES},
        sum(groups[symbol] for symbol in with_centre),
        sum(f["n_silent"] > 0 and f["group"] not in with_centre for _, f in results),
        _by_scaffold(matched(pairs)),
        max((facts["largest_violation"] for _, facts in results), default=0.0),
        {n: (len(s), float(np.median(s))) for n, s in sorted(seconds.items())},
    )


def r_class(R: str) -> str:
    """The range that an exact R lies in.

    >>> r_class("19/30"), r_class("1"), r_class("9/10")
    ('0.6–0.7', '1', '0.9–1')
    """
    value = Fraction(R) if R != "None" else Fraction(1)
    if value == 1:
        return "1"
    return R_CLASSES[max(0, int(value * 10) - 5)]


def matched(pairs: Pairs) -> dict[str, tuple[list[str], list[str]]]:
    """Strata that hold molecules with and without an inversion, as optimised.

    Returns
    -------
    dict from stratum to (keys with, keys without)
    """
    found: dict[str, tuple[list[str], list[str]]] = {}
    for each, record in pairs:
        if each.stratum and record.kind == "result":
            sides = found.setdefault(each.stratum, ([], []))
            sides[0 if PointGroup(record.facts["group"]).has_inversion else 1].append(each.key)
    return {name: sides for name, sides in found.items() if all(sides)}


def _by_scaffold(strata: Mapping[str, tuple[list[str], list[str]]]) -> dict[str, tuple[int, int]]:
    strata_of: Counter[str] = Counter()
    molecules: Counter[str] = Counter()
    for name, sides in strata.items():
        scaffold = name.split()[0]
        strata_of[scaffold] += 1
        molecules[scaffold] += sum(map(len, sides))
    return {name: (n, molecules[name]) for name, n in strata_of.items()}


def faults(
    pairs: Iterable[tuple[Listed, Record]], progress: Callable[[int], None] = lambda n: None
) -> Iterator[tuple[str, str]]:
    """Keys of results that contradict themselves, and how.

    Each geometry must have its group, each spectrum as many modes as the geometry, no imaginary
    one, and no intensity where the group forbids it.
    """
    for number, (each, record) in enumerate(pairs, start=1):
        if record.kind == "result":
            for text in _faults(record):
                yield each.key, text
        progress(number)


def _faults(record: Record) -> Iterator[str]:
    facts, arrays = record.facts, record.arrays
    wavenumbers = arrays["wavenumbers"]
    molecule = Molecule(facts["symbols"], arrays["positions"], masses=arrays["masses"])
    group = str(detect(molecule, SYMMETRIC).group)
    if group != facts["group"]:
        yield f"the geometry has {group}, the record says {facts['group']}"
    if not len(wavenumbers) == len(facts["irreps"]) == facts["n_vib"]:
        n_irreps, n_vib = len(facts["irreps"]), facts["n_vib"]
        yield f"{len(wavenumbers)} wavenumbers, {n_irreps} irreps, {n_vib} modes"
    if len(wavenumbers) and wavenumbers.min() < -15:
        yield f"an imaginary mode of {-wavenumbers.min():.0f}i cm⁻¹"
    if facts["largest_violation"] > FORBIDDEN:
        yield f"a forbidden mode has {facts['largest_violation']:.1e} of the strongest band"
