"""SMILES as tokens, and in the one form in which molecules are compared.

A token is an atom (with its bracket), a bond, the number of a ring bond or a parenthesis; so
split in P. Schwaller et al., *ACS Cent. Sci.* 5, 1572 (2019). Parsing, canonical form and random
orders of atoms (E. J. Bjerrum, arXiv:1703.07076 (2017)) are RDKit's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

from ..errors import SpectraError

Kind: TypeAlias = Literal["atom", "bond", "ring", "open", "close"]
PAD, BEGIN, END = 0, 1, 2
SPECIAL: Final = ("<pad>", "<begin>", "<end>")
"""Tokens of every vocabulary, in front."""
_TOKEN: Final = re.compile(r"\[[^\[\]]+\]|Br|Cl|%\d\d|[BCNOPSFIbcnops]|[-=#$:/\\()]|\d")
_BRACKET: Final = re.compile(
    r"\[\d*(?P<element>[A-Z][a-z]?|[a-z]{1,2})@{0,2}(?P<hydrogens>H\d*)?[-+]*\d*(?::\d+)?\]"
)
MOST_CACHED: Final = 200_000


def split_smiles(smiles: str) -> tuple[str, ...]:
    """The tokens of a SMILES string; joined they are the string.

    Raises
    ------
    SpectraError
        If the string is empty, holds several molecules, or something that is no token.

    Examples
    --------
    >>> split_smiles("C[N+]1=CC=CBr")
    ('C', '[N+]', '1', '=', 'C', 'C', '=', 'C', 'Br')
    """
    if "." in smiles:
        raise SpectraError(f"SMILES {smiles!r} holds several molecules; give one")
    found = tuple(_TOKEN.findall(smiles))
    if not smiles or sum(map(len, found)) != len(smiles):
        rest = _TOKEN.sub("", smiles)
        raise SpectraError(f"SMILES {smiles!r}: {rest or 'nothing'!r} is no part of a SMILES")
    return found


@lru_cache(maxsize=10_000)
def kind_of(token: str) -> Kind:
    """What a token is.

    >>> kind_of("[nH]"), kind_of("%10"), kind_of("/"), kind_of("(")
    ('atom', 'ring', 'bond', 'open')
    """
    if token in "()":
        return "open" if token == "(" else "close"
    if token[0] == "%" or token.isdigit():
        return "ring"
    return "bond" if token in r"-=#$:/\\" else "atom"


@lru_cache(maxsize=10_000)
def element_of(token: str) -> tuple[str, int]:
    """Element of an atom token, and the hydrogens that its bracket names.

    Raises
    ------
    SpectraError
        If the bracket cannot be understood.

    Examples
    --------
    >>> element_of("[nH]"), element_of("[C@@H]"), element_of("Cl"), element_of("[SiH3]")
    (('N', 1), ('C', 1), ('Cl', 0), ('Si', 3))
    """
    if token[0] != "[":
        return token.capitalize(), 0
    match = _BRACKET.fullmatch(token)
    if match is None:
        raise SpectraError(f"atom {token} of a SMILES cannot be understood")
    hydrogens = match["hydrogens"] or ""
    count = int(hydrogens[1:] or 1) if hydrogens else 0
    return match["element"].capitalize(), count


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tokens that a decoder knows, by their numbers.

    Attributes
    ----------
    tokens : tuple of str
        `SPECIAL` first.

    Examples
    --------
    >>> known = Vocabulary.of(["CCO", "C=C"])
    >>> known.tokens[3:], known.decode(known.encode("OCC"))
    (('=', 'C', 'O'), 'OCC')
    """

    tokens: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.tokens[:3] != SPECIAL or len(set(self.tokens)) != len(self.tokens):
            raise SpectraError(
                f"a vocabulary begins with {', '.join(SPECIAL)} and names each token once"
            )

    @classmethod
    def of(cls, smiles: Iterable[str]) -> Vocabulary:
        """The tokens that occur, in the order of their text."""
        return cls(SPECIAL + tuple(sorted({t for each in smiles for t in split_smiles(each)})))

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def elements(self) -> tuple[str, ...]:
        """Elements of the atoms, and hydrogen; in the order of their symbols."""
        atoms = [t for t in self.tokens[3:] if kind_of(t) == "atom"]
        return tuple(sorted({"H", *(element_of(t)[0] for t in atoms)}))

    def encode(self, smiles: str) -> tuple[int, ...]:
        """Numbers of the tokens, then `END`.

        Raises
        ------
        SpectraError
            If a token is not known; the message names it.
        """
        places = _places(self.tokens)
        found = split_smiles(smiles)
        for token in found:
            if token not in places:
                raise SpectraError(
                    f"{token!r} in {smiles} is not in the vocabulary of this model, which has "
                    f"learnt {', '.join(self.elements)} in {len(self) - 3} tokens"
                )
        return (*(places[token] for token in found), END)

    def knows(self, smiles: str) -> bool:
        """Whether all tokens are known."""
        return set(split_smiles(smiles)) <= _places(self.tokens).keys()

    def decode(self, numbers: Sequence[int]) -> str:
        """The text of tokens up to `END`; no check of any kind."""
        out = []
        for number in numbers:
            if number == END:
                break
            if number > END:
                out.append(self.tokens[number])
        return "".join(out)


