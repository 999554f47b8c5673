"""docs/symmetry-limit.md says what docs/data/fusion holds."""

import json

import pytest


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
