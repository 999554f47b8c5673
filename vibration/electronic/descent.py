"""The way down from a geometry: points of a surface, steps by geomeTRIC.

geomeTRIC sees the energy of the geometry turned back onto the start and symmetrised under the
start's operations: a function without net force, torque or symmetry-breaking gradient, for
which a symmetric start stays symmetric and an integration grid keeps its orientation.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Molecule
from ...pointgroup.units import BOHR
from ..errors import NotConverged
from .frame import SymmetricFrame
from .surface import Surface

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class OptimisationStep:
    """A point that an optimisation has visited.

    Attributes
    ----------
    number : int
        1 for the start.
    molecule : Molecule
    energy : float, Eh
    largest_gradient : float, Eh/bohr
        Largest component, net force, torque and what breaks the kept symmetry left aside.
    """

    number: int
    molecule: Molecule
    energy: float
    largest_gradient: float


class GeometryNotConverged(NotConverged):
    """The optimisation did not reach its limit; ``last`` is where it stood."""

    def __init__(self, message: str, last: OptimisationStep) -> None:
        super().__init__(message)
        self.last = last


class _Reached(Exception):
    """The gradient is below the limit: leaves geomeTRIC, which has other criteria."""


class Descent:
    """An optimisation under way: its limits, and the last point visited.

    Parameters
    ----------
    surface : Surface
    limit : float, Eh/bohr
        Largest component of the gradient at which it ends.
    max_points : int
    on_step : function or None
        Called with each `OptimisationStep`.
    """

    def __init__(
        self,
        surface: Surface,
        limit: float,
        max_points: int,
        on_step: Callable[[OptimisationStep], None] | None,
    ) -> None:
        self.surface = surface
        self.limit = limit
        self.max_points = max_points
        self.on_step = on_step
        self.n_points = 0
        self.last: OptimisationStep

    def visit(self, positions: FloatArray, frame: SymmetricFrame) -> tuple[float, FloatArray]:
        """Energy and gradient (N, 3), in Eh/bohr, of positions (N, 3), Å, placed in a frame."""
        if self.n_points >= self.max_points:
            raise self.failure(f"{self.max_points} points were not enough")
        placed, rotation = frame.placed(positions)
        point = self.surface.compute(placed)
        gradient = frame.internal(point.gradient, placed)
        self.n_points += 1
        self.last = OptimisationStep(
            number=self.n_points,
            molecule=self.surface.molecule.with_positions(placed),
            energy=point.energy,
            largest_gradient=float(np.abs(gradient).max()),
        )
        if self.on_step is not None:
            self.on_step(self.last)
        return point.energy, gradient @ rotation.T

    @property
    def arrived(self) -> bool:
        """Whether the last point has a gradient below the limit."""
        return self.last.largest_gradient < self.limit

    def follow(self, molecule: Molecule) -> None:
        """Go down from a geometry to the limit, in its frame.

        Raises
        ------
        GeometryNotConverged
            If the points are used up, or geomeTRIC finds no step.
        """
        problem = ""
        for internal in (True, False):
            frame = SymmetricFrame.of(molecule)
            self.visit(frame.reference, frame)
            if not self.arrived:
                problem = self._take_steps(molecule, frame, internal=internal)
            if self.arrived:
                return
            molecule = self.last.molecule
        raise self.failure(f"geomeTRIC found no step ({problem})")

    def _take_steps(self, molecule: Molecule, frame: SymmetricFrame, *, internal: bool) -> str:
        """Let geomeTRIC choose points; returns what stopped it before the limit."""
        import geometric.errors
        from geometric.optimize import Optimizer
        from geometric.params import OptParams

        try:
            with _silent(), tempfile.TemporaryDirectory() as folder:
                topology, coordinates = _coordinates(molecule, frame.reference, internal=internal)
                engine = _engine(topology, self, frame)
                parameters = OptParams(maxiter=10 * self.max_points, **_OUR_CRITERION)
                start = (frame.reference / BOHR).ravel()
                Optimizer(
                    start, topology, coordinates, engine, folder, parameters, print_info=False
                ).optimizeGeometry()
        except _Reached:
            return ""
        except (geometric.errors.Error, np.linalg.LinAlgError) as problem:
            return " ".join(str(problem).split())[:80] or type(problem).__name__
        return "its steps became too small"

    def failure(self, reason: str) -> GeometryNotConverged:
        """The exception for a descent that ends here."""
        last = self.last
        return GeometryNotConverged(
            f"geometry of {last.molecule.formula} did not converge: {reason}; largest gradient "
            f"{last.largest_gradient:.1e} Eh/bohr, limit {self.limit:.0e}. Go on from the last "
            "geometry or allow more points",
            last,
        )


# The limit is on the gradient alone and ends the descent from within the engine; geomeTRIC's
# own criteria would also ask for a small last step.
_OUR_CRITERION = {
    "convergence_energy": 0.0,
    "convergence_grms": 0.0,
    "convergence_gmax": 0.0,
    "convergence_drms": 1e-9,
    "convergence_dmax": 1e-9,
    "tmin": 1e-5,
    "subfrctor": 0,
}


def _coordinates(molecule: Molecule, positions: FloatArray, *, internal: bool) -> tuple[Any, Any]:
    """A molecule for geomeTRIC and its coordinates: internal (TRIC) or Cartesian."""
    from geometric.internal import CartesianCoordinates, DelocalizedInternalCoordinates
    from geometric.molecule import Molecule as Topology

    topology = Topology()
    topology.elem = list(molecule.symbols)
    topology.xyzs = [np.array(positions)]
    topology.comms = [""]
    topology.build_topology()
    kind = DelocalizedInternalCoordinates if internal else CartesianCoordinates
    return topology, kind(topology, build=True, connect=False, addcart=False)


def _engine(topology: Any, descent: Descent, frame: SymmetricFrame) -> Any:
    """The object through which geomeTRIC asks for energies and gradients."""
    from geometric.engine import Engine

    class SurfaceEngine(Engine):  # type: ignore[misc]
        def calc_new(self, coords: FloatArray, dirname: str) -> dict[str, Any]:
            energy, gradient = descent.visit(coords.reshape(-1, 3) * BOHR, frame)
            if descent.arrived:
                raise _Reached
            return {"energy": energy, "gradient": gradient.ravel()}

    return SurfaceEngine(topology)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep geomeTRIC's report from the terminal."""
    loggers = [
        logger
        for name in list(logging.root.manager.loggerDict)
        if name.split(".")[0] in ("geometric", "MoleculeLogger")
        and not (logger := logging.getLogger(name)).disabled
    ]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger in loggers:
            logger.disabled = False
