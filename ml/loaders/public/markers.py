"""Bands that tell functional groups: whether spectra and structures belong together.

O–H of alcohols, acids and oximes absorbs above 3560 cm⁻¹ where nothing else of C, H, N, O and F
does strongly in a harmonic calculation (N–H and ≡C–H come near, and are left out of the
comparison); the window from 2200 to 2450 cm⁻¹ holds triple bonds and cumulated double ones. The
ranges are those of harmonic B3LYP: some 4 % above what is measured (M. Hesse, H. Meier, B. Zeeh,
*Spectroscopic Methods*, chapter 2, for the groups).

Tried on B3LYP/def2-SVP with a half width of 15 cm⁻¹, largest value over mean: O–H of methanol 5.2,
formic acid 4.9, glycolonitrile 11.8, of acetonitrile and formaldehyde below 0.1; C≡N of
acetonitrile 17.8, of N#CC=O 6.3, but of glycolonitrile 0.2: an oxygen two bonds away takes its
intensity. Some nitriles thus show no band, and even a sound join stays below 1; compare it with
the same at a shift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import SpectraError
from .table import Float32, Float64


@dataclass(frozen=True, slots=True)
class Marker:
    """A group with a band of its own.

    Attributes
    ----------
    name : str
    smarts : str
        The group.
    excluded : str
        Groups that absorb at the same place; molecules with one of these and without ``smarts``
        are not asked.
    window : (low, high), cm⁻¹
    """

    name: str
    smarts: str
    excluded: str
    window: tuple[float, float]


MARKERS = (
    Marker("O–H", "[OX2H]", "[#7;!H0],[CX2;!H0]#*", (3560.0, 3900.0)),
    Marker(
        "C≡N", "[CX2]#[NX1]", "[CX2]#[CX2],*=[#6X2]=*,*=[#7X2]=*,[N+]#*,[C-]#*", (2200.0, 2450.0)
    ),
)


@dataclass(frozen=True, slots=True)
class MarkerShare:
    """What one band says of a set.

    Attributes
    ----------
    name : str
    with_group, without_group : int
        Molecules asked.
    threshold : float
        Largest value in the window over the mean of the spectrum; a band from here on.
    agreement : float
        Mean of the share of molecules with the group that show the band and the share of those
        without that do not: 1 is a sound join, 0.5 is chance. NaN if one kind is missing.
    """

    name: str
    with_group: int
    without_group: int
    threshold: float
    agreement: float


@dataclass(frozen=True, slots=True)
class JoinReport:
    """Agreement of spectra and structures.

    Attributes
    ----------
    markers : tuple of MarkerShare
    unread : int
        SMILES that are missing or cannot be read.
    """

    markers: tuple[MarkerShare, ...]
    unread: int

    @property
    def agreement(self) -> float:
        """Mean over the markers that could be asked; NaN if none could."""
        known = [m.agreement for m in self.markers if np.isfinite(m.agreement)]
        return float(np.mean(known)) if known else float("nan")


def marker_report(
    axis: Float64, spectra: Float32, smiles: Sequence[str | None], *, threshold: float = 1.0
) -> JoinReport:
    """How far IR spectra show the bands of their structures.

    Parameters
    ----------
    axis : (n_channels,) array, cm⁻¹
    spectra : (n, n_channels) array
        Not negative, as computed ones are.
    smiles : sequence of str or None, n
    threshold : float
        Largest value in a window over the mean of the whole spectrum, from which on it counts
        as a band. The tail of another band lies far below 1, a band of medium strength above.

    Returns
    -------
    JoinReport

    Raises
    ------
    SpectraError
        If no SMILES can be read, or the axis does not reach a window.
    """
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        molecules = [None if s is None else Chem.MolFromSmiles(s) for s in smiles]
    if all(m is None for m in molecules):
        raise SpectraError("no SMILES to compare the spectra with; pass molecules=")
    means = np.maximum(spectra.mean(axis=1, dtype=np.float64), np.finfo(np.float64).tiny)
    shares = []
    for marker in MARKERS:
        inside = (axis >= marker.window[0]) & (axis <= marker.window[1])
        if not inside.any():
            low, high = marker.window
            raise SpectraError(
                f"the axis from {axis[0]:g} to {axis[-1]:g} cm-1 has no channel for {marker.name} "
                f"({low:g} to {high:g})"
            )
        bands = spectra[:, inside].max(axis=1) / means >= threshold
        shares.append(_share(marker, molecules, bands, threshold))
    return JoinReport(tuple(shares), sum(m is None for m in molecules))


def _share(
    marker: Marker, molecules: Sequence[object], bands: np.ndarray, threshold: float
) -> MarkerShare:
    from rdkit import Chem

    group = Chem.MolFromSmarts(marker.smarts)
    others = [Chem.MolFromSmarts(part) for part in _parts(marker.excluded)]
    shown: dict[bool, list[bool]] = {True: [], False: []}
    for molecule, band in zip(molecules, bands, strict=True):
        if molecule is None:
            continue
        has = molecule.HasSubstructMatch(group)  # type: ignore[attr-defined]
        if has or not any(molecule.HasSubstructMatch(o) for o in others):  # type: ignore[attr-defined]
            shown[has].append(bool(band) == has)
    right = [float(np.mean(s)) if s else float("nan") for s in shown.values()]
    return MarkerShare(
        marker.name, len(shown[True]), len(shown[False]), threshold, float(np.mean(right))
    )


def _parts(smarts: str) -> list[str]:
    """Patterns of a list, split at commas outside brackets."""
    parts, depth = [""], 0
    for letter in smarts:
        depth += (letter == "[") - (letter == "]")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts
