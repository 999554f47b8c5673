"""docs/spektron-model.md: its commands work, and its tables are those of the cells."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from spektron.cli.main import main

CHECKOUT = Path(__file__).resolve().parents[1]
PAGE = CHECKOUT / "docs" / "spektron-model.md"
CELLS = CHECKOUT / "docs" / "data" / "ablations.csv"
SPECTRA = CHECKOUT / "docs" / "data" / "symmetry-rich" / "spectra.parquet"


def block(language):
    pattern = rf"^```{language}\n(.*?)^```$"
    (found,) = re.findall(pattern, PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return found


def write_own(path):
    """Spectra of the reader's own, in the layout that the page names."""
    wavenumbers = np.arange(400, 3600, 16)
    rng = np.random.default_rng(0)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["sample", "moisture", *wavenumbers])
        for k in range(24):
            band = 0.1 * k * np.exp(-(((wavenumbers - 1640) / 60) ** 2))
            noise = 0.01 * rng.random(len(wavenumbers))
            rows.writerow([f"a{k // 2}", k, *(band + noise).round(4)])


def test_the_commands_work(tmp_path, monkeypatch, capsys):
    for package in ("torch", "safetensors", "geomloss", "pyarrow"):
        pytest.importorskip(package)
    from spektron.ml.datasets.columns import KIND
    from spektron.ml.datasets.parquet import read_table, write_table

    monkeypatch.chdir(tmp_path)
    table, note = read_table(SPECTRA, KIND)
    few = [k for k, failure in enumerate(table["failure"].to_pylist()) if not failure]
    write_table(tmp_path / "few.parquet", table.take(few[:: len(few) // 60][:60]), KIND, note)
    write_own(tmp_path / "mine.csv")
    settings, changed = re.subn(r"^(steps|batch) = .*$", r"\1 = 4", block("toml"), flags=re.M)
    assert changed == 2
    (tmp_path / "tiny.toml").write_text(settings)
    for line in block("bash").splitlines():
        words = line.replace("docs/data/symmetry-rich/spectra.parquet", "few.parquet").split()
        more = ["--steps", "3"] if words[1] == "finetune" else []
        assert main([*words[1:], *more]) == 0, capsys.readouterr().err
    assert {p.name for p in (tmp_path / "run").iterdir()} >= {
        "config.toml", "run.json", "metrics.jsonl", "checkpoints", "model.safetensors",
    }  # fmt: skip
    with (tmp_path / "latent.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows][:3] == ["a0", "a0", "a1"]
    assert np.isfinite([float(row["prediction moisture"]) for row in rows]).all()


def test_tables_are_those_of_the_cells(example, capsys):
    assert example("ablations").main(["report", "--from", str(CELLS)]) == 0
    printed = set(capsys.readouterr().out.splitlines())
    quoted = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if " ± " in line]
    rows = [line for line in quoted if line.startswith("| ") and "s.d." not in line]
    assert len(rows) > 30
    assert [row for row in rows if row not in printed] == []
