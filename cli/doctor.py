"""``spektron doctor``: what is installed here, and what the missing parts would give.

Packages are looked up by their metadata and not imported, so that the answer comes at once; a
package that is there but broken is found by using it. GPUs are what ``nvidia-smi`` lists;
``--torch`` asks torch itself, whose import takes seconds. Exit code 0, whatever is missing.

With ``--json`` standard output is one object::

    spektron, python, platform    versions; spektron is null where it runs uninstalled
    kernels       whether the compiled kernels of point-group detection are in use
    cores         {usable, total, threads}; threads is {variable: value} of those that are set
    gpus          {devices: [{name, memory_MiB, driver}], problem}; problem is null or one line
    torch         with --torch: {version, cuda, devices: [name], problem}, else null
    data          {path, found, folders}; path is the variable SPEKTRON_DATA, null if not set
    packages      [{name, version, extras, gives}]; version is null if missing, extras is empty
                  for the base install
    extras        [{name, gives, missing, install}]; missing: names of packages
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson
from .output import Json, columns, facts, print_json, show

if TYPE_CHECKING:
    from rich.console import RenderableType

BASE: Mapping[str, str] = {
    "numpy": "arrays, linear algebra",
    "scipy": "assignments, eigenproblems",
    "sympy": "exact characters on display",
    "networkx": "bond graphs, rings",
    "matplotlib": "figures",
    "rdkit": "molecules from SMILES",
    "typer": "the command line",
    "rich": "tables in the terminal",
    "periodictable": "elements and isotopes",
}
"""What the base install needs, and for what."""

EXTRAS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "dft": (
        "spectra by DFT and GFN2-xTB, outputs of other programs",
        {
            "pyscf": "HF and DFT",
            "geometric": "geometry optimisation",
            "tblite": "GFN2-xTB",
            "cclib": "outputs of ORCA, Gaussian, …",
        },
    ),
    "data": (
        "census and data sets as parquet files",
        {"pyarrow": "parquet files"},
    ),
    "transfer": (
        "calibration transfer between instruments",
        {"scikit-learn": "PLS and its relatives"},
    ),
    "ml": (
        "training and use of the models",
        {
            "torch": "models and training",
            "geomloss": "alignment of embeddings",
            "safetensors": "checkpoints",
            "peft": "low-rank adapters",
            "scikit-learn": "PLS and its relatives",
            "torch_geometric": "message passing on graphs",
            "pyarrow": "parquet files",
            "h5py": "public sets in HDF5",
        },
    ),
    "cluster": (
        "batches on clusters",
        {"parsl": "executors on batch queues", "dask": "executors on a Dask cluster"},
    ),
    "interop": (
        "molecules to and from other packages",
        {"pymatgen": "its Molecule", "ase": "its Atoms", "qcelemental": "QCSchema molecules"},
    ),
}
"""For each extra what it is for, and its packages."""

NVIDIA = ("name", "memory.total", "driver_version")
_PATIENCE = 5.0
"""Seconds after which nvidia-smi is given up."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package that Spektron can use.

    Attributes
    ----------
    name : str
        Of the distribution.
    version : str or None
        None if it is not installed.
    extras : tuple of str
        Those that bring it; empty for the base install.
    gives : str
    """

    name: str
    version: str | None
    extras: tuple[str, ...]
    gives: str


@dataclass(frozen=True, slots=True)
class Gpus:
    """GPUs of the machine.

    Attributes
    ----------
    devices : tuple of dict
        ``name``, ``memory_MiB``, ``driver``.
    problem : str or None
        Why none can be listed, one line.
    """

    devices: tuple[Json, ...] = ()
    problem: str | None = None


def doctor(
    with_torch: Annotated[
        bool,
        typer.Option("--torch", help="Import torch and ask which GPUs it uses; takes seconds."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What is installed here, and what is missing."""
    found = record(with_torch=with_torch)
    if as_json:
        print_json(found)
    else:
        show(*_page(found))


