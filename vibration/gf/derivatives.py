"""Analytic derivatives of eigenvalues, wavenumbers and intensities.

With modes l_k (cartesian) and s_k = B l_k (internal), normalised to l_kᵀ M l_k = 1:

- ∂λ_k/∂θ = s_kᵀ (∂F/∂θ) s_k
- ∂λ_k/∂x = 2 Σ_i (F s_k)_i (∂²q_i/∂x∂x) l_k, at constant F
- for a strength I_k = tᵀ_k A t_k with t_k = Tᵀ l_k:
  ∂I_k/∂θ = 2 Σ_l (s_kᵀ (∂F/∂θ) s_l) (t_kᵀ A t_l) / (λ_k − λ_l)

In a degenerate set only the matrix s_kᵀ (∂F/∂θ) s_l of the set has a meaning (`cluster_matrix`);
its trace does not depend on the choice of partners. So the observables are means of eigenvalues
and sums of strengths over *clusters*, with l running over the modes outside the cluster, and
degeneracy, by symmetry or by accident, does no harm.

Source: E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations* (1955), section 8-5 (first
two lines); first- and second-order perturbation theory otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..internal import b_derivative
from .errors import ForceFieldError
from .matrices import CM_PER_ROOT
from .parametrisations import Parametrisation
from .secular import GFModes

FloatArray = NDArray[np.float64]
Clusters = tuple[NDArray[np.intp], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Jacobian:
    """Derivatives of the mean eigenvalue of each cluster.

    Attributes
    ----------
    clusters : tuple of arrays of mode numbers
    eigenvalues : (n_clusters, P)
        In mdyn/(Å u) per unit of the parameter.
    wavenumbers : (n_clusters, P)
        In cm⁻¹ per unit of the parameter; infinite where a wavenumber is zero.
    """

    clusters: Clusters
    eigenvalues: FloatArray
    wavenumbers: FloatArray


def clusters(modes: GFModes, gap: float = 1e-8) -> Clusters:
    """Degenerate sets, joined where their eigenvalues coincide by accident.

    Parameters
    ----------
    modes : GFModes
    gap : float
        Largest relative difference of eigenvalues of one irrep that counts as coincidence. Sets
        of different irreps are never joined: symmetry keeps them apart.
    """
    groups = [np.nonzero(modes.sets == s)[0] for s in np.unique(modes.sets)]
    scale = gap * np.abs(modes.eigenvalues).max() if len(groups) else 0.0
    out: list[NDArray[np.intp]] = []
    for group in groups:
        value, irrep = modes.eigenvalues[group[0]], modes.irreps[group[0]]
        for i, other in enumerate(out):
            same = modes.irreps[other[0]] == irrep
            if same and abs(modes.eigenvalues[other[-1]] - value) <= scale:
                out[i] = np.concatenate([other, group])
                break
        else:
            out.append(group)
    return tuple(out)


def force_constant_jacobian(
    modes: GFModes,
    field: Parametrisation,
    parameters: ArrayLike,
    of: Clusters | None = None,
) -> Jacobian:
    """∂λ/∂θ and ∂ν/∂θ for the parameters of a force field.

    Parameters
    ----------
    modes : GFModes
        Solved with ``field.matrix(parameters)``, of any isotopologue.
    field : Parametrisation
    parameters : (P,)
    of : clusters, optional
        Default: ``clusters(modes)``.
    """
    chosen = clusters(modes) if of is None else of
    rows = [
        np.einsum("pkk->p", field.elements(parameters, modes.internal[:, c])) / len(c)
        for c in chosen
    ]
    return _jacobian(modes, chosen, rows)


def cluster_matrix(
    modes: GFModes, cluster: ArrayLike, field: Parametrisation, parameters: ArrayLike
) -> FloatArray:
    """(P, k, k): first-order matrix of ∂F/∂θ within a degenerate set.

    Its eigenvalues, for a combination of parameters, are the slopes of the split levels.
    """
    index = np.asarray(cluster, dtype=np.intp)
    return field.elements(parameters, modes.internal[:, index])


def geometry_jacobian(modes: GFModes, of: Clusters | None = None) -> Jacobian:
    """∂λ/∂x and ∂ν/∂x at constant F, for the 3N Cartesian coordinates in Å.

    The molecule is taken to be at equilibrium at each geometry. In redundant coordinates the
    derivative belongs to the F given: two F that give the same Hessian here need not give the
    same one elsewhere.
    """
    chosen = clusters(modes) if of is None else of
    forces = modes.force_constants @ modes.internal
    slopes = np.array(
        [
            2 * forces[:, k] @ b_derivative(modes.coordinates, modes.cartesian[k])
            for k in range(len(modes))
        ]
    ).reshape(len(modes), 3 * modes.molecule.n_atoms)
    return _jacobian(modes, chosen, [slopes[c].mean(axis=0) for c in chosen])


def strengths(
    modes: GFModes,
    property_derivatives: ArrayLike,
    of: Clusters | None = None,
    *,
    metric: ArrayLike | None = None,
) -> FloatArray:
    """(n_clusters,) Σ_k t_kᵀ A t_k with t_k = Tᵀ l_k, in [property]²/(Å² u).

    Parameters
    ----------
    modes : GFModes
    property_derivatives : (3N, m), per Å
        T: of the dipole moment, or of the nine components of the polarizability.
    of : clusters, optional
    metric : (m, m), optional
        A: default the unit matrix; for Raman activities the matrix of 45a² + 7γ².
    """
    t, a = _transitions(modes, property_derivatives, metric)
    each = np.einsum("ki,ij,kj->k", t, a, t)
    return np.array([each[c].sum() for c in (clusters(modes) if of is None else of)])


def strength_jacobian(
    modes: GFModes,
    property_derivatives: ArrayLike,
    field: Parametrisation,
    parameters: ArrayLike,
    of: Clusters | None = None,
    *,
    metric: ArrayLike | None = None,
) -> FloatArray:
    """(n_clusters, P) derivatives of `strengths` with respect to force constants."""
    chosen = clusters(modes) if of is None else of
    t, a = _transitions(modes, property_derivatives, metric)
    products = t @ a @ t.T
    elements = field.elements(parameters, modes.internal)
    rows = []
    for c in chosen:
        outside = np.setdiff1d(np.arange(len(modes)), c)
        gaps = modes.eigenvalues[c][:, None] - modes.eigenvalues[outside]
        factors = np.zeros_like(gaps)
        # levels of different irreps may cross; ∂F does not couple them
        np.divide(2 * products[np.ix_(c, outside)], gaps, out=factors, where=np.abs(gaps) > 0)
        rows.append(np.einsum("pkl,kl->p", elements[:, c][:, :, outside], factors))
    return np.array(rows).reshape(len(chosen), len(elements))


def _transitions(
    modes: GFModes, property_derivatives: ArrayLike, metric: ArrayLike | None
) -> tuple[FloatArray, FloatArray]:
    size = 3 * modes.molecule.n_atoms
    given = np.asarray(property_derivatives, dtype=np.float64)
    if given.ndim != 2 or len(given) != size:
        raise ForceFieldError(
            f"property derivatives of shape {given.shape}: give ({size}, m) for "
            f"{modes.molecule.formula}"
        )
    a = np.eye(given.shape[1]) if metric is None else np.asarray(metric, dtype=np.float64)
    return modes.cartesian.reshape(len(modes), size) @ given, a


def _jacobian(modes: GFModes, chosen: Clusters, rows: list[FloatArray]) -> Jacobian:
    eigenvalues = np.array(rows).reshape(len(chosen), -1)
    level = np.array([np.abs(modes.eigenvalues[c]).mean() for c in chosen])
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = CM_PER_ROOT / 2 / np.sqrt(level)
    return Jacobian(chosen, eigenvalues, slope[:, None] * eigenvalues)
