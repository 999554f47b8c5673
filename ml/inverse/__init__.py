"""Inverse models: from spectra to structures, ranked, with a confidence or with silence.

====================  ==========================================================================
``smiles``            SMILES as tokens, canonical form, random orders of atoms
``formulas``          formulas read, compared, refused
``grammar``           which token can follow, with or without a formula
``beam``              beam search
``config``            settings
``inputs``            spectra, shifts and formula, each of which may be missing
``equivalence``       nuclei that NMR does not tell apart
``corpus``            molecules of a table to learn from
``predicted_shifts``  shifts of a network for molecules that have none
``network``           encoder and decoder
``objective``         what is trained, in batches
``training``          `train_inverse`
``models``            files
``candidates``        molecules out of a beam search
``library``           known molecules of a formula; the look-up to beat
``shapes``            quick geometries, one for each configuration that is left open
``predictors``        spectra and shifts of candidates
``consistency``       predicted beside observed spectra and shifts
``confidence``        ranking, calibration, coverage
``elucidation``       `elucidate`: one spectrum
``evaluation``        exact match, validity, novelty, hallucination, drift
``fusion``            whether one more measurement helps to tell isomers apart
``assessment``        `assess_inverse`: calibration and all figures of a trained model
``reading``           spectra from files of users
====================  ==========================================================================

Here is what needs no torch; modules that train or search import it.
"""

from .beam import Hypothesis, beam_search
from .confidence import (
    Calibration,
    Coverage,
    Ranked,
    calibrate,
    coverage_curve,
    load_calibration,
    reliability,
    save_calibration,
)
from .config import BEAM_WIDTH, MODALITIES, InverseConfig, InverseLoss, InverseModelConfig
from .consistency import Evidence, Match, evidence_of, match, peak_distance, similarity
from .corpus import Corpus, corpus, shift_table
from .formulas import Formula, check_formula, formula_of
from .grammar import Grammar
from .inputs import Inputs, make_inputs
from .library import Library, library_of
from .predictors import (
    ForwardPredictor,
    PeakPredictor,
    Predictor,
    ShiftPredictor,
    XtbPredictor,
    forward_predictor,
    shift_predictor,
    table_predictor,
)
from .reading import Observed, measured_on, on_axis_of, read_observed
from .smiles import Vocabulary, canonical, randomised, split_smiles

__all__ = [
    "BEAM_WIDTH",
    "MODALITIES",
    "Calibration",
    "Corpus",
    "Coverage",
    "Evidence",
    "Formula",
    "ForwardPredictor",
    "Grammar",
    "Hypothesis",
    "Inputs",
    "InverseConfig",
    "InverseLoss",
    "InverseModelConfig",
    "Library",
    "Match",
    "Observed",
    "PeakPredictor",
    "Predictor",
    "Ranked",
    "ShiftPredictor",
    "Vocabulary",
    "XtbPredictor",
    "beam_search",
    "calibrate",
    "canonical",
    "check_formula",
    "corpus",
    "coverage_curve",
    "evidence_of",
    "formula_of",
    "forward_predictor",
    "library_of",
    "load_calibration",
    "make_inputs",
    "match",
    "measured_on",
    "on_axis_of",
    "peak_distance",
    "randomised",
    "read_observed",
    "reliability",
    "save_calibration",
    "shift_predictor",
    "shift_table",
    "similarity",
    "split_smiles",
    "table_predictor",
]
