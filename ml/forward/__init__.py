"""Forward models: from a molecule and its geometry to infrared, Raman and NMR.

===============  ==========================================================================
``graphs``       molecules as graphs within a cut-off
``valence``      internal coordinates of a molecule as arrays
``rebuilt``      the same spectra on geometries built from SMILES
``samples``      batches
``config``       settings
``network``      the equivariant message-passing network
``grid``         curves on a grid: the plain model
``forcefield``   force constants and ``tensors``: the model that obeys selection rules
``lines``        broadened spectra of force constants, differentiable
``shifts``       NMR shifts of atoms, ``shift_data`` to train on
``losses``       how far spectra are apart
``objectives``   what is trained, in batches
``training``     `train_spectra` and `train_shifts`
``models``       kinds, files, preparation of molecules
``prediction``   `forecast`: the spectrum of one molecule
``baselines``    fingerprints with ridge regression or the nearest, the mean
``evaluation``   scores beside baselines, forbidden intensity, learning curves
===============  ==========================================================================

Here is what needs no torch; modules that train or predict import it and torch_geometric.
"""

from .baselines import best_ridge, cosine, fingerprints, fit_ridge, mean_spectrum, nearest_spectra
from .config import ForwardConfig, ForwardData, ForwardLoss, NetworkConfig
from .graphs import GraphBatch, MolecularGraph, graph_of, join_graphs, molecular_graph
from .rebuilt import Built, build_geometries, rebuilt, split_of_both
from .shift_data import ShiftSet, divided_together, read_shift_set, shift_set

__all__ = [
    "Built",
    "ForwardConfig",
    "ForwardData",
    "ForwardLoss",
    "GraphBatch",
    "MolecularGraph",
    "NetworkConfig",
    "ShiftSet",
    "best_ridge",
    "build_geometries",
    "cosine",
    "divided_together",
    "fingerprints",
    "fit_ridge",
    "graph_of",
    "join_graphs",
    "mean_spectrum",
    "molecular_graph",
    "nearest_spectra",
    "read_shift_set",
    "rebuilt",
    "shift_set",
    "split_of_both",
]
