"""``spektron spectrum INPUT``: IR and Raman spectra of a molecule, computed.

The geometry is optimised and symmetrised, the Hessian and the derivatives of dipole moment
and polarizability are computed by the cheapest route that symmetry allows, and everything is
written to a folder. Interrupted, the calculation is continued by the same command.

In the folder: ``spectrum.png``; ``ir`` and ``raman`` as csv and jdx (JCAMP-DX);
``modes.csv`` (peak table), ``modes.molden``, ``modes.xyz`` (displacements), ``geometry.xyz``,
and ``harmonic.json`` (QCSchema), from which ``spektron modes`` starts again, for example
with other isotopes.

With ``--json`` standard output is the object of ``spektron modes`` with route, n_steps and
optimisation, {group, rms_displacement (Å), largest_gradient (Eh/bohr), n_points} or null.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .inputs import isotopes_of, molecule_of
from .options import (
    MOLECULE_HELP,
    AsJson,
    Charge,
    Fwhm,
    Isotopes,
    Laser,
    Multiplicity,
    Scale,
    Shape,
    Temperature,
    Tolerance,
    chosen,
)
from .output import Json, complain, interruptible, print_json, show, warnings_as_lines
from .progress import status
from .results import Drawing, write_results
from .targets import checked_folder, empty_folder_removed, file_name
from .vibrations import modes_json, page

if TYPE_CHECKING:
    from ..pointgroup import Molecule
    from ..vibration.derivatives.routes import CalculationPlan
    from ..vibration.electronic.optimisation import OptimisationStep
    from ..vibration.level import Level
    from ..vibration.reference import Reference

ROUTES = ("auto", "differences", "analytic")
CHECKPOINT = "checkpoint"
"""Folder inside the output folder that an interrupted calculation is continued from."""


def route_of(text: str) -> str:
    """A route from the command line."""
    return chosen(text, ROUTES)


def spectrum(
    molecule_input: Annotated[
        str, typer.Argument(metavar="INPUT", show_default=False, help=MOLECULE_HELP)
    ],
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="hf, gfn2-xtb (needs no basis), or any PySCF functional."
        ),
    ] = "b3lyp",
    basis: Annotated[str, typer.Option(metavar="NAME", help="Any PySCF basis set.")] = "def2-tzvp",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            show_default="NAME-spectrum",
            help="Folder for tables, spectra, a picture.",
        ),
    ] = None,
    charge: Charge = None,
    multiplicity: Multiplicity = None,
    isotopes: Isotopes = None,
    optimise: Annotated[
        bool, typer.Option("--optimise/--no-optimise", help="Whether to optimise the geometry.")
    ] = True,
    raman: Annotated[
        bool, typer.Option("--raman/--no-raman", help="Whether Raman is wanted.")
    ] = True,
    density_fit: Annotated[
        bool, typer.Option("--density-fit/--no-density-fit", help="Approximate integrals.")
    ] = True,
    grid: Annotated[int, typer.Option(metavar="N", help="PySCF grid level, 0 to 9.")] = 4,
    dielectric: Annotated[
        float | None,
        typer.Option(metavar="ε", show_default=False, help="Solvent as a continuum (PCM)."),
    ] = None,
    route: Annotated[
        str, typer.Option(parser=route_of, metavar="ROUTE", help=f"{', '.join(ROUTES)}.")
    ] = "auto",
    tolerance: Tolerance = None,
    temperature: Temperature = 298.15,
    scale: Scale = 1.0,
    fwhm: Fwhm = 10.0,
    shape: Shape = "lorentzian",
    laser: Laser = None,
    as_json: AsJson = False,
) -> None:
    """IR and Raman spectra by DFT, Hartree-Fock or GFN2-xTB.

    Interrupted, it continues when the same command is given again.
    """
    from ..vibration.level import Level
    from ..vibration.modes import normal_modes
    from ..vibration.thermochemistry import thermochemistry

    level = Level(method, basis, density_fit, grid, dielectric=dielectric)
    molecule = isotopes_of(isotopes or [], molecule_of(molecule_input, charge, multiplicity))
    folder = checked_folder(out or Path(f"{file_name(molecule.name or molecule.formula)}-spectrum"))
    _tell_what_is_replaced(folder, level)
    with empty_folder_removed(folder), warnings_as_lines():
        found = _computed(molecule, level, folder, optimise, route, raman, tolerance)
        modes = normal_modes(found.data, tolerance=tolerance)
        thermo = thermochemistry(modes, temperature)
    drawing = Drawing(fwhm, shape, scale, laser, temperature)
    files = write_results(folder, found.data, modes, drawing)
    if as_json:
        about = {"input": molecule_input, **_about(found)}
        print_json({**about, **modes_json(modes, thermo), "out": str(folder), "files": files})
    else:
        show(str(found.plan), *page(modes, thermo), f"files in {folder}: {', '.join(files)}")


def _tell_what_is_replaced(folder: Path, level: Level) -> None:
    from ..pointgroup.errors import InputError
    from ..vibration.files.reading import read_harmonic

    try:
        earlier = read_harmonic(folder / "harmonic.json").level
    except InputError:  # none there, or none that can be read
        return
    if earlier and earlier != str(level):
        complain(
            f"note: {folder} holds a result at {earlier}, which this one replaces; "
            "another --out keeps both"
        )


def _computed(
    molecule: Molecule,
    level: Level,
    folder: Path,
    optimise: bool,
    route: Any,
    raman: bool,
    tolerance: float | None,
) -> Reference:
    from ..vibration.reference import reference_data

    kept = folder / CHECKPOINT
    with interruptible(lambda: f"{kept} keeps what is finished"), status() as say:
        report = _Report(say)
        return reference_data(
            molecule,
            level,
            optimisation=optimise,
            route=route,
            raman=raman,
            tolerance=tolerance,
            checkpoint=kept,
            on_step=report.step,
            on_plan=report.plan,
            progress=report.progress,
        )


def _about(found: Reference) -> Json:
    optimised = found.optimised
    return {
        "route": found.plan.route,
        "n_steps": found.plan.n_steps,
        "optimisation": None
        if optimised is None
        else {
            "group": str(optimised.symmetry.group),
            "rms_displacement": float(optimised.symmetry.rms),
            "largest_gradient": float(optimised.largest_gradient),
            "n_points": optimised.n_points,
        },
    }


# ---- progress ----


@dataclass(frozen=True, slots=True)
class _Report:
    """What a calculation tells while it runs."""

    say: Callable[[str], None]

    def step(self, step: OptimisationStep) -> None:
        self.say(
            f"optimisation, point {step.number}: {step.energy:.8f} Eh, largest gradient "
            f"{step.largest_gradient:.1e} Eh/bohr"
        )

    def plan(self, plan: CalculationPlan) -> None:
        self.say(str(plan).splitlines()[0])

    def progress(self, done: int, total: int, what: str) -> None:
        self.say(f"step {min(done + 1, total)} of {total}: {what}")
