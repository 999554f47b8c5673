"""Broadened spectra of force constants, with exact derivatives even of degenerate modes.

A spectrum is Σ_k |a·u_k|² L(ν − ν_k) with the eigenvectors u_k of the mass-weighted force
constants D: a trace tr(aᵀa f_ν(D)) of a function of a matrix. It is smooth where eigenvalues
cross, although no eigenvector is. Its derivative needs divided differences of f only,

    ∂tr(S f(D))/∂D = U [ f[λ_i, λ_j] ∘ (Uᵀ S U) ] Uᵀ,

Yu. L. Daleckii and S. G. Krein (1965); N. J. Higham, *Functions of Matrices* (2008), theorem 3.11.
The derivative of an eigendecomposition instead divides by λ_i − λ_j and fails in every symmetric
molecule.

Force constants are in mdyn/Å and masses in u throughout.
"""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor

from ...pointgroup.units import FORCE_CONSTANT, NORMAL_COORDINATE

PER_ROOT: Final = NORMAL_COORDINATE / FORCE_CONSTANT**0.5
"""cm⁻¹ for a curvature of 1 mdyn/(Å u)."""
SOFT: Final = 50.0
"""cm⁻¹; below it the wavenumber goes on as the tangent of the root, to negative curvatures."""
CLOSE: Final = 0.05
"""Of the FWHM; lines nearer than this share the mean of their derivatives."""


def curvatures_of(wavenumbers: Tensor) -> Tensor:
    """Curvatures, mdyn/(Å u), of signed wavenumbers, cm⁻¹."""
    return wavenumbers * wavenumbers.abs() / PER_ROOT**2


def wavenumbers_of(curvatures: Tensor) -> Tensor:
    """Wavenumbers, cm⁻¹, of curvatures, mdyn/(Å u); below `SOFT` the tangent of the root."""
    soft = (SOFT / PER_ROOT) ** 2
    root = PER_ROOT * torch.sqrt(curvatures.clamp_min(soft))
    return torch.where(curvatures > soft, root, SOFT / 2 * (1 + curvatures / soft))


def slopes_of(curvatures: Tensor) -> Tensor:
    """Derivative of `wavenumbers_of`."""
    soft = (SOFT / PER_ROOT) ** 2
    return PER_ROOT / 2 / torch.sqrt(curvatures.clamp_min(soft))


def lorentzian(offsets: Tensor, fwhm: float) -> Tensor:
    """Lines of unit area."""
    half = fwhm / 2
    return half / torch.pi / (offsets**2 + half**2)


class Broadened(torch.autograd.Function):
    """Curves and curvatures of batches of molecules; use `broadened`."""

    @staticmethod
    def forward(
        ctx: Any, dynamic: Tensor, tensors: Tensor, first: int, axis: Tensor, fwhm: float
    ) -> tuple[Tensor, Tensor]:
        """Curves (n, 2, points) and curvatures (n, modes), ascending."""
        curvatures, vectors = torch.linalg.eigh(dynamic)
        along = tensors @ vectors
        strengths = torch.stack(
            [(along[:, :first] ** 2).sum(1), (along[:, first:] ** 2).sum(1)], dim=1
        )
        lines = lorentzian(axis - wavenumbers_of(curvatures)[..., None], fwhm)
        ctx.save_for_backward(curvatures, vectors, along, axis)
        ctx.first, ctx.fwhm = first, fwhm
        return strengths @ lines, curvatures

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Derivatives by the force constants and the tensors."""
        curvatures, vectors, along, axis = ctx.saved_tensors
        of_curves, of_curvatures = grads
        offsets = axis - wavenumbers_of(curvatures)[..., None]
        lines = lorentzian(offsets, ctx.fwhm)
        values = of_curves @ lines.mT
        steep = lines**2 * offsets * (4 * torch.pi / ctx.fwhm)
        slopes = (of_curves @ steep.mT) * slopes_of(curvatures)[:, None]
        parts = along[:, : ctx.first], along[:, ctx.first :]
        inner = torch.diag_embed(of_curvatures)
        for channel, part in enumerate(parts):
            ratios = _ratios(curvatures, values[:, channel], slopes[:, channel], ctx.fwhm)
            inner = inner + ratios * (part.mT @ part)
        outer = [2 * part * values[:, c, None] for c, part in enumerate(parts)]
        return (
            vectors @ inner @ vectors.mT,
            torch.cat(outer, dim=1) @ vectors.mT,
            None,
            None,
            None,
        )


def _ratios(curvatures: Tensor, values: Tensor, slopes: Tensor, fwhm: float) -> Tensor:
    """Divided differences (n, modes, modes) of a function of the curvatures."""
    apart = curvatures[:, :, None] - curvatures[:, None]
    wavenumbers = wavenumbers_of(curvatures)
    close = (wavenumbers[:, :, None] - wavenumbers[:, None]).abs() < CLOSE * fwhm
    ratio = (values[:, :, None] - values[:, None]) / torch.where(close, 1.0, apart)
    return torch.where(close, (slopes[:, :, None] + slopes[:, None]) / 2, ratio)


def broadened(
    dynamic: Tensor, tensors: Tensor, first: int, axis: Tensor, fwhm: float
) -> tuple[Tensor, Tensor]:
    """Spectra of harmonic molecules on an axis.

    Parameters
    ----------
    dynamic : (n, modes, modes), mdyn/(Å u)
        Mass-weighted force constants, symmetric.
    tensors : (n, first + more, modes)
        Rows whose squares along a mode add up to its infrared strength, then those of its
        Raman strength.
    first : int
        Number of infrared rows.
    axis : (points,), cm⁻¹
    fwhm : float, cm⁻¹

    Returns
    -------
    curves : (n, 2, points)
        Strengths times Lorentzians of unit area.
    curvatures : (n, modes), mdyn/(Å u)
        Ascending.
    """
    out: tuple[Tensor, Tensor] = Broadened.apply(dynamic, tensors, first, axis, fwhm)
    return out
