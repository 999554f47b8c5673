"""Shipped inverse models: their cards, their most confident errors once more, and the page."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("torch_geometric", reason="torch_geometric is not installed")

from spektron.ml.inverse import (
    InverseConfig,
    corpus,
    forward_predictor,
    load_calibration,
    shift_predictor,
)
from spektron.ml.inverse.elucidation import Predictors
from spektron.ml.inverse.evaluation import Condition, evaluate_inverse
from spektron.ml.inverse.models import load_inverse
from spektron.ml.inverse.training import split_for
from spektron.ml.model.packaged import HOME, shipped, shipped_as

CHECKOUT = Path(__file__).parents[1]
NAMES = [name for name in shipped() if name.startswith("spektron-elucidate-")]
OTHERS = {"13C", "1H"}


@pytest.fixture(scope="module")
def script(example):
    return example("inverse_models")


def metrics(name):
    return json.loads((HOME / name / "metrics.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_the_card_is_written_from_the_figures(name, script):
    folder = HOME / name
    assert (folder / "model.safetensors").stat().st_size <= script.LARGEST
    assert (folder / "card.md").read_text(encoding="utf-8") == script.card(name, folder)
    calibration = load_calibration(folder / "calibration.json")
    assert shipped_as(calibration.predictor) is not None
    assert shipped_as(calibration.shifts) is not None


@pytest.mark.parametrize("name", NAMES)
def test_the_errors_of_the_card_are_made_again(name, symmetry_rich):
    """From the lines and the shipped weights; shifts of a network are not needed for these."""
    folder = HOME / name
    model, about = load_inverse(folder / "model.safetensors")
    config = InverseConfig.from_mapping(about["settings"])
    parts = split_for(symmetry_rich, config.data)
    assert about["data"]["split"] == parts.sha256
    calibration = load_calibration(folder / "calibration.json")
    predictor = forward_predictor(shipped_as(calibration.predictor))
    shifts = shift_predictor(shipped_as(calibration.shifts))
    spectral = tuple(m for m in config.modalities if m not in OTHERS)
    made = corpus(symmetry_rich, replace(config, modalities=spectral))
    first = {}
    for failure in metrics(name)["failures"]:
        given = failure["condition"].split(" + ")
        if not OTHERS & set(given):
            first.setdefault(failure["condition"], failure)
    assert len(first) >= 3
    for failure in list(first.values())[:3]:
        assert failure["row"] in parts["test"]
        given = tuple(failure["condition"].split(" + "))
        (found,) = evaluate_inverse(
            model,
            made,
            np.array([failure["row"]]),
            Condition(given, config.data.instruments),
            predictors=Predictors(predictor, shifts),
            calibration=calibration,
        )
        assert found.truth == failure["truth"]
        assert found.answers[0].smiles == failure["answer"]
        assert found.confidence == pytest.approx(failure["confidence"], abs=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_has_the_figures(name, script):
    page = (CHECKOUT / "docs" / "elucidate.md").read_text(encoding="utf-8")
    found = metrics(name)["figures"]
    for given in found:
        if "×" not in given:
            assert script.row_of(given, found[given]) in page
