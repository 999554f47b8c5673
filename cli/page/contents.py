"""What a report tells about one molecule, worked out before any of it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..results import Drawing
from ..vibrations import bands, depolarisation_text

if TYPE_CHECKING:
    from ...identifiability import (
        Completeness,
        Tensors,
    )
    from ...identifiability.identification import Rank
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
        What opens silent irreps; None where none is silent, or as ``why_no_proof`` tells.
    vibrations : Vibrations or None
    determination : Determination
    why_no_proof : str
        Why there is no proof though modes are silent; empty otherwise.
    """

    given: str
    symmetry: Symmetry
    counts: ModeCounts
    proof: Completeness | None
    vibrations: Vibrations | None
    determination: Determination
    why_no_proof: str = ""

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
    proof, why = _proof(symmetry, counts)
    return Contents(given, symmetry, counts, proof, vibrations, _determination(symmetry, data), why)


def _proof(symmetry: Symmetry, counts: ModeCounts) -> tuple[Completeness | None, str]:
    """What opens silent irreps, and why that is not told."""
    from ...identifiability import completeness
    from ...pointgroup import InputError

    if not counts.n_silent:
        return None, ""
    n = symmetry.molecule.n_atoms
    if n > LARGEST_PROOF:
        return None, (
            f"not looked for: {n} atoms, a report goes through the isotopologues and distortions "
            f"of up to {LARGEST_PROOF}; spektron.identifiability.completeness goes further"
        )
    try:
        return completeness(symmetry.molecule, largest=1, tolerance=symmetry.tolerance), ""
    except InputError as error:  # too many patterns; R and its reasons stand without them
        return None, f"not looked for: {error}"


def vibrations_of(
    modes: NormalModes, data: HarmonicData, drawing: Drawing, notes: tuple[str, ...] = ()
) -> Vibrations:
    """Bands with their energy distribution."""
    shares, why = _shares(modes, data)
    rows = tuple(_band(modes, tuple(members), shares) for members in bands(modes))
    return Vibrations(modes, rows, drawing, why, notes)


def _band(modes: NormalModes, members: tuple[int, ...], shares: dict[int, str]) -> Band:
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
        depolarisation_text(modes, chosen) if raman is not None else "–",
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
    from ...identifiability.identification import local_rank

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
    steps = [local_rank(field, Observables(parent))]
    if words:
        steps.append(local_rank(field, Observables(parent, ("freq", *words), tensors)))  # type: ignore[arg-type]
    return Determination(tuple(steps), data is None)


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
