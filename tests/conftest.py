"""What the tests share: reference data, the scripts of `examples/`, the Hypothesis profile."""

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

CHECKOUT = Path(__file__).resolve().parents[1]

settings.register_profile("spektron", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("spektron")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the reference data, which the project does not ship."""
    default = CHECKOUT.parent / "shared" / "data"
    folder = Path(os.environ.get("SPEKTRON_DATA") or default)
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; set SPEKTRON_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def example() -> Callable[[str], ModuleType]:
    """A function that loads a script of `examples/` as a module, anew at each call."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, CHECKOUT / "examples" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses look their module up
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def symmetry_rich():
    """The whole symmetry-rich set."""
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from spektron.ml.table import read_spectra

    path = CHECKOUT / "docs" / "data" / "symmetry-rich" / "spectra.parquet"
    if not path.is_file():
        pytest.skip(f"no {path.name} in the checkout")
    return read_spectra(path)
