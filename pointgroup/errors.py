"""What can be wrong with the input: one small tree, rooted in ValueError.

Every message is one line that names the value, the limit and the remedy; the
command line prints it as it is and exits with code 2.
"""


class InputError(ValueError):
    """Something the caller gave cannot be used."""


class MoleculeError(InputError):
    """The atoms do not form a usable molecule (NaN, unknown element, two atoms at one place …)."""


class FileError(InputError):
    """A file cannot be read as a molecule, or cannot be written."""


class SmilesError(InputError):
    """A SMILES string is invalid, or no reliable geometry can be made from it."""


class GroupError(InputError):
    """A symbol names no molecular point group, or a group lacks what was asked of it."""


class NoGroup(GroupError):
    """Operations that look like a point group do not form one."""


class ToleranceError(InputError):
    """A tolerance is outside the range in which it has a meaning."""


class NotARepresentation(InputError):
    """A class function is not a sum of irreducible characters."""
