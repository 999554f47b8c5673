"""The inverse network: what it sees and what it must not see; whole runs at tiny size."""

import json
from dataclasses import replace

import numpy as np
import pytest
from spektron.ml.errors import LeakError, SpectraError
from spektron.ml.instruments import InstrumentDistribution
from spektron.ml.inverse import (
    Calibration,
    Formula,
    InverseConfig,
    InverseModelConfig,
    Match,
    Vocabulary,
    canonical,
    corpus,
    library_of,
    make_inputs,
    shift_table,
    table_predictor,
)
from spektron.ml.inverse.inputs import joined_inputs
from spektron.ml.model.errors import CheckpointError, ConfigError
from spektron.ml.splits import related, split_of
from spektron.ml.training import PretrainConfig
from spektron.ml.training.records import read_metrics

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from spektron.ml.inverse.assessment import assess_inverse  # noqa: E402
from spektron.ml.inverse.candidates import (  # noqa: E402
    Candidate,
    Found,
    log_probabilities,
    propose,
    with_library,
)
from spektron.ml.inverse.decoding import Reader, decode, projected  # noqa: E402
from spektron.ml.inverse.elucidation import Answer, Predictors, elucidate  # noqa: E402
from spektron.ml.inverse.evaluation import (  # noqa: E402
    Condition,
    Outcome,
    baseline_places,
    by_size,
    drifts,
    evaluate_inverse,
    hits_of,
    summary,
)
from spektron.ml.inverse.models import load_inverse, new_model, save_inverse  # noqa: E402
from spektron.ml.inverse.network import warm_start  # noqa: E402
from spektron.ml.inverse.objective import string_arrays  # noqa: E402
from spektron.ml.inverse.smiles import END, is_neutral  # noqa: E402
from spektron.ml.inverse.training import split_for, train_inverse  # noqa: E402
from spektron.ml.model.spektron import Spektron  # noqa: E402
from spektron.ml.model.weights import save_model  # noqa: E402

ENCODER = {"size": "tiny", "width": 32, "layers": 1, "axis": {"points": 256}, "stride": 16}
SETTINGS = {
    "model": {
        "encoder": ENCODER, "width": 32, "layers": 1, "heads": 4, "dropout": 0.0, "longest": 24,
        "radial": 16,
    },
    "training": {
        "steps": 6, "batch": 4, "warmup": 2, "device": "cpu", "precision": "fp32",
        "log_every": 1, "checkpoint_every": 3,
    },
}  # fmt: skip
KNOWN = ["CCO", "COC", "CC(=O)N", "C1CC1", "N#CC", "c1ccccc1"]


def config(loss=None, **training):
    given = {**SETTINGS, "training": SETTINGS["training"] | training, "loss": loss or {}}
    return InverseConfig.from_mapping(given)


@pytest.fixture(scope="module")
def table(symmetry_rich):
    """Molecules of the symmetry-rich set with up to five heavy atoms, and some with NMR shifts."""
    whole = symmetry_rich
    small = np.flatnonzero(whole.numbers["n_atoms"] <= 11)[:24]
    shifted = np.flatnonzero(np.diff(whole.shifts["computed"][0].offsets) > 0)
    light = shifted[whole.numbers["n_atoms"][shifted] <= 15][:6]
    return whole.take(np.unique(np.concatenate([small, light])))


@pytest.fixture(scope="module")
def split(table):
    rows = np.arange(len(table))
    return split_of(table, {"train": rows[:20], "valid": rows[20:]}, ())