def record(*, with_torch: bool = False) -> Json:
    """The JSON object; its schema is in the docstring of the module."""
    packages = list(_packages())
    return {
        "spektron": version_of("spektron"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "kernels": _has_kernels(),
        "cores": _cores(),
        "gpus": asdict(gpus()),
        "torch": _torch() if with_torch else None,
        "data": _data(),
        "packages": [asdict(p) for p in packages],
        "extras": list(_extras(packages)),
    }


# ---- looking ----


def version_of(name: str) -> str | None:
    """Version of an installed distribution, None if there is none of this name.

    >>> version_of("numpy") is None, version_of("no-such-package") is None
    (False, True)
    """
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _packages() -> Iterator[Package]:
    for name, gives in BASE.items():
        yield Package(name, version_of(name), (), gives)
    all_names = dict.fromkeys(name for _, members in EXTRAS.values() for name in members)
    for name in all_names:
        extras = tuple(extra for extra, (_, members) in EXTRAS.items() if name in members)
        yield Package(name, version_of(name), extras, EXTRAS[extras[0]][1][name])


def _extras(packages: list[Package]) -> Iterator[Json]:
    missing = {p.name for p in packages if p.version is None}
    base = [name for name in BASE if name in missing]
    if base:
        yield {"name": "", "gives": "the base install", "missing": base,
               "install": "pip install spektron"}  # fmt: skip
    for extra, (gives, members) in EXTRAS.items():
        yield {
            "name": extra,
            "gives": gives,
            "missing": [name for name in members if name in missing],
            "install": f'pip install "spektron[{extra}]"',
        }


def _has_kernels() -> bool:
    from ..pointgroup.detection.kernels import compiled

    return compiled is not None


def _cores() -> Json:
    from ..pointgroup.parallel import THREADS, cores

    threads = {name: os.environ[name] for name in THREADS if name in os.environ}
    return {"usable": cores(), "total": os.cpu_count() or 1, "threads": threads}


def gpus() -> Gpus:
    """The GPUs that nvidia-smi lists."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return Gpus(problem="no nvidia-smi, so no NVIDIA driver")
    query = [program, f"--query-gpu={','.join(NVIDIA)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        return Gpus(problem=f"nvidia-smi gave no answer within {_PATIENCE:g} s")
    except OSError as error:
        return Gpus(problem=f"nvidia-smi cannot be run: {error.strerror or error}")
    if done.returncode:
        said = (done.stdout or done.stderr).strip().splitlines() or [f"exit {done.returncode}"]
        return Gpus(problem=f"nvidia-smi fails: {said[0]}")
    return Gpus(tuple(map(_device, filter(None, map(str.strip, done.stdout.splitlines())))))


def _device(line: str) -> Json:
    # A name may hold a comma, the other two do not.
    name, memory, driver = (part.strip() for part in line.rsplit(",", 2))
    return {"name": name, "memory_MiB": int(memory) if memory.isdigit() else None,
            "driver": driver}  # fmt: skip


def _torch() -> Json:
    """What torch itself finds; its import takes seconds."""
    found: Json = {"version": version_of("torch"), "cuda": None, "devices": [], "problem": None}
    try:
        torch: Any = importlib.import_module("torch")
    except (ImportError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return {**found, "problem": reason}
    found["cuda"] = torch.version.cuda
    if torch.cuda.is_available():
        found["devices"] = [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())]
    elif torch.backends.mps.is_available():
        found["devices"] = ["mps"]
    return found


def _data() -> Json:
    path = os.environ.get("SPEKTRON_DATA") or None
    if path is None:
        return {"path": None, "found": False, "folders": []}
    try:
        folders = sorted(p.name for p in Path(path).iterdir() if p.is_dir())
    except OSError:
        return {"path": path, "found": False, "folders": []}
    return {"path": path, "found": True, "folders": folders}


# ---- for people ----


def _page(found: Json) -> Iterator[RenderableType | str]:
    yield facts(_machine(found))
    rows = (
        (p["name"], p["version"] or "–", ", ".join(p["extras"]) or "base", p["gives"])
        for p in found["packages"]
    )
    yield columns(["package", "version", "extra", "for"], rows, left=4)
    lacking = [extra for extra in found["extras"] if extra["missing"]]
    if not lacking:
        yield "Nothing is missing."
        return
    yield "What is missing would give:"
    yield facts((e["install"], f"{e['gives']} ({', '.join(e['missing'])})") for e in lacking)


def _machine(found: Json) -> Iterator[tuple[str, str]]:
    version = found["spektron"] or "not installed, run from its sources"
    yield "spektron", f"{version}; Python {found['python']}, {found['platform']}"
    yield (
        "kernels",
        "compiled"
        if found["kernels"]
        else "numpy; detection in small molecules is slower. For the compiled ones install "
        "Spektron where there is a C compiler",
    )
    yield "cores", _cores_text(found["cores"])
    yield "GPU", _gpu_text(found["gpus"])
    if found["torch"] is not None:
        yield "torch", _torch_text(found["torch"])
    yield "data", _data_text(found["data"])


def _cores_text(cores: Json) -> str:
    of_all = "" if cores["usable"] == cores["total"] else f" of {cores['total']}"
    threads = "".join(f"; {name}={value}" for name, value in cores["threads"].items())
    return f"{cores['usable']}{of_all}{threads}"


def _gpu_text(gpus: Json) -> str:
    if gpus["problem"]:
        return f"none found: {gpus['problem']}"
    names = [
        d["name"] + (f" ({d['memory_MiB'] / 1024:.0f} GiB)" if d["memory_MiB"] else "")
        for d in gpus["devices"]
    ]
    return "; ".join(names) or "none"


def _torch_text(torch: Json) -> str:
    if torch["problem"]:
        return f"cannot be imported: {torch['problem']}"
    built = f"built for CUDA {torch['cuda']}" if torch["cuda"] else "built without CUDA"
    return f"{torch['version']}, {built}; uses {', '.join(torch['devices']) or 'the processor'}"


def _data_text(data: Json) -> str:
    if data["path"] is None:
        return "SPEKTRON_DATA is not set; only recipes, benchmarks and some tests read it"
    if not data["found"]:
        return f"SPEKTRON_DATA is {data['path']}, which is no folder that can be read"
    return f"SPEKTRON_DATA is {data['path']}, with {', '.join(data['folders']) or 'no folders'}"
