"""docs/symmetry-limit.md says what docs/data/fusion holds."""

import json
import statistics

import numpy as np
import pytest
from spektron.ml.stratified import match, subjects_of_table
from spektron.ml.study.design import strata_of
from spektron.ml.training.sources import TableSource


@pytest.fixture
def module(example):
    return example("fusion_page")


def test_the_page_is_written_from_the_results(module, tmp_path, monkeypatch):
    kept = module.PAGE.read_text(encoding="utf-8")
    monkeypatch.setattr(module, "PAGE", tmp_path / "page.md")
    module.main()
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == kept
    assert "{" not in kept


def test_words_of_the_page_are_those_of_the_results(module):
    """What is written by hand above the tables, against the numbers."""
    found = json.loads((module.DATA / "results.json").read_text(encoding="utf-8"))
    readers = json.loads((module.DATA / "readers.json").read_text(encoding="utf-8"))
    words = " ".join(module.PAGE.read_text(encoding="utf-8").split("## What was done")[0].split())
    sides = [f for f in found["exploratory"] if f["about"].startswith("the gain itself")]
    for f, name in zip(sides, ("with a centre", "without"), strict=True):
        assert module.points(f["value"]) == "−3.7"
        limits = f"{name} {module.points(f['low'])} to {module.points(f['high'])}"
        assert limits in words
    (h1,) = (v for v in found["verdicts"] if v["name"] == "H1")
    assert (h1["answer"], h1["size"]) == ("open", "none of practical size")
    for name in ("H4", "H5"):
        (v,) = (v for v in found["verdicts"] if v["name"] == name)
        assert v["answer"] == "the reverse"
        assert -0.01 < v["value"] < 0
    h6 = [v for v in found["verdicts"] if v["name"] == "H6"]
    assert [v["answer"] for v in h6] == ["open", "the reverse"]
    assert [round(v["value"], 2) for v in h6] == [-0.01, -0.07]
    scores = {(m["task"], m["method"], m["given"], m["noise"]): m["value"] for m in found["means"]}

    def network(task, given, noise):
        return f"{100 * scores[task, 'model', given, noise]:.0f}"

    assert network("identification", "both", 1.0) == "57"
    assert network("identification", "ir twice", 1.0) == "64"
    assert (network("library", "ir twice", 0.1), network("library", "both", 0.1)) == ("91", "95")
    shares = [f"{100 * readers[name]['means']['both'][2]:.0f} %" for name in module.READERS]
    assert shares == ["79 %", "84 %"]
    assert all(share in words for share in shares)
    for name in module.READERS:
        (c,) = (c for c in readers[name]["contrasts"] if c["noise"] == 1.0)
        assert module.points(c["value"]) in words
    assert f"{100 * found['nearest']['primary']['value']:.0f}" == "7"
    assert f"{100 * found['ideal']['primary']['value']:.1f}" == "0.4"


def test_why_functional_groups_are_missed(module, symmetry_rich):
    """Words below the learning curve."""
    curve = json.loads((module.DATA / "curve.json").read_text(encoding="utf-8"))
    text = " ".join(module.PAGE.read_text(encoding="utf-8").split())
    small, *_, whole, longer = curve["points"]
    assert (small["molecules"], longer["steps"]) == (1000, 4 * whole["steps"])
    assert round(100 * (whole["macro-F1"][0] - small["macro-F1"][0])) == 6
    assert f"{np.log10(curve['molecules for the goal']):.0f}" == "16"
    gained = [100 * (longer[name][0] - whole[name][0]) for name in ("identification", "macro-F1")]
    assert all(0.5 < gain < 2 for gain in gained)
    kinds = [module.kind_of(name) for name in whole["F1"]]
    assert [kinds.count(kind) for kind in module.KINDS] == [7, 3, 13]
    skeleton = [
        statistics.fmean(v[0] for n, v in p["F1"].items() if module.kind_of(n) == module.KINDS[0])
        for p in curve["points"]
    ]
    assert {f"{value:.1f}" for value in skeleton} == {"0.2"}
    found = json.loads((module.DATA / "results.json").read_text(encoding="utf-8"))
    (each,) = (g["each"] for g in found["groups"] if (g["given"], g["noise"]) == ("both", 0.1))
    assert [f"{each[name]:.1f}" for name in ("aldehyde", "nitrile")] == ["0.9", "0.9"]

    from spektron.ml.study import read_config
    from spektron.ml.study.design import design

    config = read_config(module.ROOT / "ml" / "studies" / "fusion.toml")
    whole = design(symmetry_rich, config)
    rings = whole.groups[:, whole.names.index("benzene ring")]
    most = max(whole.folds, key=lambda fold: rings[fold.test].sum())
    assert f"{rings[most.test].sum()} molecules with a benzene ring" in text
    assert f"asked about, {rings[most.split['train']].sum()} are there" in text