def untrained(known=KNOWN, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        shape = config().model
        model = new_model(shape, Vocabulary.of(known))
        for parameter in model.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
    return model.eval()


def samples(n=3, seed=0):
    rng = np.random.default_rng(seed)
    return make_inputs(
        rng.random((n, 2, 256)).astype(np.float32),
        carbon=[rng.uniform(0, 200, 2) for _ in range(n)],
        proton=[rng.uniform(0, 10, 4) for _ in range(n)],
        formulas=[Formula.parse("C2H6O")] * n,
        elements=Vocabulary.of(KNOWN).elements,
    )


def logits(model, inputs, prefixes):
    with torch.no_grad():
        return model.decode(model.encode(inputs), torch.tensor(prefixes)).numpy()


# ---- what the network sees ----


def test_later_tokens_do_not_matter():
    model, inputs = untrained(), samples(1)
    rng = np.random.default_rng(0)
    prefix = rng.integers(3, len(model.vocabulary), (1, 9))
    whole = logits(model, inputs, prefix)
    for place in range(8):
        other = prefix.copy()
        other[:, place + 1 :] = rng.integers(0, len(model.vocabulary), (1, 8 - place))
        changed = logits(model, inputs, other)
        np.testing.assert_allclose(changed[:, : place + 1], whole[:, : place + 1], atol=1e-5)
        assert np.abs(changed - whole).max() > 1e-3
        short = logits(model, inputs, prefix[:, : place + 1])
        np.testing.assert_allclose(short, whole[:, : place + 1], atol=1e-5)


def test_many_strings_of_few_spectra_are_decoded_at_once():
    """Once projected, the memory gives what the decoder says string by string."""
    model, inputs = untrained(), samples(4)
    inputs = replace(inputs, present=inputs.present.copy())
    inputs.present[1, :2] = False
    inputs.present[3, 2:] = False
    owners = np.array([0, 0, 0, 1, 3, 3])
    prefixes = np.random.default_rng(2).integers(3, len(model.vocabulary), (6, 7))
    with torch.no_grad():
        memory = projected(model, model.encode(inputs))
        found = decode(model, memory, prefixes, owners)[0].numpy()
    for string, owner in enumerate(owners):
        whole = logits(model, inputs.take([owner]), prefixes[[string]])[0]
        np.testing.assert_allclose(found[string], whole, atol=1e-5)
    assert np.abs(found[0] - logits(model, inputs.take([1]), prefixes[[0]])[0]).max() > 1e-3


def test_a_growing_string_is_read_once():
    """A token more, of strings in another order and some twice, as read from the beginning."""
    model, inputs = untrained(), samples(2)
    draw = np.random.default_rng(3)
    prefixes, owners = np.ones((2, 1), dtype=np.int64), np.array([0, 1])
    with torch.no_grad():
        memory = projected(model, model.encode(inputs))
        step = Reader(model, memory)
        for length in range(1, 9):
            found = np.exp(step(prefixes, owners))
            whole = decode(model, memory, prefixes, owners)[0][:, -1]
            np.testing.assert_allclose(found, torch.softmax(whole, dim=1).numpy(), atol=1e-6)
            parents = np.sort(draw.integers(len(prefixes), size=5 + length))
            tokens = draw.integers(3, len(model.vocabulary), (len(parents), 1))
            chosen = [parents[owners[parents] == k][::-1] for k in (0, 1)]
            parents = np.concatenate(chosen)
            prefixes = np.concatenate([prefixes[parents], tokens], axis=1)
            owners = owners[parents]


def test_a_sample_without_spectra_needs_no_encoder():
    """Alone it is what it is beside one that has them."""
    model, inputs = untrained(), samples(2)
    bare = inputs.take([0]).only(["13C", "1H", "formula"])
    both = joined_inputs([bare, inputs.take([1])])
    prefixes = [[1, 5, 6]]
    alone = logits(model, bare, prefixes)
    np.testing.assert_allclose(logits(model, both, prefixes * 2)[:1], alone, atol=1e-5)
    assert model.encode(bare).tokens.shape[1] < model.encode(both).tokens.shape[1]


@pytest.mark.parametrize("place", range(5))
def test_a_missing_modality_is_a_blank_one(place):
    """Whatever stands where something is marked as missing has no influence."""
    model, inputs = untrained(), samples()
    gone = inputs.present.copy()
    gone[:, place] = False
    other = samples(seed=1)
    fields = {
        0: {"spectra": np.stack([other.spectra[:, 0], inputs.spectra[:, 1]], axis=1)},
        1: {"spectra": np.stack([inputs.spectra[:, 0], other.spectra[:, 1]], axis=1)},
        2: {"carbon": other.carbon},
        3: {"proton": other.proton},
        4: {"formula": other.formula + 1},
    }[place]
    prefix = [[1, 5, 6]] * 3
    blank = logits(model, inputs.keep(gone), prefix)
    filled = logits(model, replace(inputs, present=gone, **fields), prefix)
    np.testing.assert_array_equal(filled, blank)
    there = logits(model, inputs, prefix)
    assert np.abs(there - blank).max() > 1e-4
    shown = logits(model, replace(inputs, **fields), prefix)
    assert np.abs(shown - there).max() > 1e-4


def test_samples_do_not_see_each_other():
    model, prefix = untrained(), [[1, 5, 6]]
    few = samples(1).only(["ir", "13C"])
    together = logits(model, joined_inputs([few, samples(2, seed=4)]), prefix * 3)
    np.testing.assert_allclose(together[:1], logits(model, few, prefix), atol=1e-5)


def test_the_order_of_peaks_does_not_matter():
    model, inputs = untrained(), samples(1)
    turned = replace(inputs, carbon=inputs.carbon[:, ::-1].copy())
    prefix = [[1, 5]]
    np.testing.assert_allclose(
        logits(model, turned, prefix), logits(model, inputs, prefix), atol=1e-5
    )


def test_nmr_alone_is_enough():
    model = untrained()
    only = samples().only(["13C"])
    assert np.isfinite(logits(model, only, [[1]] * 3)).all()
    nothing = samples().keep(np.zeros((3, 5), dtype=bool))
    assert np.isfinite(logits(model, nothing, [[1]] * 3)).all()


# ---- candidates ----


def test_a_log_probability_is_the_sum_of_its_steps():
    model, inputs = untrained(), samples(1)
    found = log_probabilities(model, inputs, [*KNOWN, "CCBr", "C" * 40])
    assert np.isneginf(found[-2:]).all()
    for text, value in zip(KNOWN, found, strict=False):
        tokens, total = [1], 0.0
        for token in model.vocabulary.encode(text):
            last = logits(model, inputs, [tokens])[0, -1].astype(float)
            total += last[token] - np.log(np.exp(last).sum())
            tokens.append(token)
        assert tokens[-1] == END
        assert value == pytest.approx(total, abs=1e-4)
    with pytest.raises(SpectraError, match="give one"):
        log_probabilities(model, samples(2), KNOWN)


def test_no_candidate_violates_its_formula():
    model = untrained()
    formulas = [Formula.parse("C2H6O"), Formula.parse("C2H3N"), None]
    found = propose(model, samples(), formulas, width=30)
    for each, formula in zip(found, formulas, strict=True):
        assert each.strings >= each.valid >= each.fitting >= len(each.candidates)
        for candidate in each.candidates:
            from spektron.ml.inverse.formulas import formula_of

            assert canonical(candidate.smiles) == candidate.smiles
            if formula is not None:
                assert formula_of(candidate.smiles) == formula
        assert len({c.smiles for c in each.candidates}) == len(each.candidates)
        logs = [c.log_probability for c in each.candidates]
        assert logs == sorted(logs, reverse=True)
    assert found[2].candidates
    with pytest.raises(SpectraError, match="Br, which this model has not learnt"):
        propose(model, samples(1), [Formula.parse("C2H5Br")])


def test_the_library_adds_what_the_beam_missed():
    model, inputs = untrained(), samples(1)
    found = Found((Candidate("CCO", -3.0),), 1, 1, 1)
    more = with_library(model, inputs, found, ["CCO", "COC", "CCO"])
    origins = {c.smiles: c.origin for c in more.candidates}
    assert origins == {"CCO": "both", "COC": "library"}
    logs = [c.log_probability for c in more.candidates]
    assert logs == sorted(logs, reverse=True)


def test_ions_and_radicals_are_no_candidates():
    """They are molecules to RDKit, and nothing is predicted for them."""
    model = untrained(["C[O-]", "C[NH3+]", "[CH3]", "CO"])
    found = propose(model, samples(1).only(["ir"]), width=200)[0]
    assert found.valid > found.fitting
    assert found.candidates
    assert all(is_neutral(c.smiles) for c in found.candidates)


# ---- files ----


def test_a_model_survives_its_file(tmp_path):
    model, inputs = untrained(), samples()
    save_inverse(tmp_path / "m.safetensors", model, {"note": 1})
    again, card = load_inverse(tmp_path / "m.safetensors")
    assert card == {"note": 1}
    assert again.config == model.config
    np.testing.assert_array_equal(
        logits(again, inputs, [[1, 4]] * 3), logits(model, inputs, [[1, 4]] * 3)
    )
    (tmp_path / "bad.safetensors").write_bytes(b"\x80\x04pickle....")
    with pytest.raises(CheckpointError, match="pickle"):
        load_inverse(tmp_path / "bad.safetensors")


def test_an_encoder_is_taken_over(tmp_path):
    shape = PretrainConfig.from_mapping({"model": ENCODER}).model
    pretrained = Spektron(shape)
    save_model(tmp_path / "s.safetensors", pretrained)
    model = untrained()
    warm_start(model, tmp_path / "s.safetensors")
    for own, other in (
        (model.encoder, pretrained.encoder),
        (model.tokenizer, pretrained.tokenizer),
    ):
        for a, b in zip(own.parameters(), other.parameters(), strict=True):
            assert torch.equal(a, b)
    save_model(tmp_path / "wide.safetensors", Spektron(replace(shape, layers=2)))
    with pytest.raises(CheckpointError, match=r"layers = 2, the model to train 1"):
        warm_start(model, tmp_path / "wide.safetensors")
    with pytest.raises(CheckpointError, match="holds model, not inverse"):
        load_inverse(tmp_path / "s.safetensors")


# ---- settings and data ----


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model": {"width": 30}}, "no multiple of 4 heads"),
        ({"model": {"layers": 0}}, "give 1 or more"),
        ({"model": {"encoder": {"channels": 1}}}, "give 2 channels"),
        ({"modalities": ["formula"]}, "at least one of ir"),
        ({"modalities": ["ir", "ir"]}, "name each once"),
        ({"modalities": ["uv"]}, "choose ir"),
        ({"loss": {"missing": 1.0}}, "give less"),
        ({"loss": {"randomised": 2.0}}, "give 0 to 1"),
        ({"loss": {"smothing": 0.1}}, "did you mean smoothing"),
        ({"data": {"content": "ir"}}, "leave it at both"),
    ],
)
def test_settings_that_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        InverseConfig.from_mapping(values)


