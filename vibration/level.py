"""The level of theory: what is computed, and how tightly.

A value without chemistry: which programs exist and what they accept is known in
`electronic`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from .errors import LevelError

XTB_METHODS = ("gfn2-xtb", "gfn1-xtb")
"""Semi-empirical methods, which have no basis set, grid or density fitting to choose."""


_ALIASES = {
    "gfn2": "gfn2-xtb",
    "xtb": "gfn2-xtb",
    "gfn1": "gfn1-xtb",
    # The multiplicity decides which of the two it is.
    "rhf": "hf",
    "uhf": "hf",
}


@dataclass(frozen=True, slots=True)
class Level:
    """Method, basis and settings of an electronic-structure calculation.

    Attributes
    ----------
    method : str
        "hf", the name of any PySCF density functional, or "gfn2-xtb"; in lower case.
    basis : str
        Name of a basis set, lower case; "" for semi-empirical methods.
    density_fit : bool
        Coulomb and exchange integrals by density fitting.
    grid : int
        PySCF level (0 to 9) of the integration grid. At least 4 for soft modes, 5 for
        meta-GGA functionals.
    convergence : float
        Change of the energy (Eh) at which self-consistency is reached. Derivatives of
        polarizabilities need 1e-11: at 1e-9 Raman activities can be off by 8 %.
    dielectric : float or None
        Relative permittivity of a polarizable continuum (IEF-PCM) around the molecule.

    Examples
    --------
    >>> print(Level("B3LYP", "def2-SVP"))
    b3lyp/def2-svp
    >>> print(Level("gfn2-xtb"))
    gfn2-xtb
    """

    method: str = "b3lyp"
    basis: str = "def2-tzvp"
    density_fit: bool = True
    grid: int = 4
    convergence: float = 1e-11
    dielectric: float | None = None

    def __post_init__(self) -> None:
        method = self.method.strip().lower()
        method = _ALIASES.get(method, method)
        basis = "" if method in XTB_METHODS else self.basis.strip().lower()
        object.__setattr__(self, "method", method)
        object.__setattr__(self, "basis", basis)
        if not method:
            raise LevelError("no method given: name a functional such as b3lyp, hf, or gfn2-xtb")
        if not basis and not self.is_semiempirical:
            raise LevelError(f"{method} needs a basis set, for example def2-svp")
        if not 0 <= self.grid <= 9:
            raise LevelError(f"grid level {self.grid}: PySCF has levels 0 to 9; 4 is a good choice")
        if not 1e-14 <= self.convergence <= 1e-6:
            raise LevelError(
                f"convergence {self.convergence:g} Eh: give a value between 1e-14 and 1e-6"
            )
        if self.dielectric is not None and not 1 < self.dielectric < 1e6:
            raise LevelError(
                f"dielectric {self.dielectric:g}: a relative permittivity is above 1 (water: 78.36)"
            )

    @property
    def is_semiempirical(self) -> bool:
        """Whether the method is one of `XTB_METHODS`."""
        return self.method in XTB_METHODS

    @property
    def is_hartree_fock(self) -> bool:
        """Whether there is no functional, hence no grid."""
        return self.method == "hf"

    def to_json(self) -> dict[str, Any]:
        """The settings as plain values; `from_json` takes them back."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """A level from what `to_json` gave."""
        return cls(**fields)

    def __str__(self) -> str:
        return f"{self.method}/{self.basis}" if self.basis else self.method
