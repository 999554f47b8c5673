"""`examples/inverse_models.py` at tiny size: trained, measured, shipped, and what it refuses."""

import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("torch_geometric", reason="torch_geometric is not installed")

from spektron.ml.datasets.shifts import Shifts
from spektron.ml.forward import shift_set
from spektron.ml.forward.config import NetworkConfig
from spektron.ml.forward.models import new_model, save_forward
from spektron.ml.inverse import Calibration, InverseConfig
from spektron.ml.inverse.models import load_inverse
from spektron.pointgroup import Molecule

SMALL = {
    "model": {
        "encoder": {
            "size": "tiny", "width": 32, "layers": 1, "axis": {"points": 256}, "stride": 16,
        },
        "width": 32, "layers": 1, "dropout": 0.0, "radial": 16,
    },
    "data": {"train": 0.5, "valid": 0.25, "test": 0.25},
    "training": {"steps": 3, "batch": 4, "warmup": 1, "device": "cpu", "precision": "fp32"},
}  # fmt: skip
SMILES = ("CCO", "CC(=O)C", "c1ccccc1", "CC#N", "CCN", "COC", "CCC", "CC=O", "C1CC1", "C1CO1")


def shifts_of(molecule):
    atoms = np.flatnonzero(molecule.atomic_numbers == 6)
    return Shifts(atoms.astype(np.int16), np.linspace(10, 90, len(atoms), dtype=np.float32))


@pytest.fixture
def script(example, monkeypatch, symmetry_rich):
    module = example("inverse_models")
    light = np.flatnonzero(symmetry_rich.numbers["n_atoms"] <= 11)[:30]
    molecules = [(Molecule.from_smiles(each), each) for each in SMILES]
    known = shift_set([(m, text, shifts_of(m)) for m, text in molecules])
    settings = module.runs()

    def small():
        for name, config in settings.items():
            asked = {"modalities": list(config.modalities), "shifts": config.shifts}
            yield name, InverseConfig.from_mapping({**SMALL, **asked})

    monkeypatch.setattr(module, "runs", lambda: dict(small()))
    monkeypatch.setattr(module, "BEAM_WIDTH", 6)
    monkeypatch.setattr(module, "read_spectra", lambda path: symmetry_rich.take(light))
    monkeypatch.setattr(module, "read_shift_set", lambda *paths: known)
    monkeypatch.setattr(
        module, "GIVEN", {"spectra": (("ir",), ("ir", *module.NMR)), "shifts": (module.NMR,)}
    )
    return module


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    for kind in ("shifts", "grid"):
        config = NetworkConfig(kind, width=8, layers=1, radial=4)
        save_forward(folder / f"{kind}.safetensors", new_model(config), {})
    return folder


def test_spectra_are_trained_measured_and_shipped(script, networks, tmp_path, monkeypatch, capsys):
    runs = ["--runs", str(tmp_path)]
    shifts = ["--shifts", str(networks / "shifts.safetensors")]
    made = Calibration((1.0,) * 5, (0.0,) * 5, 0.0, (0.0,) * 5, 0.5, 30)
    monkeypatch.setattr("spektron.ml.inverse.assessment.calibrate", lambda *_, **__: made)
    assert script.main(["train", "spectra", *runs, *shifts]) == 0
    forward = ["--forward", str(networks / "grid.safetensors"), "--molecules", "3"]
    peaks = ["--peaks", str(networks / "shifts.safetensors")]
    assert script.main(["score", "spectra", *runs, *shifts, *forward, *peaks]) == 0
    measured = json.loads((tmp_path / "spectra" / "metrics.json").read_text())
    figures = measured["figures"]
    assert {"ir", "ir + 13C + 1H + formula", "baseline × 2"} <= figures.keys()
    assert measured["asked"] == {"valid": 3, "test": 3}
    own = figures["ir + 13C + 1H + formula"]
    assert own["all"]["decoder top-1"] <= own["all"]["decoder top-10"]
    assert own["all"]["decoder top-100"] == own["all"]["decoder top-10"]  # a beam of six
    assert sum(part["molecules"] for part in own["by rings"].values()) == own["all"]["molecules"]
    assert script.main(["ship", "spectra", *runs, "--out", str(tmp_path / "out")]) == 2
    assert "no fusion.json, curve.json; train, score, curve and fuse" in capsys.readouterr().err
    assert script.main(["train", "spectra 500", *runs, *shifts]) == 0
    asked = ["curve", "spectra", *runs, *shifts, "--molecules", "3"]
    assert script.main(asked) == 2
    assert "no such model; train 'spectra 2000' first" in capsys.readouterr().err
    assert script.main(["train", "spectra 2000", *runs, *shifts]) == 0
    assert script.main(asked) == 0
    curve = json.loads((tmp_path / "spectra" / "curve.json").read_text())["curve"]
    assert len(curve) == 3
    assert curve[0]["found"].keys() == {" + ".join(given) for given in script.CURVE}
    assert curve[0]["found"]["formula"]["formula match"] in (0, 1, None)
    assert script.main(["fuse", "spectra", *runs, *shifts]) == 0
    fused = json.loads((tmp_path / "spectra" / "fusion.json").read_text())
    more = [each["more"] for each in fused["compared"] if each["less"] == ["ir", "raman"]]
    assert more == [["ir", "raman", "13C"], ["ir", "raman", "13C", "1H"]]
    assert script.main(["ship", "spectra", *runs, "--out", str(tmp_path / "out")]) == 0
    model, about = load_inverse(tmp_path / "out" / "model.safetensors")
    assert model.vocabulary.knows("CCO")
    assert about["settings"]["training"]["steps"] == 3
    card = (tmp_path / "out" / "card.md").read_text()
    own = figures["ir"]["all"]
    assert f"| ir | {own['molecules']:.0f} | {own['top-1']:.3f} | {own['top-10']:.3f} |" in card
    assert f"| ir + raman | 13C + 1H | {fused['compared'][0]['hits_less']:.3f} |" in card
    assert "{" not in card
    wrong = measured["failures"]
    assert all(each["truth"] != each["answer"] for each in wrong)
    assert wrong == [] or f"`{wrong[0]['answer']}`" in card


def test_shifts_alone_are_trained_and_measured(script, tmp_path, capsys):
    runs = ["--runs", str(tmp_path)]
    assert script.main(["train", "dft8k", *runs]) == 0
    assert script.main(["score", "dft8k", *runs, "--molecules", "3"]) == 0
    assert "not calibrated: " in capsys.readouterr().out
    figures = json.loads((tmp_path / "dft8k" / "metrics.json").read_text())["figures"]
    assert figures.keys() == {"13C + 1H + formula"}
    assert figures["13C + 1H + formula"]["all"]["molecules"] > 0
    assert script.main(["fuse", "dft8k", *runs]) == 2
    assert "has an isomer with another string" in capsys.readouterr().err


def test_missing_and_wrong_networks_are_refused(script, networks, tmp_path, capsys):
    missing = ["--shifts", str(tmp_path / "none.safetensors")]
    assert script.main(["train", "spectra", "--runs", str(tmp_path), *missing]) == 2
    assert "no such checkpoint" in capsys.readouterr().err
    wrong = ["--shifts", str(networks / "grid.safetensors")]
    assert script.main(["train", "spectra", "--runs", str(tmp_path), *wrong]) == 2
    assert "predicts spectra, not NMR shifts" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
