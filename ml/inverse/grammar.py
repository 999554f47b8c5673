"""Which token can follow in a SMILES string, with or without a formula that must come out.

The rules are those of strings that RDKit writes: an atom, its ring bonds, its branches, the next
atom. They leave out what can be told while a string grows; valences, rings of two atoms and the
number of implicit hydrogens are checked on the finished molecule.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import SpectraError
from .formulas import Formula, check_formula
from .smiles import END, SPECIAL, Vocabulary, element_of, kind_of

Bool: TypeAlias = NDArray[np.bool_]
_ATOM, _BOND, _RING, _OPEN, _CLOSE, _END, _NONE = range(7)
_CODES: Final = {"atom": _ATOM, "bond": _BOND, "ring": _RING, "open": _OPEN, "close": _CLOSE}
_START, _LOOSE_BOND = 7, 8
"""Before the first atom; after a bond that must be followed by an atom."""
_FOLLOWS: Final = {
    _START: (_ATOM,),
    _ATOM: (_ATOM, _BOND, _RING, _OPEN, _CLOSE, _END),
    _RING: (_ATOM, _BOND, _RING, _OPEN, _CLOSE, _END),
    _BOND: (_ATOM, _RING),
    _LOOSE_BOND: (_ATOM,),
    _OPEN: (_ATOM, _BOND),
    _CLOSE: (_ATOM, _BOND, _OPEN),
}
"""A branch that ends a string or another branch is never written: it would be the chain."""


@dataclass(frozen=True, slots=True)
class State:
    """How far a string is.

    Attributes
    ----------
    last : int
        Kind of the last token.
    depth : int
        Open parentheses.
    rings : frozenset of int
        Tokens of open ring bonds.
    fresh : frozenset of int
        Those that the last atom has opened.
    left : tuple of int or None
        Atoms that are still to come, per element; None without a formula.
    """

    last: int = _START
    depth: int = 0
    rings: frozenset[int] = frozenset()
    fresh: frozenset[int] = frozenset()
    left: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Grammar:
    """The rules for the tokens of a vocabulary.

    Attributes
    ----------
    vocabulary : Vocabulary

    Examples
    --------
    >>> grammar = Grammar(Vocabulary.of(["C1CC1", "C(O)=O"]))
    >>> state = grammar.start(None)
    >>> [t for t, may in zip(grammar.vocabulary.tokens, grammar.allowed(state)) if may]
    ['C', 'O']
    """

    vocabulary: Vocabulary
    _kinds: NDArray[np.int64] = field(init=False, repr=False)
    _needs: NDArray[np.int64] = field(init=False, repr=False)
    _atoms: Bool = field(init=False, repr=False)
    _heavy: Bool = field(init=False, repr=False)
    _follows: dict[int, Bool] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        tokens, elements = self.vocabulary.tokens, self.vocabulary.elements
        kinds = np.full(len(tokens), _NONE)
        kinds[END] = _END
        needs = np.zeros((len(tokens), len(elements)), dtype=np.int64)
        for place, token in enumerate(tokens[len(SPECIAL) :], start=len(SPECIAL)):
            kinds[place] = _CODES[kind_of(token)]
            if kinds[place] == _ATOM:
                symbol, hydrogens = element_of(token)
                needs[place, elements.index(symbol)] += 1
                needs[place, elements.index("H")] += hydrogens
        object.__setattr__(self, "_kinds", kinds)
        object.__setattr__(self, "_needs", needs)
        object.__setattr__(self, "_atoms", kinds == _ATOM)
        object.__setattr__(self, "_heavy", np.array(elements) != "H")
        follows = {last: np.isin(kinds, next_) for last, next_ in _FOLLOWS.items()}
        object.__setattr__(self, "_follows", follows)

    def start(self, formula: Formula | None) -> State:
        """Before the first token.

        Raises
        ------
        SpectraError
            If the vocabulary lacks an element, or no molecule has the formula.
        """
        if formula is None:
            return State()
        check_formula(formula, self.vocabulary.elements)
        return State(left=formula.vector(self.vocabulary.elements))

    def allowed(self, state: State) -> Bool:
        """Which tokens can follow, (len(vocabulary),)."""
        out = self._follows[state.last].copy()
        # A ring bond does not close on the atom that opened it.
        out[list(state.fresh)] = False
        if not state.depth:
            out &= self._kinds != _CLOSE
        if state.depth or state.rings:
            out[END] = False
        if state.left is not None:
            self._keep_formula(out, state, np.array(state.left))
        return out

    def after(self, state: State, token: int) -> State:
        """The state after a token that is allowed.

        Raises
        ------
        SpectraError
            If the token is a special one.
        """
        kind = int(self._kinds[token])
        if kind == _ATOM:
            left = state.left
            if left is not None:
                left = tuple((np.array(left) - self._needs[token]).tolist())
            return State(_ATOM, state.depth, state.rings, frozenset(), left)
        if kind == _RING:
            return self._after_ring(state, token)
        if kind == _BOND:
            loose = state.last in (_OPEN, _CLOSE)
            return replace(state, last=_LOOSE_BOND if loose else _BOND)
        if kind == _OPEN:
            return replace(state, last=_OPEN, depth=state.depth + 1)
        if kind == _CLOSE:
            return replace(state, last=_CLOSE, depth=state.depth - 1)
        raise SpectraError(f"token {self.vocabulary.tokens[token]} is no part of a string")

    def accepts(self, smiles: str, formula: Formula | None = None) -> bool:
        """Whether the rules allow a whole string."""
        state = self.start(formula)
        for token in self.vocabulary.encode(smiles):
            if not self.allowed(state)[token]:
                return False
            if token != END:
                state = self.after(state, token)
        return True

    def _after_ring(self, state: State, token: int) -> State:
        if token in state.rings:
            return replace(state, last=_RING, rings=state.rings - {token})
        return replace(state, last=_RING, rings=state.rings | {token}, fresh=state.fresh | {token})

    def _keep_formula(self, out: Bool, state: State, left: NDArray[np.int64]) -> None:
        """Leave out atoms that there are not, and what needs a further atom after the last."""
        out &= ~self._atoms | (self._needs <= left).all(axis=1)
        if left[self._heavy].any():
            out[END] = False
        if not left.any():
            out &= self._kinds != _OPEN
            if not state.rings:
                out &= self._kinds != _BOND
            closing = np.zeros(len(out), dtype=bool)
            closing[list(state.rings)] = True
            out &= (self._kinds != _RING) | closing