def test_the_corpus_takes_what_can_be_learnt(table):
    made = corpus(table, config())
    for row in made.usable:
        assert made.smiles[row] == canonical(table.texts["smiles"][row])
    rows = made.usable
    inputs = made.inputs(rows, ("C", "H", "O", "N"))
    assert inputs.present[:, 4].all()
    has = np.diff(table.shifts["computed"][0].offsets)[rows] > 0
    np.testing.assert_array_equal(inputs.present[:, 2] | inputs.present[:, 3], has)
    short = replace(config(), model=replace(config().model, longest=8))
    assert len(corpus(table, short).usable) < len(rows)
    with pytest.raises(SpectraError, match="none of"):
        corpus(table, replace(short, model=replace(short.model, longest=1)))
    infrared = replace(config(), modalities=("ir",))
    seen = corpus(table, infrared).inputs(rows[:2], ("C", "H", "O", "N"))
    assert not seen.present[:, 1:].any()


def test_a_set_of_shifts_can_be_learnt_from():
    from spektron.ml.datasets.shifts import Shifts
    from spektron.ml.forward import shift_set
    from spektron.pointgroup import Molecule

    rows = []
    for smiles in ("CCO", "CC=O"):
        molecule = Molecule.from_smiles(smiles)
        carbons = np.flatnonzero(molecule.atomic_numbers == 6).astype(np.int16)
        found = Shifts(carbons, np.array([20.0, 60.0], dtype=np.float32))
        rows.append((molecule, smiles, found))
    made = corpus(shift_table(shift_set(rows)), config())
    assert [made.smiles[k] for k in made.usable] == ["CCO", "CC=O"]
    inputs = made.inputs(made.usable, ("C", "H", "O"))
    assert inputs.present.tolist() == [[False, False, True, False, True]] * 2
    np.testing.assert_allclose(inputs.carbon, [[20.0, 60.0]] * 2)


