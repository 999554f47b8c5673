"""`examples/shift_models.py` at tiny size: one division of both sets, trained, scored, shipped."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("torch_geometric", reason="torch_geometric is not installed")

import torch
from rdkit import Chem
from spektron.ml.datasets.shifts import Shifts
from spektron.ml.forward import ForwardConfig, shift_set
from spektron.ml.forward.models import load_forward, new_model, save_forward
from spektron.ml.forward.prediction import shifts_of as shifts_of_model
from spektron.ml.forward.training import train_shifts
from spektron.ml.model.errors import CheckpointError
from spektron.ml.model.packaged import find_checkpoint, shipped
from spektron.ml.splits import split_of
from spektron.pointgroup import Molecule

CHECKOUT = Path(__file__).parents[1]
SMILES = {
    "dft8k": ("CCO", "CC(C)=O", "c1ccccc1", "CC#N", "CCN", "COC", "CCC", "CC=O", "C1CC1", "C1CO1"),
    "exp5k": ("C1CO1", "CCO", "c1ccccc1", "CC#N", "CC=O", "C1CC1"),
}


def small(steps=3, **model):
    return ForwardConfig.from_mapping(
        {
            "model": {"kind": "shifts", "width": 8, "layers": 1, "radial": 4, **model},
            "data": {"train": 0.5, "valid": 0.25, "test": 0.25},
            "training": {"steps": steps, "batch": 2, "device": "cpu", "precision": "fp32"},
        }
    )


def shifts_of(molecule, name):
    """In the measured set those of carbon alone."""
    known = (1, 6) if name == "dft8k" else (6,)
    atoms = np.flatnonzero(np.isin(molecule.atomic_numbers, known))
    carbon = molecule.atomic_numbers[atoms] == 6
    return Shifts(atoms.astype(np.int16), np.where(carbon, 60.0, 3.0).astype(np.float32))


@pytest.fixture(scope="module")
def sets():
    out = {}
    for name, texts in SMILES.items():
        molecules = [(Molecule.from_smiles(each), each) for each in texts]
        out[name] = shift_set([(m, text, shifts_of(m, name)) for m, text in molecules])
    return out


@pytest.fixture
def script(example, monkeypatch, sets):
    module = example("shift_models")
    wanted = {name: small(nuclei=list(nuclei)) for name, nuclei in module.NUCLEI.items()}
    monkeypatch.setattr(module, "runs", lambda: wanted)
    monkeypatch.setattr(module, "shift_data", sets.__getitem__)
    drawn = {text: Chem.AddHs(Chem.MolFromSmiles(text)) for text in SMILES["dft8k"]}
    monkeypatch.setattr(module, "mols_of", lambda name: drawn)
    return module


def test_a_molecule_is_in_the_same_part_of_both_sets(script, sets):
    parts = {}
    for name, data in sets.items():
        for part, rows in script.shift_split(name, data).parts.items():
            for row in rows:
                parts.setdefault(data.smiles[row], set()).add(part)
    assert set(parts) == set(SMILES["dft8k"])
    assert all(len(found) == 1 for found in parts.values())


def test_the_script_trains_scores_and_ships(script, tmp_path, capsys):
    runs, out = ["--runs", str(tmp_path / "runs")], tmp_path / "scores.json"
    assert script.main(["score", "--out", str(out), *runs]) == 2
    assert "no finished run" in capsys.readouterr().err
    for name in SMILES:
        assert script.main(["train", name, *runs]) == 0
    out.write_text('{"elsewhere": {}}')
    assert script.main(["score", "--out", str(out), *runs]) == 0
    found = json.loads(out.read_text())
    assert found.pop("elsewhere") == {}
    # Every carbon has the same shift: the median is exact, a trained network nearly so.
    assert found["dft8k"]["median of the element"] == {"13C": 0.0, "1H": 0.0}
    assert found["dft8k"]["trained on"]["from"] == "scratch"
    assert len(found["exp5k"]["trained on"]["from"]) == 64
    # The geometries of these sets are built from SMILES.
    built = found["dft8k"]["from SMILES"]
    assert built["molecules"] == found["dft8k"]["molecules"]
    assert built["built"] == pytest.approx(built["given"], rel=1e-3)
    shipping = ["--out", str(tmp_path / "shipped"), *runs, "--scores", str(out)]
    assert script.main(["ship", "exp5k", *shipping]) == 0
    card = (tmp_path / "shipped" / "card.md").read_text()
    assert "weights learnt on computed shifts" in card
    assert "{" not in card
    assert f"| this model | {found['exp5k']['mean absolute error']['13C']:.3f} | – |" in card
    assert "to NMR shifts of its ¹³C nuclei, as they are measured" in card
    worst = found["exp5k"]["worst"][0]
    assert f"| `{worst['smiles']}` | {worst['nucleus']} | {worst['predicted']:.1f} |" in card
    out.write_text(json.dumps(found | {"exp5k": {}}))
    assert script.main(["ship", "exp5k", *shipping]) == 2
    assert "score it again" in capsys.readouterr().err


def test_shifts_go_to_the_atoms_of_the_file(script, monkeypatch):
    """A file in another order, and a network that knows each carbon of ethanol by its place."""
    built = Molecule.from_smiles("CCO")
    order = [8, 1, 3, 0, 2, 4, 5, 6, 7]
    turned = Chem.RenumberAtoms(Chem.AddHs(Chem.MolFromSmiles("CCO")), order)
    carbons = np.array([1, 3])
    shifts = Shifts(carbons.astype(np.int16), np.array([58.0, 18.0], dtype=np.float32))
    shuffled = Molecule([built.symbols[k] for k in order], built.positions[order], name="ethanol")
    data = shift_set([(shuffled, "CCO", shifts)])
    # In the order of the SMILES the methyl group is first.
    known = np.array([18.0, 58.0, *[0.0] * 7])
    monkeypatch.setattr("spektron.ml.forward.prediction.shifts_of", lambda *_: known)
    model = new_model(small().model)
    found = script.from_smiles(model, data, [0], {"ethanol": turned})
    assert found["molecules"] == 1
    assert found["built"]["13C"] == 0.0


def test_a_start_brings_its_weights(sets, tmp_path):
    data = sets["exp5k"]
    split = split_of(data.index(), {"train": range(4), "valid": range(4, 6)}, ())
    config = small(steps=1)
    model = new_model(config.model)
    with torch.no_grad():
        model.mean.fill_(17.0)
    start = tmp_path / "start.safetensors"
    save_forward(start, model, {})
    run = train_shifts(config, data, tmp_path / "run", split=split, start=start)
    found, about = load_forward(run.model)
    assert (found.mean == 17.0).all()
    assert len(about["data"]["from"]) == 64
    # One step moves a weight by the learning rate or so.
    for name, value in found.state_dict().items():
        assert torch.allclose(value, model.state_dict()[name], atol=0.02), name
    carbon = train_shifts(
        small(steps=1, nuclei=["13C"]), data, tmp_path / "carbon", split=split, start=start
    )
    alone, _ = load_forward(carbon.model)
    values = shifts_of_model(alone, Molecule.from_smiles("CC"))
    assert np.isfinite(values[:2]).all()
    assert np.isnan(values[2:]).all()
    other = small(width=16)
    with pytest.raises(CheckpointError, match=r"has model\.width = 8, the model to train 16"):
        train_shifts(other, data, tmp_path / "other", split=split, start=start)
    with pytest.raises(CheckpointError, match="a run with from = "):
        train_shifts(config, data, tmp_path / "run", split=split)


@pytest.mark.parametrize("name", [n for n in shipped() if n.startswith("spektron-shifts-")])
def test_cards_of_shipped_networks_are_written_from_their_scores(example, name):
    module = example("shift_models")
    scores = json.loads(module.SCORES.read_text(encoding="utf-8"))
    model, kind = find_checkpoint(name), name.removeprefix("spektron-shifts-")
    found = model.with_name("card.md").read_text(encoding="utf-8")
    assert found == module.card(name, kind, model, scores)
    assert model.stat().st_size < module.LARGEST


def test_the_page_has_the_measured_errors():
    scores = json.loads((CHECKOUT / "docs" / "data" / "shifts.json").read_text(encoding="utf-8"))
    page = (CHECKOUT / "docs" / "predict.md").read_text(encoding="utf-8")
    for name, found in scores.items():
        own, built = found["mean absolute error"], found["from SMILES"]["built"]
        own, built = (
            " | ".join(f"{of[n]:.{d}f}" if n in of else "–" for n, d in (("13C", 2), ("1H", 3)))
            for of in (own, built)
        )
        start = f"| `spektron-shifts-{name}`"
        line = next(each for each in page.splitlines() if each.startswith(start))
        assert line.endswith(f"| {found['molecules']} | {own} | {built} |")


@pytest.mark.skipif("spektron-shifts-exp5k" not in shipped(), reason="none is shipped")
def test_the_shipped_network_knows_ethyl_acetate():
    """Measured in CDCl3 (textbooks): C=O 171, OCH2 60, CH3 of the acid 21, the other 14 ppm."""
    model, _ = load_forward(find_checkpoint("spektron-shifts-exp5k"))
    molecule = Molecule.from_smiles("CCOC(C)=O")
    found = shifts_of_model(model, molecule)
    np.testing.assert_allclose(found[[0, 1, 3, 4]], [14, 60, 171, 21], atol=4)
