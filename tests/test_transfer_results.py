"""docs/ten-samples.md: its tables are those of the stored results, its statements hold in them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from spektron.ml.benchmark import BASELINES, CATALOGUE
from spektron.ml.benchmark.statistics import median_interval

CHECKOUT = Path(__file__).resolve().parents[1]
FIGURES = CHECKOUT / "docs" / "figures"
PAGE = CHECKOUT / "docs" / "ten-samples.md"


@pytest.fixture(scope="module")
def script(example):
    """The script that made the results."""
    return example("corn_transfer")


def rows(name):
    with (FIGURES / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def splits():
    """R² at k = 10 by target and method, in the order of the seeds."""
    table = rows("transfer-report-splits.csv")
    return {
        target: {
            name: np.array([float(r[name]) for r in table if r["target"] == target])
            for name in table[0]
            if name not in ("target", "seed")
        }
        for target in ("mp5", "mp6")
    }


def test_the_report_is_on_the_seeds_that_were_kept_back():
    for target in ("mp5", "mp6"):
        seeds = [int(r["seed"]) for r in rows("transfer-report-splits.csv")
                 if r["target"] == target]  # fmt: skip
        assert seeds == list(range(1000, 1100))


def test_settings_are_those_of_the_report(script):
    """A change of a method makes the report void: it must be made again, on other seeds."""
    frozen = json.loads((FIGURES / "transfer-frozen.json").read_text(encoding="utf-8"))
    assert frozen == script.frozen()
    assert set(frozen) == {entry.name for entry in CATALOGUE}


def test_tables_of_the_page_are_those_of_the_results(script):
    page = PAGE.read_text(encoding="utf-8").splitlines()
    tables = script.report_table(rows("transfer-report.csv"))
    tables += script.overview_table(rows("transfer-benchmark.csv"), script.PUBLISHED)
    tables += script.overview_table(rows("transfer-tablets.csv"), script.PUBLISHED)
    tables += script.curve_table(rows("transfer-curve.csv"), rows("transfer-divided.csv"))
    tables += script.unlabelled_table(rows("transfer-report.csv"))
    tables += script.comparison_table(rows("transfer-report-comparisons.csv"))
    assert len(tables) > 40
    assert [line for line in tables if line not in page] == []


def test_the_earlier_table_is_reproduced():
    """The page's figures of ours are the stored ones, and near those of other code."""
    page = PAGE.read_text(encoding="utf-8").splitlines()
    stored = {
        (r["master"], r["target"], r["method"], r["k"]): r
        for r in rows("transfer-benchmark.csv")
        if r["property"] == "Moisture"
    }
    names = {
        "PDS ensemble": ("pds-ensemble", "10"),
        "joint PLS ensemble": ("joint-ensemble", "10"),
        "Tikhonov ensemble": ("tikhonov-ensemble", "10"),
        "joint PLS ensemble, k = 25": ("joint-ensemble", "25"),
        "all own labels": ("ceiling", ""),
    }
    pairs = (("m5", "mp5"), ("m5", "mp6"), ("mp5", "mp6"), ("mp6", "mp5"))
    within = 0
    for name, (method, k) in names.items():
        (line,) = [x for x in page if x.startswith(f"| {name} |") and " / " in x]
        cells = [tuple(map(float, c.split(" / "))) for c in line.strip("| ").split(" | ")[1:]]
        for pair, (earlier, ours) in zip(pairs, cells, strict=True):
            found = stored[(*pair, method, k)]
            assert ours == pytest.approx(float(found["r2"]), abs=6e-4)
            assert abs(earlier - ours) < 0.05
            within += float(found["r2_low"]) <= earlier <= float(found["r2_high"])
    assert f"{within} of the 20 earlier values" in PAGE.read_text(encoding="utf-8")


def test_medians_are_those_of_the_splits(splits):
    lines = [r for r in rows("transfer-report.csv") if r["k"] == "10"]
    assert len(lines) > 20
    for line in lines:
        found = median_interval(splits[line["target"]][line["method"]])
        stored = [float(line[key]) for key in ("r2", "r2_low", "r2_high")]
        np.testing.assert_allclose(found, stored, atol=2e-4)


@pytest.mark.parametrize("target", ["mp5", "mp6"])
def test_the_default_beats_every_single_published_baseline(splits, target):
    from scipy.stats import wilcoxon

    table = rows("transfer-report-comparisons.csv")
    for other in BASELINES:
        gain = splits[target]["default"] - splits[target][other]
        assert wilcoxon(gain).pvalue < 1e-6
        assert np.median(gain) > 0
        (row,) = (r for r in table if (r["target"], r["k"], r["second"]) == (target, "10", other))
        # The test of the stored comparison is on RMSEP and corrected for shared samples.
        assert float(row["ratio_high"]) < 1
        assert float(row["p_samples"]) < 0.01
        assert int(row["wins"]) == np.sum(gain > 0)


def test_the_ceiling_is_below_what_the_source_claims(splits):
    for target in ("mp5", "mp6"):
        assert np.median(splits[target]["ceiling"]) < 0.9
        assert np.mean(splits[target]["default"] > 0.952) < 0.05


def test_only_target_m5_is_trivial_and_only_for_moisture():
    for row in rows("transfer-benchmark.csv"):
        if row["method"] == "two-channels":
            trivial = (row["target"], row["property"]) == ("m5", "Moisture")
            assert (float(row["r2"]) > 0.99) == trivial


def test_figures_are_there():
    for name in ("transfer-moisture.png", "transfer-overview.png"):
        assert (FIGURES / name).read_bytes().startswith(b"\x89PNG")
        assert f"figures/{name}" in PAGE.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_part_of_the_report_is_reproduced(shared_data, tmp_path, script):
    """The default and PDS on the first splits of the report, from the data."""
    from dataclasses import replace

    from spektron.ml.benchmark import run_plan

    study = script.study_of("report", shared_data)
    plan = replace(
        script.plan_of("report", study), ks=(10,), seeds=(1000, 1001, 1002, 1003),
        methods=("default", "pds", "sbc"),
    )  # fmt: skip
    results = run_plan(study, plan, tmp_path, workers=1)
    stored = rows("transfer-report-splits.csv")
    for master, target in plan.pairs:
        for method in plan.methods:
            found = results.series(master, target, "Moisture", method, 10)
            for seed, outcome in found.items():
                (row,) = (r for r in stored if (r["target"], r["seed"]) == (target, str(seed)))
                assert outcome.merit.r2 == pytest.approx(float(row[method]), abs=2e-3)
