"""What is measured: which spectra of which isotopologues, and how it depends on F.

Observables are logarithms: of λ for a line position, of intensities, of depolarisation
ratios. So a row of the Jacobian is a relative change, and rows have comparable sizes. Where two
lines of an irrep all but coincide, moments take the place of its lines (`moments`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .errors import IdentifiabilityError
from .isotopologue import Isotopologue
from .lines import Lines, solve
from .moments import intensity_moments, nearly_degenerate, position_moments
from .parameters import Parameters
from .space import InternalSpace
from .tensors import Kind, Tensors, invariant_tensors

FloatArray = NDArray[np.float64]
Data = Literal["freq", "ir", "raman", "depolarisation"]

DATA: tuple[Data, ...] = ("freq", "ir", "raman", "depolarisation")
_ABSENT = 1e-10
"""Share of the strongest line of its spectrum below which a line is not there."""


@dataclass(frozen=True, slots=True, eq=False)
class Observables:
    """Spectra of a set of isotopologues.

    Attributes
    ----------
    isotopologues : tuple of Isotopologue
    data : tuple of "freq", "ir", "raman", "depolarisation"
        ``freq``: positions of the lines that the spectra taken can show.
    tensors : Tensors or None
        Derivatives of dipole moment and polarizability; needed for intensities.
    derivatives : "known" or "unknown"
        Unknown ones are fitted along with the force constants.
    spectra : tuple of "ir", "raman"
        Where the positions are read off.
    assigned : bool
        Whether it is known which irrep each line belongs to. If not, the rank is that of every
        single assignment, and `count_assignments` says how many there are.

    Raises
    ------
    IdentifiabilityError
        If there is no isotopologue, or a word is not one of the above or is there twice.
    """

    isotopologues: tuple[Isotopologue, ...]
    data: tuple[Data, ...] = ("freq",)
    tensors: Tensors | None = None
    derivatives: Literal["known", "unknown"] = "known"
    spectra: tuple[Literal["ir", "raman"], ...] = ("ir", "raman")
    assigned: bool = True

    def __post_init__(self) -> None:
        if not self.isotopologues:
            raise IdentifiabilityError("no isotopologue: give at least the parent")
        _check_words("data", self.data, DATA)
        _check_words("spectra", self.spectra, ("ir", "raman"))
        _check_words("derivatives", (self.derivatives,), ("known", "unknown"))


def _check_words(name: str, given: Sequence[str], known: Sequence[str]) -> None:
    unknown = [word for word in given if word not in known]
    if unknown or not given:
        raise IdentifiabilityError(
            f"{name} {unknown[0] if unknown else 'empty'!r}: choose from {', '.join(known)}"
        )
    twice = [word for word in known if list(given).count(word) > 1]
    if twice:
        raise IdentifiabilityError(f"{name} {twice[0]!r} is there twice: name it once")


@dataclass(frozen=True, slots=True)
class Row:
    """What one observable is.

    Attributes
    ----------
    isotopologue : str
    irrep : str
    line : int
        Number of the line within its irrep, from 1; of the moment, if it is one.
    quantity : "freq", "ir", "raman" or "depolarisation"
    is_moment : bool
        Whether a moment of all lines of the irrep stands for a line.
    """

    isotopologue: str
    irrep: str
    line: int
    quantity: Data
    is_moment: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """Values and derivatives of a set of observables.

    Attributes
    ----------
    rows : tuple of Row, length m
    values : (m,)
        Natural logarithms; of the curvature (Eh/(bohr² u)) for a position.
    jacobian : (m, P)
        With respect to the force constants.
    nuisance : (m, T)
        With respect to the tensor components; T = 0 if these are known.
    """

    rows: tuple[Row, ...]
    values: FloatArray
    jacobian: FloatArray
    nuisance: FloatArray

    @property
    def moments(self) -> tuple[str, ...]:
        """Isotopologue and irrep of lines that all but coincide, so that moments are used."""
        found = (f"{r.isotopologue} {r.irrep}".strip() for r in self.rows if r.is_moment)
        return tuple(dict.fromkeys(found))


def respond(matrix: FloatArray, parameters: Parameters, observables: Observables) -> Response:
    """Observables of a force field F (d, d) and their derivatives.

    Raises
    ------
    IdentifiabilityError
        If intensities are asked for without tensors, or a line has no positive curvature.
    """
    if set(observables.data) - {"freq"} and observables.tensors is None:
        raise IdentifiabilityError(
            f"data {', '.join(observables.data)} need the derivatives of dipole moment and "
            "polarizability: pass tensors, or ask for freq alone"
        )
    basis = tensor_basis(parameters.space, observables)
    parts = [
        part
        for isotopologue in observables.isotopologues
        for part in _of_isotopologue(matrix, parameters, isotopologue, observables, basis)
    ]
    if not parts:
        raise IdentifiabilityError(
            f"no line of these isotopologues shows in {' or '.join(observables.spectra)} with "
            f"data {', '.join(observables.data)}: ask for more data"
        )
    return Response(
        tuple(row for part in parts for row in part.rows),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.jacobian for part in parts]),
        np.concatenate([part.nuisance for part in parts]),
    )


def _of_isotopologue(
    matrix: FloatArray,
    parameters: Parameters,
    isotopologue: Isotopologue,
    observables: Observables,
    basis: tuple[Tensors, ...],
) -> Iterator[Response]:
    solved = [block for block in solve(matrix, isotopologue) if _is_seen(block, observables)]
    _refuse_unstable(solved, isotopologue)
    if "freq" in observables.data:
        for block in solved:
            if nearly_degenerate(block):
                yield _moments_of_positions(isotopologue, block, parameters, basis)
                continue
            gradients = block.curvature_gradients(parameters) / block.curvatures[:, None]
            yield _response(isotopologue, block, "freq", np.log(block.curvatures), gradients, basis)
    if observables.tensors is None:
        return
    wanted: list[tuple[Data, tuple[Kind, ...]]] = [
        ("ir", ("ir",)),
        ("raman", ("isotropic", "anisotropic")),
        ("depolarisation", ("isotropic", "anisotropic")),
    ]
    for quantity, kinds in wanted:
        if quantity in observables.data:
            forms = _Forms.of(observables.tensors, kinds, isotopologue, basis)
            strongest = max((float(forms.total(b).max()) for b in solved), default=0.0)
            for block in solved:
                if nearly_degenerate(block):
                    yield from _moments_of_intensities(
                        quantity, block, forms, parameters, strongest, isotopologue
                    )
                    continue
                yield from _intensity(quantity, block, forms, parameters, strongest, isotopologue)


@dataclass(frozen=True, slots=True, eq=False)
class _Forms:
    """Quadratic forms of one spectrum, and their derivatives along the tensor basis.

    ``forms`` are (d, d); ``slopes[q]`` are the same for basis tensor q.
    """

    forms: tuple[FloatArray, ...]
    slopes: tuple[tuple[FloatArray, ...], ...]

    @classmethod
    def of(
        cls,
        tensors: Tensors,
        kinds: tuple[Kind, ...],
        isotopologue: Isotopologue,
        basis: tuple[Tensors, ...],
    ) -> _Forms:
        along = [isotopologue.cartesian.T @ tensors.components(kind) for kind in kinds]
        slopes = []
        for tensor in basis:
            other = [isotopologue.cartesian.T @ tensor.components(kind) for kind in kinds]
            slopes.append(tuple(a @ b.T + b @ a.T for a, b in zip(along, other, strict=True)))
        return cls(tuple(a @ a.T for a in along), tuple(slopes))

    def total(self, block: Lines) -> FloatArray:
        """(n,) intensities of the lines of an irrep."""
        return np.asarray(sum(block.intensities(form) for form in self.forms))


def _intensity(
    quantity: Data,
    block: Lines,
    forms: _Forms,
    parameters: Parameters,
    strongest: float,
    isotopologue: Isotopologue,
) -> Iterator[Response]:
    """Logarithms of the intensities (or depolarisation ratios) of one irrep that are not zero."""
    allowed = block.activity.ir if quantity == "ir" else block.activity.raman
    if not allowed or strongest == 0.0:
        return
    values = np.array([block.intensities(form) for form in forms.forms])
    slopes = np.array([block.intensity_gradients(form, parameters) for form in forms.forms])
    tensor = np.array([[block.intensities(s) for s in slope] for slope in forms.slopes])
    tensor = tensor.reshape(len(forms.slopes), len(values), values.shape[1]).transpose(1, 2, 0)
    seen = values.sum(axis=0) > _ABSENT * strongest
    if quantity == "depolarisation":
        # A ratio of 3/4, which all irreps but the totally symmetric one have, says nothing.
        seen &= values[0] > _ABSENT * strongest
        seen &= values[1] > _ABSENT * strongest
    if not seen.any():
        return
    values, slopes, tensor = values[:, seen], slopes[:, seen], tensor[:, seen]
    log, first = _logarithm(quantity, values, slopes)
    _, second = _logarithm(quantity, values, tensor)
    numbers = np.flatnonzero(seen) + 1
    rows = tuple(Row(isotopologue.name, block.irrep, int(i), quantity) for i in numbers)
    yield Response(rows, log, first, second)


def _moments_of_positions(
    isotopologue: Isotopologue, block: Lines, parameters: Parameters, basis: tuple[Tensors, ...]
) -> Response:
    values, slopes = position_moments(block, parameters)
    rows = tuple(
        Row(isotopologue.name, block.irrep, j + 1, "freq", True) for j in range(len(values))
    )
    # All in units of the mean curvature; the first moment carries its size.
    logs = np.log(values) + np.arange(1, len(values) + 1) * np.log(block.curvatures.mean())
    return Response(rows, logs, slopes / values[:, None], np.zeros((len(values), len(basis))))


def _moments_of_intensities(
    quantity: Data,
    block: Lines,
    forms: _Forms,
    parameters: Parameters,
    strongest: float,
    isotopologue: Isotopologue,
) -> Iterator[Response]:
    """Σ λ^j I of an irrep; of the two parts of a Raman intensity apart for depolarisation."""
    allowed = block.activity.ir if quantity == "ir" else block.activity.raman
    if not allowed or strongest == 0.0:
        return
    found = [intensity_moments(block, form, parameters) for form in forms.forms]
    values, slopes = np.array([v for v, _ in found]), np.array([s for _, s in found])
    tensor = np.array(
        [[intensity_moments(block, s, parameters)[0] for s in slope] for slope in forms.slopes]
    )
    tensor = tensor.reshape(len(forms.slopes), *values.shape).transpose(1, 2, 0)
    seen = values.sum(axis=0) > _ABSENT * strongest
    if quantity == "depolarisation":
        seen &= (values > _ABSENT * strongest).all(axis=0)
    if not seen.any():
        return
    size = np.arange(values.shape[1])[seen] * np.log(block.curvatures.mean())
    log, first = _logarithm(quantity, values[:, seen], slopes[:, seen])
    _, second = _logarithm(quantity, values[:, seen], tensor[:, seen])
    rows = tuple(
        Row(isotopologue.name, block.irrep, int(j) + 1, quantity, True)
        for j in np.flatnonzero(seen)
    )
    yield Response(rows, log if quantity == "depolarisation" else log + size, first, second)


def _logarithm(
    quantity: Data, values: FloatArray, slopes: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Logarithm (n,) of Σ parts, or of ρ = 3γ²/(45a² + 4γ²), and its derivatives (n, P)."""
    total = values.sum(axis=0)
    log, slope = np.log(total), slopes.sum(axis=0) / total[:, None]
    if quantity != "depolarisation":
        return log, slope
    weights = np.array([1.0, 4.0 / 7.0])  # the parts are 45a² and 7γ²
    below = weights @ values
    ratio = np.log(3.0 / 7.0 * values[1] / below)
    change = slopes[1] / values[1][:, None]
    return ratio, change - np.tensordot(weights, slopes, axes=1) / below[:, None]


