"""What a forward model must beat: fingerprints with ridge regression or the nearest, the mean.

All see SMILES alone and predict curves up to a factor. Fingerprint: D. Rogers and M. Hahn,
*J. Chem. Inf. Model.* 50, 742 (2010), as RDKit's Morgan fingerprint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import SpectraError

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.float64]
RADIUS: Final = 2
BITS: Final = 2048
PENALTIES: Final = (0.1, 1.0, 10.0, 100.0, 1000.0)


def fingerprints(smiles: Sequence[str], *, radius: int = RADIUS, bits: int = BITS) -> Counts:
    """How often each environment occurs, folded to ``bits`` numbers; (n, bits).

    Raises
    ------
    SpectraError
        If a SMILES is empty or cannot be parsed.

    Examples
    --------
    >>> fingerprints(["CCO", "OCC"]).sum(axis=1).tolist()
    [6.0, 6.0]
    """
    from rdkit import Chem
    from rdkit.Chem import rdFingerprintGenerator
    from rdkit.rdBase import BlockLogs

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=bits)
    out = np.empty((len(smiles), bits))
    with BlockLogs():
        for row, text in enumerate(smiles):
            molecule = Chem.MolFromSmiles(text) if text else None
            if molecule is None:
                raise SpectraError(f"SMILES {text!r} of molecule {row} gives no fingerprint")
            out[row] = generator.GetCountFingerprintAsNumPy(molecule)
    return out


def unit(curves: NDArray[np.floating]) -> Floats:
    """Curves over their norms, along the last axis; zero where they vanish."""
    norms = np.linalg.norm(curves, axis=-1, keepdims=True)
    return np.asarray(curves / np.where(norms > 0, norms, 1), dtype=float)


def cosine(a: NDArray[np.floating], b: NDArray[np.floating]) -> Floats:
    """Cosine similarity along the last axis; NaN where the second (the truth) vanishes."""
    there = (np.asarray(b) != 0).any(axis=-1)
    return np.where(there, np.sum(unit(a) * unit(b), axis=-1), np.nan)


def mean_spectrum(curves: NDArray[np.floating]) -> Floats:
    """Mean of curves over their norms, (2, points) from (n, 2, points)."""
    return unit(curves).mean(axis=0)


def tanimoto(a: Counts, b: Counts) -> Floats:
    """Tanimoto similarity of the sets of environments, (n, m).

    Examples
    --------
    >>> one = fingerprints(["CCO", "CCC"])
    >>> tanimoto(one, one).round(3).tolist()
    [[1.0, 0.429], [0.429, 1.0]]
    """
    x, y = (a > 0).astype(float), (b > 0).astype(float)
    both = x @ y.T
    either = x.sum(axis=1)[:, None] + y.sum(axis=1) - both
    return both / np.where(either > 0, either, 1)


def nearest_spectra(known: Counts, curves: NDArray[np.floating], asked: Counts) -> Floats:
    """Curves of the molecule with the most similar fingerprint, the first of equal ones.

    Parameters
    ----------
    known : (n, bits)
    curves : (n, 2, points)
    asked : (m, bits)

    Returns
    -------
    (m, 2, points)
    """
    return np.asarray(curves[np.argmax(tanimoto(asked, known), axis=1)], dtype=float)


@dataclass(frozen=True, slots=True, eq=False)
class Ridge:
    """Linear prediction of curves over their norms, negative values cut off.

    Attributes
    ----------
    mean : (bits,)
        Of the fingerprints it was fitted to.
    offset : (outputs,)
    weights : (bits, outputs)
    penalty : float
    """

    mean: Floats
    offset: Floats
    weights: Floats
    penalty: float

    def predict(self, asked: Counts) -> Floats:
        """Curves, (m, 2, points)."""
        flat = (asked - self.mean) @ self.weights + self.offset
        return np.maximum(flat, 0).reshape(len(asked), 2, -1)


def fit_ridge(known: Counts, curves: NDArray[np.floating], penalty: float) -> Ridge:
    """Ridge regression of unit curves on fingerprints, with an offset that is not penalised.

    Solved with the n × n matrix of scalar products, which is small where bits are many.

    Raises
    ------
    SpectraError
        If the penalty is not positive.
    """
    if not penalty > 0:
        raise SpectraError(f"ridge penalty {penalty:g}; give more than 0")
    mean = known.mean(axis=0)
    centred, targets = known - mean, unit(curves).reshape(len(curves), -1)
    offset = targets.mean(axis=0)
    products = centred @ centred.T + penalty * np.eye(len(known))
    weights = centred.T @ np.linalg.solve(products, targets - offset)
    return Ridge(mean, offset, weights, penalty)


def best_ridge(
    known: Counts,
    curves: NDArray[np.floating],
    valid: Counts,
    valid_curves: NDArray[np.floating],
    penalties: Sequence[float] = PENALTIES,
) -> Ridge:
    """The ridge regression with the penalty of the highest mean cosine on other molecules."""
    fits = [fit_ridge(known, curves, penalty) for penalty in penalties]
    scores = [np.nanmean(cosine(fit.predict(valid), valid_curves)) for fit in fits]
    return fits[int(np.argmax(scores))]
