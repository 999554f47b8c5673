"""Calibration transfer: methods with one interface, ``fit(master, transfer, target_unlabelled)``.

=====================  ====================================================================
module                 methods
=====================  ====================================================================
``plain``              PLS without transfer, target only, pooled
``bias``               slope and bias correction (SBC), mean shift
``standardisation``    direct and piecewise direct standardisation (DS, PDS)
``projection``         external parameter orthogonalisation (EPO)
``joint``              joint PLS, each instrument on its own mean
``tikhonov``           Tikhonov updating
``dipls``              domain-invariant PLS
``cca``                canonical correlation
``sinkhorn``           barycentric optimal transport
``consensus``          the default
``channels``           the best two channels, a diagnostic
=====================  ====================================================================

`Tuned` chooses the settings of the first nine by validation inside the transfer samples.
"""

from .consensus import Consensus
from .interface import Average, Calibration, Labelled, Linear, Method, Pairs
from .pretreatment import RAW, Pretreatment
from .tuning import Choice, Tuned

__all__ = [
    "RAW",
    "Average",
    "Calibration",
    "Choice",
    "Consensus",
    "Labelled",
    "Linear",
    "Method",
    "Pairs",
    "Pretreatment",
    "Tuned",
]
