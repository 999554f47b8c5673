"""Public sets made ready for training: lines as a `SpectraTable`, curves as `Curves`.

Molecules of one connectivity must not stand on both sides of a split. The InChIKey is therefore
taken from the SMILES; its first block is what `splits` and `Curves.groups` go by. What has no
structure goes by the name that the source gives it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from ....vibration import normal_modes
from ...datasets.identity import inchikey_of
from ...errors import SpectraError
from ...table import SpectraTable, sticks_table
from .qme14s_harmonic import HarmonicMolecule
from .table import Float64, MoleculeSpectra, MoleculeSticks, Source

if TYPE_CHECKING:
    from ...channels import Content
    from ...training import Curves

NOT_ABSORBING: Final = ("transmittance", "reflectance")
"""Units of curves whose bands point down, or are none."""


def table_of(
    molecules: Iterable[MoleculeSticks],
    *,
    level: str = "",
    licence: str = "",
    skipped: list[str] | None = None,
) -> SpectraTable:
    """Computed fundamentals as a table to pretrain or fine-tune on.

    Parameters
    ----------
    molecules : iterable of MoleculeSticks
        As `chembl.iterate_sticks` gives them; of several files one after another.
    level : str
        Of theory, the same for all.
    licence : str
        The same for all.
    skipped : list of str, optional
        Molecules whose SMILES cannot be read are left out and their messages appended here;
        without it the first one raises.

    Returns
    -------
    SpectraTable
        Column ``name`` is the id of the source, ``key`` file and id, ``source`` file and SHA-256,
        ``smiles`` as given, ``inchikey`` from it; both are empty where the source has no SMILES,
        and such a molecule is related to no other. ``sha256`` is that of the files, see
        `digest_of`; it stands in the record of every run on the table.

    Raises
    ------
    SpectraError
        If there are no molecules, one occurs twice, has a SMILES that cannot be read, or has
        not the same kinds of intensities as the first.

    Examples
    --------
    >>> source = Source("part1.db", 9, "ab" * 32)
    >>> water = MoleculeSticks("7", "O", [1595.0, 3657.0], [54.0, 3.0], [1.0, 100.0], source)
    >>> table_of([water]).texts["inchikey"]
    ('XLYOFNOQVPJJNP-UHFFFAOYSA-N',)
    """
    kept: dict[str, MoleculeSticks] = {}
    inchikeys = []
    for each in molecules:
        key = f"{each.source.name}:{each.id}"
        if key in kept:
            raise SpectraError(f"{key}: the molecule occurs twice; give each file once")
        try:
            inchikeys.append(inchikey_of(each.smiles or "", key))
        except SpectraError as error:
            if skipped is None:
                raise
            skipped.append(str(error))
            continue
        kept[key] = each
    if not kept:
        raise SpectraError("no molecules to make a table of")
    found = list(kept.values())
    ir, raman = _intensities(found, "ir"), _intensities(found, "raman")
    names, lines = [m.id for m in found], [m.wavenumbers for m in found]
    smiles = [m.smiles or "" for m in found]
    table = sticks_table(names, lines, ir, raman, smiles=smiles, inchikeys=inchikeys)
    sources = tuple(f"{m.source.name}, SHA-256 {m.source.sha256}" for m in found)
    n = len(found)
    texts = {
        "key": tuple(kept),
        "source": sources,
        "level": (level,) * n,
        "licence": (licence,) * n,
    }
    sha256 = digest_of(m.source for m in found)
    return replace(table, texts={**table.texts, **texts}, sha256=sha256)


def sticks_of(molecule: HarmonicMolecule) -> MoleculeSticks:
    """The lines of a molecule whose source gives derivatives instead, as that of QMe14S.

    Raises
    ------
    NotStationary, HarmonicDataError
        As `vibration.normal_modes`.
    SpectraError
        If an intensity is not finite.
    """
    modes = normal_modes(molecule.data)
    return MoleculeSticks(
        molecule.id,
        molecule.smiles,
        modes.wavenumbers,
        modes.ir_intensities,
        modes.raman_activities,
        molecule.source,
    )


def curves_of(spectra: MoleculeSpectra, other: MoleculeSpectra | None = None) -> Curves:
    """Infrared or Raman curves, or both of the same molecules, to fine-tune on.

    Parameters
    ----------
    spectra : MoleculeSpectra
        Infrared or Raman; the axis in equal steps.
    other : MoleculeSpectra, optional
        The other kind, of the same ids in any order, on the same axis.

    Returns
    -------
    Curves
        In the order of ``spectra``: (n, points), or with ``other`` (n, 2, points), infrared
        first. ``groups`` are those of `groups_of`. It has no place for the sources: keep
        ``digest_of(spectra.sources)`` with the run.

    Raises
    ------
    SpectraError
        If a curve is neither infrared nor Raman, is transmittance or reflectance, the two do not
        belong together, or a SMILES cannot be read.

    Examples
    --------
    >>> ethanol = MoleculeSpectra(("1", "2"), ("CCO", "OCC"), [500.0, 502.0], [[1, 2], [2, 1]],
    ...                           "ir", "absorbance", ())
    >>> curves_of(ethanol).groups
    ('LFQSCWFLJHTTHZ', 'LFQSCWFLJHTTHZ')
    """
    from ...training import Curves

    _check_kind(spectra)
    groups = groups_of(spectra)
    if other is None:
        kind: Content = "raman" if spectra.kind == "raman" else "ir"
        return Curves(spectra.spectra, spectra.axis, kind, groups, unit="cm-1")
    _check_kind(other)
    both = np.stack([spectra.spectra, other.spectra[_partners(spectra, other)]], axis=1)
    if spectra.kind == "raman":
        both = both[:, ::-1]
    return Curves(both, spectra.axis, "both", groups, unit="cm-1")


def groups_of(spectra: MoleculeSpectra) -> tuple[str, ...]:
    """What spectra of one compound share, n labels.

    The first block of the InChIKey, which is one connectivity whatever isotopes and
    stereochemistry; without SMILES the CAS number of the notes, their title, or the id. A
    compound that has a structure in one row and none in another is in two groups.

    Raises
    ------
    SpectraError
        If a SMILES cannot be read.
    """
    empty = ("",) * len(spectra)
    names = zip(
        spectra.notes.get("cas", empty), spectra.notes.get("title", empty), spectra.ids, strict=True
    )
    out = []
    for smiles, (cas, title, name) in zip(spectra.smiles, names, strict=True):
        block = inchikey_of(smiles or "", f"{_label(spectra)}: {name}").split("-")[0]
        out.append(block or cas or " ".join(title.casefold().split()) or name)
    return tuple(out)


def digest_of(sources: Iterable[Source]) -> str:
    """SHA-256 of a file; of several, of their digests in order, as for a `SpectraTable`.

    Examples
    --------
    >>> digest_of([Source("a", 1, "ab" * 32)]) == "ab" * 32
    True
    """
    digests = list(dict.fromkeys(source.sha256 for source in sources))
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(digests).encode()).hexdigest() if digests else ""


def _intensities(molecules: list[MoleculeSticks], kind: str) -> list[Float64]:
    """Strengths of one kind, zeros where no molecule of the set has them."""
    given = [m.ir_intensities if kind == "ir" else m.raman_activities for m in molecules]
    for each, strengths in zip(molecules, given, strict=True):
        if (strengths is None) != (given[0] is None):
            has = "no" if strengths is None else "has"
            raise SpectraError(
                f"{each.source.name}:{each.id}: {has} {kind} intensities, unlike the first "
                f"molecule, {molecules[0].source.name}:{molecules[0].id}; make a table of each kind"
            )
    return [
        np.zeros(len(m.wavenumbers)) if strengths is None else strengths
        for m, strengths in zip(molecules, given, strict=True)
    ]


def _check_kind(spectra: MoleculeSpectra) -> None:
    if spectra.kind not in ("ir", "raman"):
        raise SpectraError(
            f"{_label(spectra)}: {spectra.kind} spectra; a model takes infrared and Raman"
        )
    if spectra.unit in NOT_ABSORBING:
        raise SpectraError(
            f"{_label(spectra)}: curves of {spectra.unit}; a model takes absorbance, so turn them "
            "into it first"
        )


def _partners(spectra: MoleculeSpectra, other: MoleculeSpectra) -> list[int]:
    """Row of ``other`` for each row of ``spectra``."""
    if other.kind == spectra.kind:
        raise SpectraError(f"{_label(other)}: {other.kind} like the first; give the other kind")
    if not np.array_equal(other.axis, spectra.axis):
        raise SpectraError(
            f"{_label(other)}: another axis than {_label(spectra)}; use one for both"
        )
    rows = {name: row for row, name in enumerate(other.ids)}
    if len(rows) < len(other) or len(set(spectra.ids)) < len(spectra):
        raise SpectraError(f"{_label(other)}: an id occurs twice, so that rows cannot be joined")
    ours = set(spectra.ids)
    lonely = [*(n for n in spectra.ids if n not in rows), *(n for n in other.ids if n not in ours)]
    if lonely:
        raise SpectraError(
            f"{_label(other)}: molecule {lonely[0]} is in one of the two only; leave it out of both"
        )
    found = [rows[name] for name in spectra.ids]
    for row, theirs in enumerate(found):
        pair = spectra.smiles[row], other.smiles[theirs]
        if None not in pair and pair[0] != pair[1]:
            raise SpectraError(
                f"{_label(other)}: molecule {spectra.ids[row]} is {pair[0]} and {pair[1]}; the two "
                "files do not belong together"
            )
    return found


def _label(spectra: MoleculeSpectra) -> str:
    return spectra.sources[0].name if spectra.sources else "spectra"
