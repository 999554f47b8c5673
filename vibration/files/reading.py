"""Any file with vibrations to harmonic data or modes: the format is found in the text.

=========================  ====================  ===========================================
file                       told by               gives
=========================  ====================  ===========================================
formatted checkpoint       ``Number of atoms``   Hessian and derivatives (`fchk`)
ORCA .hess                 ``$orca_hessian_…``   Hessian and derivatives, modes (`orca`)
QCSchema JSON              ``{``                 Hessian and derivatives (`qcschema`)
output of another program  cclib                 modes; Hessian from a Gaussian archive entry,
                                                 else rebuilt (`programs`)
=========================  ====================  ===========================================
"""

from __future__ import annotations

from ...pointgroup.errors import FileError
from ..harmonic import HarmonicData
from .fchk import is_fchk, parse_fchk
from .orca import is_orca_hessian, parse_orca_hessian, parse_orca_modes
from .printed import PrintedModes
from .programs import prints_hessian, read_output, read_output_hessian
from .qcschema import parse_qcschema
from .text import PathLike, read_text


def read_harmonic(path: PathLike) -> HarmonicData:
    """Hessian of a file, with dipole and polarizability derivatives where it has them.

    Raises
    ------
    FileError
        One line that names the file, the line or section, and what is wrong.
    MissingPackage
        If the file is another program's output and cclib is not installed.

    Warns
    -----
    HarmonicWarning
        If the file has no Hessian, and one was rebuilt from its normal modes.
    """
    text = read_text(path)
    if is_fchk(text):
        return parse_fchk(text, path)
    if is_orca_hessian(text):
        return parse_orca_hessian(text, path)
    if text.lstrip().startswith("{"):
        return parse_qcschema(text, path)
    return read_output_hessian(path)


def has_hessian(path: PathLike) -> bool:
    """Whether a file has the Hessian itself, so that `read_harmonic` need not rebuild it.

    Raises
    ------
    FileError, MissingPackage
        As `read_harmonic`, for another program's output.
    """
    text = read_text(path)
    if is_fchk(text) or is_orca_hessian(text) or text.lstrip().startswith("{"):
        return True
    return prints_hessian(path)


def read_modes(path: PathLike) -> PrintedModes:
    """Normal modes as the program printed them.

    Raises
    ------
    FileError
        If the file has none, or not all of them.
    MissingPackage
        If the file is another program's output and cclib is not installed.
    """
    text = read_text(path)
    if is_orca_hessian(text):
        return parse_orca_modes(text, path)
    if text.lstrip().startswith("{"):
        raise FileError(f"{path}: a QCSchema document has a Hessian, no modes; use read_harmonic")
    return read_output(path)
