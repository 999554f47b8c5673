"""``spektron identify INPUT``: which force constants a set of spectra determines.

INPUT is a file, a SMILES string or a packaged example. Of a molecule alone a random force field
of its symmetry is taken, because ranks hold for almost all of them; ``--method`` computes a
Hessian instead (hf, gfn2-xtb, any functional). ``harmonic.json`` of ``spektron spectrum`` and
outputs of other programs bring their own.

With ``--json`` standard output is one object::

    input, name, formula, group, force_field ("random" or the level), data, isotopologues
    n_parameters, rank, deficiency, n_observables
    condition, gap    of the singular values; null where infinite
    undetermined      names of the force constants that take part in a null direction
    moments           isotopologues and irreps whose lines coincide
    assignments       number of assignments with --unassigned, else null
    bound             {position (cm⁻¹), intensity, worst, size (Eh/bohr²)}: least standard
                      deviation of the worst direction determined, in units of size
    twin              {distance, deviation, lowest} of a force field with the same spectra, or
                      null
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .inputs import HEAVY_HYDROGEN, has_modes, isotopes_of, refuse_for_a_hessian
from .options import (
    SUBJECT_HELP,
    AsJson,
    Basis,
    FieldSeed,
    HessianMethod,
    LineNoise,
    Words,
    positive,
)
from .output import Json, facts, print_json, show

if TYPE_CHECKING:
    from ..identifiability.forcefield import ForceField
    from ..identifiability.isotopologue import Isotopologue
    from ..identifiability.tensors import Tensors
    from ..pointgroup import Molecule
    from ..vibration.harmonic import HarmonicData


def identify(
    subject: Annotated[str, typer.Argument(metavar="INPUT", show_default=False, help=SUBJECT_HELP)],
    data: Words = "freq",
    isotopes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SET",
            show_default=False,
            help="One more isotopologue: D6, 18O, or atoms, 1=18; can be repeated.",
        ),
    ] = None,
    method: HessianMethod = None,
    basis: Basis = "sto-3g",
    unknown: Annotated[
        bool, typer.Option("--unknown-derivatives", help="Fit dipole and polarizability too.")
    ] = False,
    unassigned: Annotated[
        bool, typer.Option("--unassigned", help="Count the assignments of the lines.")
    ] = False,
    noise: LineNoise = 1.0,
    intensity_noise: Annotated[
        float,
        typer.Option(
            metavar="X", parser=positive, help="Standard deviation of intensities, relative."
        ),
    ] = 0.05,
    twin: Annotated[
        float | None,
        typer.Option(
            metavar="X", parser=positive, show_default=False, help="Show a twin at ‖ΔF‖/‖F‖ = X."
        ),
    ] = None,
    seed: FieldSeed = 0,
    as_json: AsJson = False,
) -> None:
    """Which force constants spectra determine, and how well."""
    from ..identifiability.continuation import twin as follow
    from ..identifiability.identification import identify as identified
    from ..identifiability.noise import Noise, cramer_rao
    from ..identifiability.observables import Observables

    level = Noise(noise, intensity_noise, intensity_noise)
    words = words_of(data)
    given = subject_of(subject, method, basis, seed, words)
    observables = Observables(
        isotopologues_of(given.force_field, isotopes or []),
        words,  # type: ignore[arg-type]
        given.tensors,
        "unknown" if unknown else "known",
        assigned=not unassigned,
    )
    found = identified(given.force_field, observables)
    bound = None if found.response.moments else cramer_rao(found, level)
    other = None if twin is None else follow(found, size=twin)
    if as_json:
        print_json({"input": subject, **given.about, **_json(found, bound, level, other)})
        return
    rows = [("molecule", given.title), ("force field", given.about["force_field"])]
    page: list[Any] = [facts(rows), str(found)]
    if bound is not None and found.rank:
        page.append(
            f"bound: {bound.worst:.1e} of the rms force constant for the worst direction, with "
            f"{noise:g} cm⁻¹"
            + (f" and {intensity_noise:.0%} of intensities" if len(words) > 1 else "")
        )
    if other is not None:
        page.append(str(other))
    show(*page)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A molecule with a force field."""

    force_field: ForceField
    tensors: Tensors | None
    about: Json

    @property
    def title(self) -> str:
        """Name, formula and group."""
        name = self.about["name"] or self.about["formula"]
        return f"{name} ({self.about['formula']}, {self.about['group']})"


def words_of(text: str) -> tuple[str, ...]:
    """The kinds of data in a list.

    >>> words_of("freq, ir")
    ('freq', 'ir')
    """
    return tuple(word.strip() for word in text.split(","))


