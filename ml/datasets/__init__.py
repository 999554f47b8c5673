"""The symmetry-rich dataset: which molecules it holds, why, and their spectra.

==================  =======================================================================
``scaffolds``       parent molecules with a centre of inversion
``substituents``    groups that replace a hydrogen
``attachment``      both together, without losing symmetry
``strata``          isomers of one composition with and without a centre
``conformers``      forms of one molecule
``recipe``          a TOML file that says which molecules, at which level
``listing``         the molecules of a recipe, with SMILES, InChIKey and NMR shifts
``folder``          a data set in the making: what is computed stays
``columns``         the exported parquet file, and back
``summary``         counts, and whether the records are true
==================  =======================================================================

``symmetry_rich.toml`` in this folder is the recipe of the set that the project computes.
"""

from .attachment import Substituted, substituted
from .columns import COLUMNS, read_rows, write_rows
from .conformers import conformers
from .folder import DatasetFolder, begin, open_folder
from .listing import Listed
from .recipe import Recipe, RecipeError, read_recipe
from .scaffolds import SCAFFOLDS, Scaffold, scaffold
from .strata import Stratum, colourings, matched_strata
from .substituents import SUBSTITUENTS, Substituent, substituent
from .summary import Pairs, Summary, faults, matched, summary

__all__ = [
    "COLUMNS",
    "SCAFFOLDS",
    "SUBSTITUENTS",
    "DatasetFolder",
    "Listed",
    "Pairs",
    "Recipe",
    "RecipeError",
    "Scaffold",
    "Stratum",
    "Substituent",
    "Substituted",
    "Summary",
    "begin",
    "colourings",
    "conformers",
    "faults",
    "matched",
    "matched_strata",
    "open_folder",
    "read_recipe",
    "read_rows",
    "scaffold",
    "substituent",
    "substituted",
    "summary",
    "write_rows",
]
