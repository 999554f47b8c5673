"""The forward model that obeys selection rules by construction: a learnt force field.

The network predicts force constants of internal coordinates and the derivatives of dipole
moment and polarizability by the positions of the atoms. Wavenumbers and intensities follow as in
the double-harmonic theory. The constants are invariant and the derivatives equivariant under
every rotation, reflection and renumbering; so an operation of the point group of the geometry
leaves all of them as they are, and what the group forbids vanishes to rounding.

F = Σ_ab f_ab b_aᵀ b_b with Wilson's rows b, E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular
Vibrations* (1955), chapter 4; f_ab in mdyn/Å, mdyn/rad and mdyn Å/rad².
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from ...pointgroup.units import BOHR, INTENSITY
from ...vibration.internal.coordinate import KINDS
from ...vibration.spectrum import DECADIC_ABSORPTION
from .config import NetworkConfig
from .lines import broadened, curvatures_of
from .network import Encoder, graphs_of, perceptron
from .samples import Batch, ValenceBatch
from .tensors import IntensityTensors
from .valence import FEATURES, ROLES

TYPICAL: Final = {
    "stretch": 5.0, "bend": 0.7, "linear bend": 0.3, "torsion": 0.03, "out-of-plane": 0.15,
}  # fmt: skip
"""Constants before training, mdyn/Å and mdyn Å/rad²."""
LARGEST_COUPLING: Final = 0.5
"""Of the geometric mean of two constants."""
ABSENT: Final = 8000.0
"""cm⁻¹; where modes lie that fill up a batch, outside every axis."""
MOST_SHARED: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Harmonic:
    """Predicted derivatives of a batch of molecules.

    Attributes
    ----------
    constants : (n, most coordinates, most coordinates)
        mdyn/Å and so on, zero where there is no coordinate.
    dipole : (n_atoms, 3, 3), e
        ∂μ_a/∂x_b in row a, column b.
    polarizability : (n_atoms, 3, 3, 3), bohr²
        ∂α_ab/∂x_c.
    """

    constants: Tensor
    dipole: Tensor
    polarizability: Tensor


class ForceFieldModel(nn.Module):
    """Force constants and intensity tensors of molecules, and their spectra."""

    axis: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.encoder = Encoder(config)
        self.roles = nn.Linear(width, ROLES * width)
        inside = (ROLES + 1) * width + len(KINDS) + FEATURES
        self.coordinate = perceptron(inside, width, width)
        self.stiffness = perceptron(width, width, 1, quiet=True)
        self.typical = nn.Parameter(torch.log(torch.tensor([TYPICAL[kind] for kind in KINDS])))
        self.coupling = perceptron(2 * width + MOST_SHARED + 1, width, 1, quiet=True)
        self.intensity = IntensityTensors(config)
        self.register_buffer(
            "axis", torch.as_tensor(config.axis.wavenumbers, dtype=torch.get_default_dtype())
        )

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Curves (n, 2, points) and curvatures (n, most modes), as `broadened` gives them."""
        found = self.harmonic(batch)
        dynamic = self._dynamic(found.constants, batch.described)
        rows = self._rows(found, batch.described)
        return broadened(dynamic, rows, 3, self.axis, self.config.fwhm)

    def harmonic(self, batch: Batch) -> Harmonic:
        """Force constants and derivatives of dipole moment and polarizability."""
        graphs = graphs_of(batch.graphs, self.config, self.axis)
        scalars, vectors = self.encoder(graphs)
        constants = self._constants(scalars, batch.described)
        return Harmonic(constants, *self.intensity(scalars, vectors, graphs))

    def _constants(self, scalars: Tensor, valence: ValenceBatch) -> Tensor:
        described = self._described(scalars, valence)
        kinds = torch.as_tensor(valence.kinds, device=scalars.device)
        logarithms = self.typical[kinds] + self.stiffness(described)[:, 0]
        molecule, row = torch.as_tensor(valence.places, device=scalars.device)
        size = (len(valence.wilson), valence.wilson.shape[1], valence.wilson.shape[1])
        diagonal = logarithms.new_zeros(size).index_put((molecule, row, row), logarithms.exp())
        first, second = torch.as_tensor(valence.pairs, device=scalars.device)
        both = torch.cat(
            [
                described[first] + described[second],
                described[first] * described[second],
                _one_hot(valence.shared, MOST_SHARED + 1, scalars),
            ],
            dim=1,
        )
        mean = torch.exp((logarithms[first] + logarithms[second]) / 2)
        coupling = LARGEST_COUPLING * mean * torch.tanh(self.coupling(both)[:, 0])
        place = (molecule[first], row[first], row[second])
        upper = logarithms.new_zeros(size).index_put(place, coupling)
        return diagonal + upper + upper.mT

    def _described(self, scalars: Tensor, valence: ValenceBatch) -> Tensor:
        """Features of each coordinate, (n_coordinates, width)."""
        atoms = torch.as_tensor(valence.roles, device=scalars.device)
        known = torch.nn.functional.silu(self.roles(scalars)).view(len(scalars), ROLES, -1)
        parts = []
        for role in range(ROLES):
            there = (atoms[:, role] >= 0)[..., None]
            values = known[:, role][atoms[:, role].clamp_min(0)]
            parts.append(torch.where(there, values, 0.0).sum(1))
            if role == 0:
                parts.append(torch.where(there, values, 1.0).prod(1))
        parts.append(_one_hot(valence.kinds, len(KINDS), scalars))
        parts.append(torch.as_tensor(valence.features, dtype=scalars.dtype, device=scalars.device))
        return torch.nn.functional.silu(self.coordinate(torch.cat(parts, dim=1)))

    def _dynamic(self, constants: Tensor, valence: ValenceBatch) -> Tensor:
        """Mass-weighted force constants, with far-away modes where a molecule has fewer."""
        wilson = torch.as_tensor(valence.wilson, dtype=constants.dtype, device=constants.device)
        dynamic = wilson.mT @ constants @ wilson
        absent = np.arange(wilson.shape[2]) >= valence.modes[:, None]
        far = curvatures_of(torch.tensor(ABSENT, dtype=constants.dtype))
        filling = torch.as_tensor(absent, dtype=constants.dtype, device=constants.device) * far
        return (dynamic + dynamic.mT) / 2 + torch.diag_embed(filling)

    def _rows(self, found: Harmonic, valence: ValenceBatch) -> Tensor:
        """Amplitudes whose squares are strengths; (n, 3 + 10, most modes)."""
        basis = torch.as_tensor(valence.basis, dtype=found.dipole.dtype, device=found.dipole.device)
        raman = raman_rows(found.polarizability)
        scale = (INTENSITY * DECADIC_ABSORPTION) ** 0.5
        both = torch.cat([found.dipole * scale, raman], dim=1)
        molecule, atom = torch.as_tensor(valence.atoms, device=both.device)
        most = basis.shape[1] // 3
        rows = both.new_zeros(len(basis), most, both.shape[1], 3)
        rows = rows.index_put((molecule, atom), both)
        return rows.permute(0, 2, 1, 3).flatten(2) @ basis


def raman_rows(polarizability: Tensor) -> Tensor:
    """Combinations of (n, 3, 3, 3) derivatives, bohr², whose squares are 45a'² + 7γ'², Å⁴.

    With γ² = 3/2 of the squared norm of the traceless part; D. A. Long, *The Raman Effect*
    (2002), appendix A14.

    Returns
    -------
    (n, 10, 3)
    """
    eye = torch.eye(3, dtype=polarizability.dtype, device=polarizability.device)
    third = torch.einsum("naac->nc", polarizability) / 3
    traceless = polarizability - eye[..., None] * third[:, None, None]
    rows = torch.cat([45**0.5 * third[:, None], 10.5**0.5 * traceless.flatten(1, 2)], dim=1)
    return rows * BOHR**2


def _one_hot(places: np.ndarray, size: int, like: Tensor) -> Tensor:
    index = torch.as_tensor(places, device=like.device)
    return torch.nn.functional.one_hot(index, size).to(like.dtype)