def subject_of(
    text: str, method: str | None, basis: str, seed: int, data: Sequence[str] = ("freq",)
) -> Subject:
    """Force field and derivatives of an input.

    Raises
    ------
    InputError
        If it cannot be read, or is not at a minimum.
    """
    from ..identifiability.errors import IdentifiabilityError
    from ..identifiability.forcefield import ForceField, tensors_of
    from ..identifiability.space import InternalSpace
    from ..identifiability.tensors import Tensors

    known = _harmonic(text, method, basis)
    if known is None:
        from ..pointgroup import molecule_from_input

        molecule = molecule_from_input(text)
        space = InternalSpace.of(molecule)
        field = ForceField.random(space, seed=seed)
        return Subject(field, Tensors.random(space, seed), _about(molecule, field, "random"))
    field = ForceField.from_hessian(known)
    if not field.is_positive:
        raise IdentifiabilityError(
            f"{text}: the Hessian has a negative curvature, a saddle point has no vibrational "
            "spectrum: optimise the geometry to a minimum"
        )
    needed = (["dipole"] if "ir" in data else []) + (
        ["polarizability"] if {"raman", "depolarisation"} & set(data) else []
    )
    tensors = tensors_of(known, needed) if needed else None
    return Subject(field, tensors, _about(known.molecule, field, known.level))


def _harmonic(text: str, method: str | None, basis: str) -> HarmonicData | None:
    """Harmonic data, computed or of a file; None if the input is a molecule."""
    from ..pointgroup import molecule_from_input
    from ..vibration.files.reading import read_harmonic

    if has_modes(text):
        refuse_for_a_hessian(text, method=method)
        return read_harmonic(text)
    if method is None:
        return None
    from ..vibration.level import Level
    from ..vibration.reference import reference_data

    return reference_data(molecule_from_input(text), Level(method, basis, False)).data


def _about(molecule: Molecule, field: ForceField, level: str) -> Json:
    from ..pointgroup import detect

    return {
        "name": molecule.name,
        "formula": molecule.formula,
        "group": str(detect(field.space.molecule).group),  # a space keeps a finite subgroup
        "force_field": level,
    }


def isotopologues_of(field: ForceField, texts: Sequence[str]) -> tuple[Isotopologue, ...]:
    """The parent, and one isotopologue for each text.

    ``D`` or ``D6`` is deuterium for all hydrogens (as many as there are), ``13C`` an isotope
    for all atoms of an element; anything else is read as ``spektron modes --isotopes``.

    Raises
    ------
    InputError
        If a text has no meaning, an isotope or element is not there, or masses come twice:
        they would count as two measurements.
    """
    from ..identifiability.isotopologue import Isotopologue
    from ..pointgroup.errors import InputError

    space = field.space
    out = [Isotopologue.of(space, space.molecule.with_masses(None).masses, "parent")]
    for text in texts:
        masses = _masses(space.molecule, text)
        for other in out:
            if (masses == other.masses).all():
                raise InputError(
                    f"isotopes {text!r}: the same masses as {other.name}, name each set once"
                )
        out.append(Isotopologue.of(space, masses, text))
    return tuple(out)


def _masses(molecule: Molecule, text: str) -> Any:
    from ..pointgroup.errors import InputError

    whole = re.fullmatch(r"(?:(\d+)([A-Z][a-z]?)|([DT]))(?:_?(\d+))?", text.strip())
    if not whole:
        return isotopes_of([text], molecule).masses
    number, element, heavy, count = whole.groups()
    symbol = element or "H"
    mass = int(number) if number else HEAVY_HYDROGEN[heavy]
    there = molecule.symbols.count(symbol)
    if not there:
        raise InputError(f"isotopes {text!r}: {molecule.formula} has no {symbol}")
    if count and int(count) != there:
        raise InputError(
            f"isotopes {text!r}: {molecule.formula} has {there} {symbol}; name single atoms, "
            "such as 1=2,2=2"
        )
    return molecule.with_isotopes({symbol: mass}).masses


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None


def _json(found: Any, bound: Any, level: Any, other: Any) -> Json:
    from ..identifiability.unassigned import count_assignments

    observables = found.observables
    return {
        "data": list(observables.data),
        "isotopologues": [i.name for i in observables.isotopologues],
        "n_parameters": found.n_parameters,
        "rank": found.rank,
        "deficiency": found.deficiency,
        "n_observables": len(found.response.values),
        "condition": _finite(found.condition),
        "gap": _finite(found.gap),
        "undetermined": list(found.undetermined),
        "moments": list(found.response.moments),
        "assignments": None if observables.assigned else count_assignments(observables).total,
        "bound": None
        if bound is None or not found.rank
        else {
            "position": level.position,
            "intensity": level.intensity,
            "worst": bound.worst,
            "size": bound.size,
        },
        "twin": None
        if other is None
        else {
            "distance": other.distance,
            "deviation": other.deviation,
            "lowest": other.lowest,
        },
    }