@lru_cache(maxsize=64)
def _places(tokens: tuple[str, ...]) -> dict[str, int]:
    return {token: place for place, token in enumerate(tokens)}


# ---- molecules ----


@lru_cache(maxsize=MOST_CACHED)
def canonical(smiles: str, *, stereo: bool = False) -> str:
    """The one SMILES by which molecules are compared; "" if it is no molecule.

    Mirror images have the same infrared, Raman and NMR spectra, and one form here.

    Parameters
    ----------
    smiles : str
    stereo : bool
        Whether configurations count. Without, all stereoisomers have one form.

    Examples
    --------
    >>> canonical("OCC"), canonical("F/C=C/F"), canonical("F/C=C/F", stereo=True)
    ('CCO', 'FC=CF', 'F/C=C/F')
    >>> canonical("C[C@H](O)F", stereo=True) == canonical("C[C@@H](O)F", stereo=True)
    True
    >>> canonical("C1CC")
    ''
    """
    from rdkit import Chem
    from rdkit.rdBase import BlockLogs

    with BlockLogs():
        molecule = _parsed(smiles)
        if molecule is None:
            return ""
        if not stereo:
            Chem.RemoveStereochemistry(molecule)
            return _settled(molecule)
        mirror = Chem.Mol(molecule)
        for atom in mirror.GetAtoms():
            atom.InvertChirality()
        return min(_settled(molecule), _settled(mirror))


def is_neutral(text: str) -> bool:
    """Whether a molecule has neither a charge nor a radical electron.

    Examples
    --------
    >>> [is_neutral(text) for text in ("CCO", "CC[O-]", "[CH2]C", "C[N+](=O)[O-]")]
    [True, False, False, True]
    """
    from rdkit import Chem

    mol: Any = Chem.MolFromSmiles(text)
    return not Chem.GetFormalCharge(mol) and not any(
        atom.GetNumRadicalElectrons() for atom in mol.GetAtoms()
    )


def randomised(smiles: str, seed: int) -> str:
    """The same molecule with its atoms in a random order, which the seed alone determines.

    Raises
    ------
    SpectraError
        If the SMILES cannot be parsed.
    """
    from rdkit import Chem
    from rdkit.rdBase import BlockLogs

    with BlockLogs():
        molecule = _parsed(smiles)
        if molecule is None:
            raise SpectraError(f"SMILES {smiles!r} cannot be parsed; correct it or leave it out")
        return str(Chem.MolToRandomSmilesVect(molecule, 1, randomSeed=seed)[0])


@lru_cache(maxsize=MOST_CACHED)
def heavy_atoms(smiles: str) -> int:
    """Atoms besides hydrogen.

    >>> heavy_atoms("CCO")
    3
    """
    atoms = [t for t in split_smiles(smiles) if kind_of(t) == "atom"]
    return sum(element_of(t)[0] != "H" for t in atoms)


def has_rings(smiles: str) -> bool:
    """Whether a molecule has a ring.

    >>> has_rings("CCO"), has_rings("C1CC1")
    (False, True)
    """
    from rdkit import Chem

    # RDKit's information on rings does not keep its molecule alive.
    molecule: Any = Chem.MolFromSmiles(smiles)
    return bool(molecule.GetRingInfo().NumRings())


def _parsed(smiles: str) -> Any:
    from rdkit import Chem

    if not smiles or "." in smiles:
        return None
    return Chem.MolFromSmiles(smiles)


def _settled(molecule: Any) -> str:
    """Canonical SMILES that is the same when it is read and written again; "" if there is none."""
    from rdkit import Chem

    try:
        text = Chem.MolToSmiles(Chem.RemoveHs(molecule))
    except Chem.MolSanitizeException:
        return ""
    again = Chem.MolFromSmiles(text)
    return str(Chem.MolToSmiles(again)) if again is not None else ""


def place_of(truth: str, found: Iterable[str]) -> int:
    """Place of a canonical SMILES among others, from 0; −1 if it is not there.

    >>> place_of("CO", ["C", "CO"]), place_of("CN", ["C", "CO"])
    (1, -1)
    """
    return next((place for place, text in enumerate(found) if text == truth), -1)