# ---- runs ----


def test_a_handful_is_learnt_by_heart(table, tmp_path):
    made = corpus(table, config())
    first = {}
    for row in made.usable:  # one row for each molecule
        first.setdefault(made.smiles[row], int(row))
    rows = np.array(sorted(first.values()))
    parts = split_of(table, {"train": rows[:6], "valid": rows[6:10]}, ())
    asked = config(
        {"missing": 0.2, "simulate": False, "randomised": 0.3}, steps=260, batch=6,
        learning_rate=3e-3, checkpoint_every=1000, weight_decay=0.0, warmup=10,
    )  # fmt: skip
    tokens = Vocabulary.of(made.smiles[row] for row in made.usable).tokens
    asked = replace(asked, model=replace(asked.model, vocabulary=tokens))
    done = train_inverse(asked, table, tmp_path / "run", split=parts)
    model, card = load_inverse(done.model)
    assert card["data"]["molecules"] == done.molecules == 6
    for given in (("ir", "raman", "13C", "1H", "formula"), ("ir", "raman"), ("raman",)):
        outcomes = evaluate_inverse(model, made, rows[:6], Condition(given), width=5)
        figures = summary(outcomes, frozenset(made.smiles[r] for r in rows[:6]))
        assert figures["top-1"] == 1
        assert figures["formula match"] == figures["valid answers"] == 1
        assert 0 <= figures["novelty"] < 1
        if "formula" in given:
            assert all(a.formula == outcomes[k].answers[0].formula
                       for k in range(6) for a in outcomes[k].answers)  # fmt: skip
    strange = evaluate_inverse(model, made, rows[6:10], Condition(("ir", "raman")), width=5)
    assert summary(strange)["top-1"] < 1
    sizes = by_size(outcomes)
    assert sum(part["molecules"] for part in sizes.values()) == 6
    library = library_of(table, rows)
    looked_up = baseline_places(library, model, made, rows, Condition(("ir", "raman")))
    assert hits_of(looked_up)["top-1"] == 1
    # The spectrum of the molecule itself is as consistent as the steps of 14 cm⁻¹ let it be.
    one = made.inputs(rows[:1], model.vocabulary.elements)
    found = elucidate(
        model, one, made.formulas[rows[0]], predictors=Predictors(table_predictor(table)), width=5
    )
    assert found.answers[0].smiles == made.smiles[rows[0]]
    assert found.answers[0].consistency > 0.97
    assert found.verdict == "not calibrated"
    assert found.top == ""


