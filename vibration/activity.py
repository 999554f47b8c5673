"""Theory meets intensity: selection rules checked on computed spectra, and R as it is seen.

Group theory says which fundamentals may appear; it does not say how strongly. Here the
intensities of a harmonic calculation are held against it: what is forbidden must vanish, and
what is allowed can still be too weak for an instrument.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..pointgroup import mode_counts
from .errors import SpectrumError
from .modes import NormalModes

FloatArray = NDArray[np.float64]
Kind = Literal["ir", "raman"]

FLOOR: dict[Kind, float] = {"ir": 1e-3, "raman": 1e-3}
"""km/mol and Å⁴/u: a spectrum whose strongest band is weaker holds nothing but noise (N2 in the
infrared), and shares are taken of this instead."""


@dataclass(frozen=True, slots=True)
class SpectrumCheck:
    """The fundamentals of one spectrum against its selection rule.

    Attributes
    ----------
    kind : "ir" or "raman"
    strongest : float
        Intensity of the strongest set of modes, km/mol or Å⁴/u.
    violation : float
        Largest intensity of a forbidden set as a share of the strongest; 0 if none is
        forbidden.
    mode : int or None
        First mode of the forbidden set with the largest intensity.
    irrep : str
        Its irrep, "" if no mode is forbidden.
    weak : tuple of int
        Modes that the rule allows though their set has at most ``limit`` of the strongest;
        group theory does not count them as silent.
    """

    kind: Kind
    strongest: float
    violation: float
    mode: int | None
    irrep: str
    weak: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SelectionCheck:
    """Computed intensities against the selection rules of the point group.

    Attributes
    ----------
    group : str
    limit : float
        Share of the strongest band up to which a forbidden one counts as vanished.
    spectra : tuple of SpectrumCheck
        One for each spectrum whose intensities are known.
    n_silent : int
        Modes that the group forbids in both spectra.
    """

    group: str
    limit: float
    spectra: tuple[SpectrumCheck, ...]
    n_silent: int

    @property
    def holds(self) -> bool:
        """Whether every forbidden mode vanishes."""
        return all(s.violation <= self.limit for s in self.spectra)

    @property
    def largest_violation(self) -> float:
        """Largest share of the strongest band that a forbidden mode has in either spectrum."""
        return max(s.violation for s in self.spectra)

    def __str__(self) -> str:
        parts = []
        for s in self.spectra:
            name = {"ir": "IR", "raman": "Raman"}[s.kind]
            worst = f" (mode {s.mode + 1}, {s.irrep})" if s.mode is not None else ""
            parts.append(f"{name} {s.violation:.1e}{worst}")
        verdict = "hold" if self.holds else "are violated"
        return f"selection rules of {self.group} {verdict}; largest forbidden: {', '.join(parts)}"


@dataclass(frozen=True, slots=True)
class ObservedCompleteness:
    """R as an instrument of given sensitivity sees it, beside R of the group.

    Attributes
    ----------
    threshold : float
        Share of the strongest band from which a band is seen.
    n_vib : int
    seen_ir, seen_raman : tuple of int
        Modes seen in each spectrum.
    spectra : tuple of "ir", "raman"
        Those whose intensities are known; the others count as not measured.
    R : Fraction or None
        ``|IR ∪ Raman| / N_vib`` that symmetry allows; None for a single atom.
    """

    threshold: float
    n_vib: int
    seen_ir: tuple[int, ...]
    seen_raman: tuple[int, ...]
    spectra: tuple[Kind, ...]
    R: Fraction | None

    @property
    def seen(self) -> tuple[int, ...]:
        """Modes seen in at least one spectrum."""
        return tuple(sorted({*self.seen_ir, *self.seen_raman}))

    @property
    def unseen(self) -> tuple[int, ...]:
        """Modes seen in neither, silent ones included."""
        return tuple(sorted(set(range(self.n_vib)) - set(self.seen)))

    @property
    def value(self) -> Fraction | None:
        """Seen modes / N_vib; None for a single atom."""
        return Fraction(len(self.seen), self.n_vib) if self.n_vib else None

    def __str__(self) -> str:
        return f"R = {self.R}; seen from {self.threshold:g} of the strongest band: {self.value}"


def check_selection_rules(modes: NormalModes, *, limit: float = 1e-3) -> SelectionCheck:
    """Hold computed intensities against the selection rules of the point group.

    The intensities of a degenerate set are added up, since a basis of the set can hide them in
    one partner.

    Parameters
    ----------
    modes : NormalModes
        With IR intensities or Raman activities, or both.
    limit : float
        Share of the strongest band up to which a forbidden band counts as vanished.

    Raises
    ------
    SpectrumError
        If the modes have no intensities, or the limit is not between 0 and 1.
    """
    _check_share("limit", limit)
    spectra = tuple(_checked(modes, kind, limit) for kind in _known(modes))
    silent = sum(modes.activity(i).silent for i in range(len(modes)))
    return SelectionCheck(str(modes.symmetry.group), limit, spectra, silent)


def observed_completeness(modes: NormalModes, threshold: float = 0.01) -> ObservedCompleteness:
    """Which share of the vibrations an instrument sees.

    A mode is seen in a spectrum if the band of its degenerate set has at least ``threshold`` of
    the strongest band of that spectrum. Overlap of bands is not considered.

    Parameters
    ----------
    modes : NormalModes
        With IR intensities or Raman activities, or both.
    threshold : float
        Dynamic range of the instrument, above 0 and at most 1.

    Raises
    ------
    SpectrumError
        If the modes have no intensities, or the threshold is outside its range.
    """
    _check_share("threshold", threshold)
    spectra = _known(modes)
    seen: dict[Kind, tuple[int, ...]] = {"ir": (), "raman": ()}
    for kind in spectra:
        shares, _ = _band_shares(modes, kind)
        seen[kind] = tuple(int(i) for i in np.flatnonzero(shares >= threshold))
    return ObservedCompleteness(
        threshold,
        len(modes),
        seen["ir"],
        seen["raman"],
        spectra,
        mode_counts(modes.symmetry).R,
    )


def _checked(modes: NormalModes, kind: Kind, limit: float) -> SpectrumCheck:
    shares, strongest = _band_shares(modes, kind)
    allowed = np.array([getattr(modes.activity(i), kind) for i in range(len(modes))], dtype=bool)
    weak = tuple(int(i) for i in np.flatnonzero(allowed & (shares <= limit)))
    if allowed.all():
        return SpectrumCheck(kind, strongest, 0.0, None, "", weak)
    worst = int(np.argmax(np.where(allowed, -1.0, shares)))
    irrep = modes.irreps[worst]
    return SpectrumCheck(kind, strongest, float(shares[worst]), worst, irrep, weak)


def _known(modes: NormalModes) -> tuple[Kind, ...]:
    known: list[Kind] = []
    if modes.ir_intensities is not None:
        known.append("ir")
    if modes.raman_activities is not None:
        known.append("raman")
    if not known:
        raise SpectrumError(
            "these modes have neither IR intensities nor Raman activities: compute dipole or "
            "polarizability derivatives as well"
        )
    return tuple(known)


def _band_shares(modes: NormalModes, kind: Kind) -> tuple[FloatArray, float]:
    """(n,) intensity of the set of each mode as a share of the strongest, and the strongest."""
    values = modes.ir_intensities if kind == "ir" else modes.raman_activities
    assert values is not None
    bands = np.bincount(modes.sets, weights=values, minlength=1)
    strongest = float(bands.max())
    return bands[modes.sets] / max(strongest, FLOOR[kind]), strongest


def _check_share(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise SpectrumError(f"{name} {value}: give a share of the strongest band, 0 to 1 (0.01)")
