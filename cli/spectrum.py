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

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import Json, interruptible, print_json, show
from .vibrations import (
    Drawing,
    checked_folder,
    empty_folder_removed,
    isotopes_of,
    modes_json,
    page,
    shape_of,
    warnings_as_lines,
    write_results,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

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
    if text not in ROUTES:
        raise typer.BadParameter(f"{text!r}: choose one of {', '.join(ROUTES)}")
    return text


def spectrum(
    molecule_input: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            show_default=False,
            help="A file (xyz, mol, sdf), a SMILES string, or a packaged example.",
        ),
    ],
    method: Annotated[
        str, typer.Option(help="Any PySCF functional, hf, or gfn2-xtb (needs no basis).")
    ] = "b3lyp",
    basis: Annotated[str, typer.Option(help="Any PySCF basis set.")] = "def2-tzvp",
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", show_default=False, help="Default: NAME-spectrum."),
    ] = None,
    charge: Annotated[int | None, typer.Option(show_default=False)] = None,
    multiplicity: Annotated[int | None, typer.Option(show_default=False, help="2S + 1.")] = None,
    isotopes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X=N",
            show_default=False,
            help="Isotopes: H=D for all of an element, 1=18 for an atom; can be repeated.",
        ),
    ] = None,
    optimise: Annotated[
        bool, typer.Option("--optimise/--no-optimise", help="Whether to optimise the geometry.")
    ] = True,
    raman: Annotated[
        bool, typer.Option("--raman/--no-raman", help="Whether Raman is wanted.")
    ] = True,
    density_fit: Annotated[
        bool, typer.Option("--density-fit/--no-density-fit", help="Approximate integrals.")
    ] = True,
    grid: Annotated[int, typer.Option(help="PySCF grid level, 0 to 9.")] = 4,
    dielectric: Annotated[
        float | None,
        typer.Option(metavar="ε", show_default=False, help="Solvent as a continuum (PCM)."),
    ] = None,
    route: Annotated[
        str, typer.Option(parser=route_of, metavar="ROUTE", help="auto, differences or analytic.")
    ] = "auto",
    tolerance: Annotated[
        float | None,
        typer.Option(metavar="Å", show_default=False, help="Of the point group; see symmetry."),
    ] = None,
    scale: Annotated[float, typer.Option(help="Factor on the wavenumbers of spectra.")] = 1.0,
    fwhm: Annotated[float, typer.Option(metavar="CM⁻¹", help="Width of the lines.")] = 10.0,
    shape: Annotated[
        str, typer.Option(parser=shape_of, metavar="SHAPE", help="lorentzian, gaussian, …")
    ] = "lorentzian",
    laser: Annotated[
        float | None,
        typer.Option(metavar="NM", show_default=False, help="Raman cross-sections at this line."),
    ] = None,
    temperature: Annotated[float, typer.Option(metavar="K")] = 298.15,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """IR and Raman spectra by DFT, Hartree-Fock or GFN2-xTB."""
    from ..vibration.level import Level
    from ..vibration.lineshapes import check_shape
    from ..vibration.modes import normal_modes
    from ..vibration.thermochemistry import thermochemistry

    check_shape(shape, fwhm, 0.5)
    level = Level(method, basis, density_fit, grid, dielectric=dielectric)
    molecule = isotopes_of(isotopes or [], _molecule(molecule_input, charge, multiplicity))
    folder = checked_folder(out or Path(f"{_plain(molecule.name or molecule.formula)}-spectrum"))
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


def _molecule(text: str, charge: int | None, multiplicity: int | None) -> Molecule:
    from ..pointgroup import Molecule, molecule_from_input

    read = molecule_from_input(text)
    return Molecule(
        read.symbols,
        read.positions,
        read.masses,
        charge=read.charge if charge is None else charge,
        multiplicity=read.multiplicity if multiplicity is None else multiplicity,
        name=read.name,
    )


def _plain(name: str) -> str:
    """A name that is safe as the name of a folder."""
    return "".join(c if c.isalnum() or c in "-_+." else "_" for c in name).strip("._") or "molecule"


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
    with interruptible(lambda: f"{kept} keeps what is finished"), _reporting() as report:
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
    """What a calculation tells while it runs: a status line on a terminal, else nothing."""

    status: Status | None

    def step(self, step: OptimisationStep) -> None:
        self._say(
            f"optimisation, point {step.number}: {step.energy:.8f} Eh, largest gradient "
            f"{step.largest_gradient:.1e} Eh/bohr"
        )

    def plan(self, plan: CalculationPlan) -> None:
        self._say(str(plan).splitlines()[0])

    def progress(self, done: int, total: int, what: str) -> None:
        self._say(f"step {min(done + 1, total)} of {total}: {what}")

    def _say(self, text: str) -> None:
        if self.status is not None:
            self.status.update(text)


@contextmanager
def _reporting() -> Iterator[_Report]:
    from rich.console import Console

    console: Console = Console(stderr=True, markup=False, highlight=False)
    if not console.is_terminal:
        yield _Report(None)
        return
    with console.status("starts") as status:
        yield _Report(status)