def test_a_killed_run_goes_on_exactly(table, split, tmp_path):
    asked = config()
    whole = train_inverse(asked, table, tmp_path / "whole", split=split)

    class Killed(Exception):
        pass

    def kill(progress):
        if progress.step == 5:
            raise Killed

    with pytest.raises(Killed):
        train_inverse(asked, table, tmp_path / "cut", split=split, progress=kill)
    again = train_inverse(asked, table, tmp_path / "cut", split=split)
    assert again.metrics == whole.metrics
    a, b = (load_inverse(run.model)[0].state_dict() for run in (whole, again))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert read_metrics(tmp_path / "cut" / "metrics.jsonl") == read_metrics(
        tmp_path / "whole" / "metrics.jsonl"
    )
    with pytest.raises(CheckpointError, match=r"training\.seed"):
        train_inverse(config(seed=1), table, tmp_path / "cut", split=split)
    about = json.loads((tmp_path / "whole" / "run.json").read_text())
    assert about["data"]["split"] == split.sha256
    model, _ = load_inverse(whole.model)
    shown = [evaluate_inverse(model, corpus(table, asked), split["valid"], Condition(
        ("ir", "raman"), instruments), width=3) for _, instruments in drifts(
        InstrumentDistribution(), factors=(0.0, 4.0))]  # fmt: skip
    assert len(shown) == 4
    assert len({len(each) for each in shown}) == 1


def test_a_model_is_calibrated_and_measured(table, tmp_path):
    """Everything in one call, on a split that the settings make; the files are read again."""
    asked = config(steps=3)
    asked = replace(asked, data=replace(asked.data, train=0.5, valid=0.25, test=0.25))
    done = train_inverse(asked, table, tmp_path / "run")
    seen = []
    found = assess_inverse(
        tmp_path / "run", table, predictors=Predictors(table_predictor(table)), width=4, most=6,
        given=(("ir",), ("ir", "raman", "formula")), factors=(2.0,),
        progress=lambda *each: seen.append(each),
    )  # fmt: skip
    assert set(found.figures) == {"ir", "ir + raman + formula", "baseline × 2", "noise × 2"}
    written = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert written["figures"].keys() == found.figures.keys()
    for name in ("ir", "ir + raman + formula"):
        figures = found.figures[name]["all"]
        assert 0 <= figures["top-1"] <= figures["top-3"] <= figures["top-10"] <= 1
        # Molecules with tokens that the training part lacks are not asked.
        assert 0 < figures["molecules"] <= min(6, len(done.split["test"]))
        # The library holds the asked molecules, which the model has not seen.
        assert found.figures[name]["look-up"]["top-10"] > 0.5
    # Nothing is right after three steps: there is nothing to calibrate with.
    assert found.calibration is None
    assert "right and wrong answers" in found.reason
    assert not (tmp_path / "run" / "calibration.json").exists()
    assert found.failures == ()
    assert seen[-1][1] == seen[-1][2]
    with pytest.raises(CheckpointError, match="another table or split"):
        assess_inverse(tmp_path / "run", table.take(np.arange(len(table) - 1)))


