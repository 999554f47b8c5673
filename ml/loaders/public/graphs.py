"""SMILES out of ``qm9s.pt``, a list of torch_geometric graphs, without running what it names.

``torch.load`` runs whatever a pickle names. Of this file only the texts are needed, so that its
pickle is read with stand-ins: graphs keep their attributes, tensors are left out unread, and a
name that graphs do not need is refused. The archive is a zip file of ``<name>/data.pkl`` and
``<name>/data/<key>``, as PyTorch writes it since 1.6 (``torch.serialization``); the older form is
refused. The attributes are ``smile``, ``number`` (in QM9), ``pos``, ``z``, ``edge_index`` …, as
public programs read them. Not verified on the published file, which was not at hand.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from ...errors import SpectraError
from .archives import DAMAGED_ZIP
from .pickles import Maker, array_names, load_restricted

_STORAGES = (
    "BFloat16Storage", "BoolStorage", "ByteStorage", "CharStorage", "DoubleStorage",
    "FloatStorage", "HalfStorage", "IntStorage", "LongStorage", "ShortStorage",
)  # fmt: skip
_GRAPH_CLASSES = (
    ("torch_geometric.data.data", "Data"),
    ("torch_geometric.data.data", "DataEdgeAttr"),
    ("torch_geometric.data.data", "DataTensorAttr"),
    ("torch_geometric.data.storage", "BaseStorage"),
    ("torch_geometric.data.storage", "GlobalStorage"),
    ("torch_geometric.data.storage", "NodeStorage"),
    ("torch_geometric.data.storage", "EdgeStorage"),
)
_REMEDY = (
    "if you trust the file, write its SMILES with torch, in order, to a CSV of id and SMILES, or "
    "use qm9s_csv.zip"
)


def read_graph_molecules(path: Path) -> list[str]:
    """The SMILES of the graphs, in their order.

    Raises
    ------
    SpectraError
        If it is no such archive, is damaged, or names anything that graphs do not need.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            heads = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            if len(heads) != 1:
                raise SpectraError(f"{path}: {len(heads)} data.pkl in it; torch.save writes one")
            with archive.open(heads[0]) as stream:
                found = load_restricted(stream, str(path), _names(), _left_out)
    except OSError as error:
        raise SpectraError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except DAMAGED_ZIP:
        raise SpectraError(f"{path}: no sound archive of PyTorch 1.6 or later; {_REMEDY}") from None
    except SpectraError as error:
        if "refused pickle" not in str(error):
            raise
        raise SpectraError(f"{error}; {_REMEDY}") from None
    if not isinstance(found, list) or not found:
        raise SpectraError(f"{path}: holds {type(found).__name__}, not a list of graphs")
    return [_smiles(graph, f"{path}: graph {k}") for k, graph in enumerate(found, start=1)]


def _names() -> dict[tuple[str, str], Any]:
    """Stand-ins for the names in a pickle of graphs; new ones for each file."""

    class Graph:
        """Keeps what it is given."""

        __slots__ = ("state",)

        def __setstate__(self, state: Any) -> None:
            self.state = state

    names = {**array_names(), ("collections", "OrderedDict"): Maker(lambda *_: {})}
    names |= dict.fromkeys(_GRAPH_CLASSES, Graph)
    for function in ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter"):
        names["torch._utils", function] = Maker(_left_out)
    names |= {("torch", storage): Maker(_left_out) for storage in _STORAGES}
    return names


def _left_out(*_: Any) -> None:
    """In place of a tensor."""
    return


def _smiles(graph: Any, label: str) -> str:
    """The SMILES of a graph of torch_geometric 2 (in its store) or 1 (its own)."""
    state = getattr(graph, "state", None)
    store = state.get("_store") if isinstance(state, dict) else None
    if store is not None:
        inner = getattr(store, "state", None)
        state = inner.get("_mapping") if isinstance(inner, dict) else None
    if not isinstance(state, dict):
        raise SpectraError(f"{label}: not a graph")
    for key in ("smile", "smiles"):
        if isinstance(state.get(key), str) and state[key].strip():
            return str(state[key]).strip()
    known = ", ".join(sorted(str(k) for k in state)[:12])
    raise SpectraError(f"{label}: no text under smile; it has {known or 'nothing'}")