def test_scaffolds_do_not_follow_the_spectra(module):
    found = json.loads((module.DATA / "results.json").read_text(encoding="utf-8"))
    sides = [
        {row["scaffold"]: row["value"] for row in found[name]["by_scaffold"]}
        for name in ("evaluation", "ideal")
    ]
    pairs = [[side[name] for name in sorted(sides[0])] for side in sides]
    assert f"{statistics.correlation(*pairs):.2f}".replace("-", "−") == "−0.13"
    assert "correlation −0.13" in module.PAGE.read_text(encoding="utf-8")


def test_what_the_page_says_of_the_set(module, symmetry_rich):
    """Norms, shares and correlations that are not in the results."""
    from spektron.ml.study import read_config

    config = read_config(module.ROOT / "ml" / "studies" / "fusion.toml")
    tested = {name for fold in config.folds for name in fold}
    rows = np.concatenate(list(strata_of(symmetry_rich).values()))
    subjects = subjects_of_table(symmetry_rich, rows)
    both = {s.stratum for s in subjects if s.centrosymmetric}
    both &= {s.stratum for s in subjects if not s.centrosymmetric}
    keep = [k for k, s in enumerate(subjects) if s.stratum in both and s.scaffold in tested]
    rows, subjects = rows[keep], [subjects[k] for k in keep]
    text = " ".join(module.PAGE.read_text(encoding="utf-8").split())
    assert f"{len(rows):,} molecules in {len({s.stratum for s in subjects}):,}" in text

    axis = config.pretrain.model.axis
    library = TableSource(symmetry_rich, axis, config.pretrain.data).clean(rows)
    norms = (library.astype(float) ** 2).sum(axis=2)
    smaller = -match(subjects).contrasts(norms).mean(axis=0) / norms.mean(axis=0)
    assert [f"{100 * share:.0f} %" for share in smaller] == ["23 %", "17 %"]
    assert "squared norm 23 % smaller than that of their isomers in the infrared, 17 %" in text

    lines, strengths = symmetry_rich.strengths(rows)
    outside = ((lines.values < axis.low) | (lines.values > axis.high)).mean()
    assert f"{100 * outside:.0f} % lie outside" in text
    weak = []
    for kind in (0, 1):
        each = [
            strengths[start:end, kind]
            for start, end in zip(lines.offsets[:-1], lines.offsets[1:], strict=True)
        ]
        allowed = np.concatenate([v[v > 0] / v.max() for v in each])
        weak.append(f"{100 * (allowed < 0.01).mean():.0f} %")
    assert f"{weak[0]} in the infrared and {weak[1]} in Raman" in text

    hidden = [s for s in subjects if s.R < 1]
    assert f"H7 rests on {len(hidden)} molecules" in text
    modes = np.diff(lines.offsets)
    shown = [s.n_lines("both") for s in subjects]
    assert f"{np.corrcoef(shown, modes)[0, 1]:.2f}" == "0.99"