def test_the_most_confident_wrong_answers_are_kept(table, tmp_path, monkeypatch):
    """Answers by hand: the first is right, the others are wrong, the last has none."""
    made = Calibration((1.0,) * 5, (0.0,) * 5, 0.0, (0.0,) * 5, 0.5, 30)
    monkeypatch.setattr("spektron.ml.inverse.assessment.calibrate", lambda *_, **__: made)

    def answered(model, made, rows, condition, **_):
        def outcome(k, said, confidence):
            fits = Match(0.5)
            answer = Answer(said, Formula.parse("C2H6O"), -1, fits, -1, confidence, "decoder")
            answers, found = (answer,) if said else (), Found((), 1, 1, 1)
            given = np.ones(5, dtype=bool)
            return Outcome(int(rows[0]), "C" * (k + 1), found, answers, confidence, given)

        sure = [0.9, 0.2, 0.8, 0.6, 0.7, 0.0]
        texts = ["C", "CCO", "COC", "CCN", "CC", ""]
        return [outcome(k, *each) for k, each in enumerate(zip(texts, sure, strict=True))]

    monkeypatch.setattr("spektron.ml.inverse.assessment.evaluate_inverse", answered)
    asked = config(steps=3)
    asked = replace(asked, data=replace(asked.data, train=0.5, valid=0.25, test=0.25))
    train_inverse(asked, table, tmp_path / "run")
    found = assess_inverse(tmp_path / "run", table, most=6, given=(("ir",),), factors=())
    kept = [(each.truth, each.answer, each.confidence) for each in found.failures]
    points = found.figures["ir"]["silences"]
    assert [p["coverage"] for p in points] == pytest.approx([k / 6 for k in range(1, 6)])
    # Of six, the surest is right; at least half are three, two of them wrong.
    assert (points[0]["hallucination"], points[2]["hallucination"]) == (0.0, pytest.approx(2 / 6))
    assert points[2]["risk"] == pytest.approx(2 / 3)
    # Where there is no candidate nothing is invented, and no coverage is reached.
    assert points[-1]["hallucination"] == pytest.approx(4 / 6)
    assert points[-1]["risk"] == pytest.approx(4 / 5)
    whole = found.figures["ir"]["all"]
    assert whole["answered"] == pytest.approx(5 / 6)
    assert whole["confident"] == pytest.approx(4 / 6)
    assert whole["risk of the confident"] == pytest.approx(3 / 4)
    assert kept == [("CCC", "COC", 0.8), ("CCCCC", "CC", 0.7), ("CCCC", "CCN", 0.6)]
    written = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert written["failures"][0] == {
        "condition": "ir", "row": found.failures[0].row,
        "truth": "CCC", "answer": "COC", "confidence": 0.8,
    }  # fmt: skip


def test_the_default_split_does_not_leak(table):
    parts = split_for(table, replace(config().data, train=0.7, valid=0.3, test=0.0))
    for relation in ("inchikey", "scaffold"):
        labels = np.array(related(table, relation))
        train, valid = (set(labels[parts[name]]) - {""} for name in ("train", "valid"))
        assert not train & valid


def test_what_cannot_be_trained_is_refused(table, split, tmp_path):
    with pytest.raises(ConfigError, match=r"training\.batch = 64"):
        train_inverse(config(batch=64), table, tmp_path / "a", split=split)
    both = split_of(table, {"train": range(8), "valid": range(7, 12)}, ())
    with pytest.raises(LeakError, match="molecule 7"):
        train_inverse(config(), table, tmp_path / "b", split=both)
    narrow = replace(config(), model=replace(config().model, vocabulary=("<pad>", "<begin>",
                     "<end>", "C")))  # fmt: skip
    with pytest.raises(SpectraError, match="not in the vocabulary of this model"):
        train_inverse(narrow, table, tmp_path / "c", split=split)
    assert not list(tmp_path.iterdir())


def test_the_batch_of_a_step_is_its_own(table, split):
    from spektron.ml.inverse.corpus import vocabulary_of
    from spektron.ml.inverse.objective import InverseObjective

    asked = config({"randomised": 1.0})
    made = corpus(table, asked)
    rows = np.intersect1d(split["train"], made.usable)
    model = new_model(asked.model, vocabulary_of(made, rows))
    objective = InverseObjective(model, asked, made, rows, rows, ())
    one, two = objective.batch(3), objective.batch(3)
    np.testing.assert_array_equal(one.after, two.after)
    np.testing.assert_array_equal(one.inputs.spectra, two.inputs.spectra)
    texts = [model.vocabulary.decode(tokens) for tokens in one.after]
    assert {canonical(text) for text in texts} <= set(made.smiles)
    np.testing.assert_array_equal(string_arrays(model, texts)[0], one.before)
    assert InverseModelConfig().longest == 72
