"""What a report tells about one molecule, worked out before any of it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..vibrations import Drawing, _bands

if TYPE_CHECKING:
    from ...identifiability import (
        Completeness,
        ForceField,
        Observables,
        Tensors,
    )
    from ...pointgroup import ModeCounts, Molecule, Symmetry
    from ...vibration import HarmonicData, NormalModes

LARGEST_PROOF = 100
"""Atoms; isotopologues and distortions of larger molecules are not gone through."""
MOST_FORCE_CONSTANTS = 8000
"""Ranks of larger force fields take longer than the rest of a report."""


@dataclass(frozen=True, slots=True)
class Band:
    """A row of the table of modes: a degenerate set, or one mode of a set that is split.

    Attributes
    ----------
    members : tuple of int
        Modes, counted from 0.
    label : str
        Their numbers, counted from 1.
    wavenumber : float, cm⁻¹
        Mean of the set, unscaled.
    irrep : str
    ir, raman : float or None, km/mol and Å⁴/u
        Sums over the set.
    ratio : str
        Depolarisation ratio, a dash where it has no meaning.
    in_ir, in_raman : bool
        What symmetry allows.
    shares : str
        Potential energy distribution in words; empty if there is none.
    """

    members: tuple[int, ...]
    label: str
    wavenumber: float
    irrep: str
    ir: float | None
    raman: float | None
    ratio: str
    in_ir: bool
    in_raman: bool
    shares: str

    @property
    def seen(self) -> str:
        """Where symmetry allows it."""
        names = [name for name, on in (("IR", self.in_ir), ("Raman", self.in_raman)) if on]
        return " and ".join(names) or "silent"


@dataclass(frozen=True, slots=True, eq=False)
class Vibrations:
    """Modes with their bands.

    Attributes
    ----------
    modes : NormalModes
    bands : tuple of Band, lowest first
    drawing : Drawing
    why_no_shares : str
        Why there is no potential energy distribution; empty if there is one.
    notes : tuple of str
        What was said while the modes were read or made.
    """

    modes: NormalModes
    bands: tuple[Band, ...]
    drawing: Drawing
    why_no_shares: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rank:
    """What one set of data determines of the force constants.

    Attributes
    ----------
    data : tuple of "freq", "ir", "raman"
    n_observables, n_parameters, rank : int
    undetermined : tuple of str
        Names of the force constants that take part in a direction left open.
    """

    data: tuple[str, ...]
    n_observables: int
    n_parameters: int
    rank: int
    undetermined: tuple[str, ...]

    @property
    def deficiency(self) -> int:
        """Number of directions left open."""
        return self.n_parameters - self.rank


@dataclass(frozen=True, slots=True, eq=False)
class Determination:
    """Ranks of the force field for a growing set of data, or why there are none.

    Attributes
    ----------
    steps : tuple of Rank
    is_random : bool
        Whether a random force field of the symmetry was taken, because none is known.
    why_none : str
    """

    steps: tuple[Rank, ...]
    is_random: bool
    why_none: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """Everything in a report.

    Attributes
    ----------
    given : str
        The input as typed.
    symmetry : Symmetry
    counts : ModeCounts
    proof : Completeness or None
        What opens silent irreps; None where none is silent or the molecule is too large.
    vibrations : Vibrations or None
    determination : Determination
    """

    given: str
    symmetry: Symmetry
    counts: ModeCounts
    proof: Completeness | None
    vibrations: Vibrations | None
    determination: Determination

    @property
    def molecule(self) -> Molecule:
        """The molecule as given."""
        return self.symmetry.molecule

    @property
    def name(self) -> str:
        """Name, or formula if it has none."""
        return self.molecule.name or self.molecule.formula


def contents_of(
    given: str,
    symmetry: Symmetry,
    vibrations: Vibrations | None = None,
    data: HarmonicData | None = None,
) -> Contents:
    """Everything that follows from the symmetry, and from the Hessian if there is one."""
    from ...pointgroup import mode_counts

    counts = mode_counts(symmetry)
    determination = _determination(symmetry, data)
    return Contents(given, symmetry, counts, _proof(symmetry, counts), vibrations, determination)


def _proof(symmetry: Symmetry, counts: ModeCounts) -> Completeness | None:
    from ...identifiability import completeness
    from ...pointgroup import InputError

    if not counts.n_silent or symmetry.molecule.n_atoms > LARGEST_PROOF:
        return None
    try:
        return completeness(symmetry.molecule, largest=1, tolerance=symmetry.tolerance)
    except InputError:  # too many patterns; R and its reasons stand without them
        return None


def vibrations_of(
    modes: NormalModes, data: HarmonicData, drawing: Drawing, notes: tuple[str, ...] = ()
) -> Vibrations:
    """Bands with their energy distribution."""
    shares, why = _shares(modes, data)
    bands = tuple(_band(modes, tuple(members), shares) for members in _bands(modes))
    return Vibrations(modes, bands, drawing, why, notes)


def _band(modes: NormalModes, members: tuple[int, ...], shares: dict[int, str]) -> Band:
    from ..vibrations import _ratio

    first, last = members[0], members[-1]
    activity = modes.activity(first)
    chosen = list(members)
    ir, raman = modes.ir_intensities, modes.raman_activities
    return Band(
        members,
        f"{first + 1}" if first == last else f"{first + 1}–{last + 1}",
        float(modes.wavenumbers[chosen].mean()),
        modes.irreps[first],
        None if ir is None else float(ir[chosen].sum()),
        None if raman is None else float(raman[chosen].sum()),
        _ratio(modes, chosen) if raman is not None else "–",
        activity.ir,
        activity.raman,
        shares.get(int(modes.sets[first]), ""),
    )


def _shares(modes: NormalModes, data: HarmonicData) -> tuple[dict[int, str], str]:
    """Energy distribution in words by degenerate set, and why there is none."""
    from ...pointgroup import InputError
    from ...vibration.gf import assignments, gf_analysis

    if not len(modes):
        return {}, ""
    try:
        molecule = data.molecule.with_masses(modes.molecule.masses)
        found = assignments(gf_analysis(molecule, data.hessian, symmetry=modes.symmetry))
    except InputError as error:
        return {}, str(error)
    # The GF modes are those of the symmetrised Hessian: the same irreps in the same order.
    numbers = list(dict.fromkeys(modes.sets.tolist()))
    ours: dict[str, list[int]] = {}
    for number in sorted(numbers, key=lambda n: modes.wavenumbers[modes.sets == n].mean()):
        ours.setdefault(modes.irreps[modes.members(number)[0]], []).append(number)
    theirs: dict[str, list[str]] = {}
    for one in found:
        theirs.setdefault(one.irrep, []).append(one.text)
    if {k: len(v) for k, v in ours.items()} != {k: len(v) for k, v in theirs.items()}:
        return {}, "the irreps of the modes are not those of the symmetrised Hessian"
    pairs = (zip(ours[k], theirs[k], strict=True) for k in ours)
    return {number: text for pair in pairs for number, text in pair}, ""


def _determination(symmetry: Symmetry, data: HarmonicData | None) -> Determination:
    from ...pointgroup import InputError

    try:
        return _ranks(symmetry, data)
    except InputError as error:
        return Determination((), data is None, str(error))


def _ranks(symmetry: Symmetry, data: HarmonicData | None) -> Determination:
    """Ranks for line positions, and for positions with all known intensities."""
    from ...identifiability import ForceField, InternalSpace, Isotopologue, Observables
    from ...identifiability import Tensors as Derivatives

    tensors: Tensors | None

    _refuse_large(symmetry)
    if data is None:
        space = InternalSpace.of(symmetry.molecule, symmetry.tolerance)
        field = ForceField.random(space, seed=0)
        words, tensors = ["ir", "raman"], Derivatives.random(space, 0)
    else:
        field = ForceField.from_hessian(data, symmetry.tolerance)
        words, tensors = _tensors(data)
    if not field.is_positive:
        return Determination(
            (), data is None, "a saddle point has no vibrational spectrum to fit force constants to"
        )
    parent = (Isotopologue.of(field.space, symmetry.molecule.masses, "this isotopologue"),)
    steps = [rank_of(field, Observables(parent))]
    if words:
        steps.append(rank_of(field, Observables(parent, ("freq", *words), tensors)))  # type: ignore[arg-type]
    return Determination(tuple(steps), data is None)


def rank_of(field: ForceField, observables: Observables) -> Rank:
    """Rank as `identify` gives it, without the null directions, which take most of its time.

    What a force constant has of them is what it lacks of the directions that are determined.
    """
    import numpy as np

    from ...identifiability.identification import _PARTICIPATES, _ZERO, without_nuisance
    from ...identifiability.observables import respond

    response = respond(field.matrix, field.parameters, observables)
    _, values, rows = np.linalg.svd(without_nuisance(response), full_matrices=False)
    largest = float(np.linalg.norm(response.jacobian, 2)) if len(values) else 0.0
    rank = int(np.count_nonzero(values > _ZERO * largest))
    lacking = 1 - (rows[:rank] ** 2).sum(axis=0)
    names = field.parameters.names
    undetermined = tuple(n for n, s in zip(names, lacking, strict=True) if s > _PARTICIPATES)
    if rank == len(names):
        undetermined = ()
    return Rank(observables.data, len(response.values), len(names), rank, undetermined)


def _tensors(data: HarmonicData) -> tuple[list[str], Tensors | None]:
    """The intensities that are known, as words of `Observables`, and their derivatives."""
    from ...identifiability import tensors_of

    known = {"ir": data.dipole_derivatives, "raman": data.polarizability_derivatives}
    words = [word for word, values in known.items() if values is not None]
    kinds = {"ir": "dipole", "raman": "polarizability"}
    return words, tensors_of(data, [kinds[w] for w in words]) if words else None


def _refuse_large(symmetry: Symmetry) -> None:
    """Force constants are counted from Γ_vib: n(n+1)/2 for each irrep, n² for a complex pair."""
    from ...identifiability import IdentifiabilityError
    from ...pointgroup import detect, mode_counts

    # Force constants do not know the masses, so an isotopologue has those of its parent.
    plain = detect(symmetry.molecule.with_masses(None), symmetry.tolerance)
    terms = mode_counts(plain).representation.terms
    n = sum(m * m if i.indicator == 0 else m * (m + 1) // 2 for i, m in terms)
    if n > MOST_FORCE_CONSTANTS:
        raise IdentifiabilityError(
            f"{n} force constants of this symmetry, a report takes up to {MOST_FORCE_CONSTANTS}: "
            "use spektron identify"
        )