def _response(
    isotopologue: Isotopologue,
    block: Lines,
    quantity: Data,
    values: FloatArray,
    gradients: FloatArray,
    basis: tuple[Tensors, ...],
) -> Response:
    rows = tuple(Row(isotopologue.name, block.irrep, i + 1, quantity) for i in range(len(values)))
    return Response(rows, values, gradients, np.zeros((len(values), len(basis))))


def _is_seen(block: Lines, observables: Observables) -> bool:
    """Whether one of the spectra taken shows the lines of an irrep."""
    active = {"ir": block.activity.ir, "raman": block.activity.raman}
    return any(active[spectrum] for spectrum in observables.spectra)


def _refuse_unstable(solved: list[Lines], isotopologue: Isotopologue) -> None:
    for block in solved:
        if block.curvatures[0] <= 0:
            raise IdentifiabilityError(
                f"{isotopologue.name}: {block.irrep} has a line at {block.wavenumbers[0]:.1f} "
                "cm⁻¹; give the force field of a minimum"
            )


def tensor_basis(space: InternalSpace, observables: Observables) -> tuple[Tensors, ...]:
    """Independent symmetric derivatives of what is measured; none if they are known."""
    if observables.derivatives == "known" or observables.tensors is None:
        return ()
    zero = Tensors(
        np.zeros_like(observables.tensors.dipole),
        np.zeros_like(observables.tensors.polarizability),
    )
    out: list[Tensors] = []
    if "ir" in observables.data:
        out += [replace(zero, dipole=t) for t in invariant_tensors(space, rank=1)]
    if {"raman", "depolarisation"} & set(observables.data):
        out += [replace(zero, polarizability=t) for t in invariant_tensors(space, rank=2)]
    return tuple(out)
