"""What the tests share: the reference data and the Hypothesis profile."""

import os
from pathlib import Path

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
def symmetry_rich():
    """The whole symmetry-rich set."""
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from spektron.ml.table import read_spectra

    path = CHECKOUT / "docs" / "data" / "symmetry-rich" / "spectra.parquet"
    if not path.is_file():
        pytest.skip(f"no {path.name} in the checkout")
    return read_spectra(path)
