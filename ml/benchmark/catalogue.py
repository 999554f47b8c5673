"""The methods of the benchmark with the settings among which each chooses."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ProtocolError
from ..transfer.bias import MeanShift, SlopeBias
from ..transfer.cca import Canonical
from ..transfer.channels import TwoChannels
from ..transfer.consensus import Consensus
from ..transfer.dipls import DomainInvariant
from ..transfer.joint import Joint
from ..transfer.plain import NoTransfer, Pooled, TargetOnly
from ..transfer.pretreatment import RAW, Pretreatment
from ..transfer.projection import Orthogonalised
from ..transfer.sinkhorn import Barycentric
from ..transfer.standardisation import Direct, Piecewise
from ..transfer.tikhonov import Tikhonov
from ..transfer.tuning import Estimator, Tuned
from .cell import Arrangement, Entry, Kind

PRETREATMENTS = (
    RAW,
    Pretreatment(scatter="snv"),
    Pretreatment(derivative=1, window=15),
    Pretreatment(derivative=1, window=31),
    Pretreatment(derivative=2, window=31),
)
"""Among these every tuned method chooses."""
FEW = (PRETREATMENTS[0], PRETREATMENTS[2])
"""For methods that take long."""
ENSEMBLE = 10
"""Pretreatments and estimators that an ensemble averages, each with its best complexity."""
UNLABELLED: tuple[Arrangement, ...] = ("disjoint", "same")

JOINT = (Joint(1.0), Joint(5.0))
TIKHONOV = (Tikhonov(1.0), Tikhonov(10.0))
PDS = (Piecewise(1), Piecewise(3))


def _entry(
    name: str,
    title: str,
    kind: Kind,
    estimators: Sequence[Estimator],
    *,
    pretreatments: tuple[Pretreatment, ...] = PRETREATMENTS,
    n_members: int = 1,
    least: int = 4,
    without: tuple[Arrangement, ...] = (),
    own: bool = False,
) -> Entry:
    method = Tuned(tuple(estimators), pretreatments, n_members)
    return Entry(name, title, lambda lent: method, kind, least, without, own)


CATALOGUE: tuple[Entry, ...] = (
    Entry(
        "default", "local maps, distrustful ridge", lambda lent: Consensus(), "default",
        without=("master",),
    ),
    _entry("pds", "PDS", "published", PDS),
    _entry("ds", "DS", "published", (Direct(2), Direct(4), Direct(8))),
    _entry("sbc", "SBC", "published", (SlopeBias(True), SlopeBias(False))),
    _entry("epo", "EPO", "published", tuple(Orthogonalised(r) for r in (1, 2, 3, 5))),
    _entry("dipls", "di-PLS", "published", (DomainInvariant(0.3), DomainInvariant(3.0)),
           pretreatments=FEW, without=UNLABELLED),
    _entry("joint", "joint PLS", "published", JOINT),
    _entry("tikhonov", "Tikhonov updating", "published", TIKHONOV),
    _entry("cca", "CCA", "published", (Canonical(2), Canonical(4), Canonical(8))),
    _entry("sinkhorn", "Sinkhorn barycentric", "published",
           (Barycentric(0.1, 0.5), Barycentric(0.1, 1.0)), pretreatments=FEW, without=UNLABELLED),
    _entry("mean-shift", "mean shift", "published", (MeanShift(),), without=UNLABELLED),
    _entry("pds-ensemble", "PDS ensemble", "ensemble", PDS, n_members=ENSEMBLE),
    _entry("joint-ensemble", "joint PLS ensemble", "ensemble", JOINT, n_members=ENSEMBLE),
    _entry("tikhonov-ensemble", "Tikhonov ensemble", "ensemble", TIKHONOV, n_members=ENSEMBLE),
    _entry("none", "PLS, no transfer", "plain", (NoTransfer(),), without=("master",)),
    _entry("pooled", "PLS, pooled", "plain", (Pooled(),)),
    _entry("target-only", "PLS on the k target samples", "plain", (TargetOnly(),)),
    _entry("ceiling", "PLS on the target's own calibration set", "diagnostic", (TargetOnly(),),
           own=True),
    _entry("two-channels", "two channels of the target's own calibration set", "diagnostic",
           (TwoChannels(),), pretreatments=(RAW,), own=True),
)  # fmt: skip
"""Every method of the benchmark, with what it may tune."""

NAMES = tuple(entry.name for entry in CATALOGUE)
"""Names of the methods, in the order of the catalogue."""

BASELINES = ("pds", "ds", "sbc", "epo", "dipls")
"""The single published baselines that the default has to beat."""


def entries_named(names: Sequence[str]) -> tuple[Entry, ...]:
    """Entries by name, in the order of the catalogue; those of `adaptation.NEURAL` come last.

    Raises
    ------
    ProtocolError
        If a name is unknown.
    """
    # Here, because that catalogue is made of entries of this one's kind.
    from ..adaptation.catalogue import NEURAL

    every = (*CATALOGUE, *NEURAL)
    known = [entry.name for entry in every]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ProtocolError(f"unknown method {unknown[0]}; known are {', '.join(known)}")
    return tuple(entry for entry in every if entry.name in names)
