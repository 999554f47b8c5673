"""What fine-tuning is shown: whose spectra they are, their parts, their unit, their channels."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spektron.ml.errors import LeakError, SpectraError
from spektron.ml.model.config import ModelConfig
from spektron.ml.model.errors import CheckpointError, ConfigError
from spektron.ml.splits import Split
from spektron.ml.training import Curves, FinetuneConfig
from spektron.ml.training.config import DataConfig
from spektron.ml.training.inputs import check_labels, on_axis
from spektron.ml.training.parts import check_scored, parts_of_curves

TWO = ModelConfig.from_mapping(
    {"size": "tiny", "axis": {"points": 256}, "stride": 16, "width": 32, "layers": 1}
)
ONE = replace(TWO, channels=1)
AXIS = np.linspace(300, 3700, 341)
RNG = np.random.default_rng(7)
N = 30
CURVES = np.exp(-(((AXIS - RNG.uniform(700, 3000, (N, 1))) / 40) ** 2))
OTHER = np.exp(-(((AXIS - RNG.uniform(700, 3000, (N, 1))) / 40) ** 2))
VALUES = RNG.normal(size=N)
TUNE = FinetuneConfig.from_mapping(
    {"simulate": False, "training": {"steps": 2, "batch": 8, "device": "cpu"}}
)


@pytest.fixture
def torch():
    found = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    threads = found.get_num_threads()
    found.set_num_threads(1)
    yield found
    found.set_num_threads(threads)


def one_line(error):
    return "\n" not in str(error.value)


# ---- parts ----


def test_replicates_are_in_one_part():
    """Groups of unequal size, and samples that stand alone."""
    groups = tuple(f"g{k % 7 * (k % 3)}" for k in range(60)) + ("",) * 40
    split = parts_of_curves(100, groups, None, DataConfig())
    owner = {}
    for part, rows in split.parts.items():
        for row in rows:
            assert owner.setdefault(groups[row] or row, part) == part
    rows = np.concatenate(list(split.parts.values()))
    assert sorted(rows.tolist()) == list(range(100))
    assert 60 <= len(split["train"]) <= 95
    alone = [sum(not groups[k] for k in part) for part in split.parts.values()]
    assert min(alone[:2]) > 0  # an empty text is no group


def test_shares_are_kept():
    split = parts_of_curves(200, (), None, DataConfig(train=0.6, valid=0.4, test=0.0))
    assert {name: len(rows) for name, rows in split.parts.items()} == {"train": 120, "valid": 80}
    with pytest.raises(ConfigError, match=r"add up to 1"):
        DataConfig(train=0.3, valid=0.1, test=0.1)
    with pytest.raises(SpectraError, match="no part 'valid'"):
        parts_of_curves(200, (), None, DataConfig(train=0.9, valid=0.0, test=0.1))


@pytest.mark.parametrize(
    ("groups", "parts", "kind", "message"),
    [
        ((), {"train": [0, 1, 2], "valid": [2, 3]}, LeakError, "sample 2 is in the parts train"),
        ((), {"train": [0], "valid": [1], "test": [1]}, LeakError, "the parts valid and test"),
        ("aabb", {"train": [0], "valid": [1, 2]}, LeakError, "group 'a' is in the parts"),
        ((), {"train": [0, 1], "valid": [4]}, SpectraError, "has sample 4, there are 4"),
        ((), {"train": [-1, 1], "valid": [2]}, SpectraError, "has sample -1, there are 4"),
        ((), {"train": [0], "valid": [1], "test": [9]}, SpectraError, "part test has sample 9"),
        ((), {"train": [0, 1], "valid": []}, SpectraError, "part valid of the split is empty"),
        ("abc", None, SpectraError, "3 groups for 4 spectra"),
        ("aaaa", None, SpectraError, "the part valid of 4 samples in 1 groups is empty"),
    ],
)
def test_parts_that_cannot_be(groups, parts, kind, message):
    rows = parts and {name: np.array(part, dtype=np.int64) for name, part in parts.items()}
    with pytest.raises(kind, match=message) as error:
        parts_of_curves(4, tuple(groups), rows and Split(rows, (), 0, "x"), DataConfig())
    assert one_line(error)


def test_r2_needs_two_samples_and_two_values():
    labels = check_labels([1.0, 2.0, 2.0, 3.0], 4, "regression")
    check_scored(labels, np.array([0, 1]), "regression")
    for rows, message in (([3], "1 sample in the part valid"), ([1, 2], "target 0 is the same")):
        with pytest.raises(SpectraError, match=message) as error:
            check_scored(labels, np.array(rows), "regression")
        assert one_line(error)
        check_scored(check_labels(list("abcd"), 4, "classification"), np.array(rows), "multilabel")


def test_finetuning_refuses_what_leaks(torch, tmp_path):
    rows = {"train": np.arange(20), "valid": np.arange(10, 30)}
    data = Curves(CURVES, AXIS)
    with pytest.raises(LeakError, match="sample 10 is in the parts train and valid"):
        finetune(TUNE, TWO, data, VALUES, tmp_path / "f", split=Split(rows, (), 0, "x"))
    few = Curves(CURVES[:8], AXIS)
    with pytest.raises(SpectraError, match="1 sample in the part valid, R2 needs two"):
        finetune(TUNE, TWO, few, VALUES[:8], tmp_path / "f")
    assert not (tmp_path / "f").exists()


def finetune(*arguments, **options):
    from spektron.ml.training import finetune as call

    return call(*arguments, **options)


# ---- identity ----


def table_of(spectra_seed):
    from spektron.ml.table import sticks_table

    rng = np.random.default_rng(spectra_seed)
    lines = [np.sort(rng.uniform(400, 3000, 6)) for _ in range(N)]
    strengths = [rng.exponential(20, 6) for _ in range(N)]
    keys = [f"{k:A>14}-UHFFFAOYSA-N" for k in range(N)]
    names = [f"m{k}" for k in range(N)]
    return sticks_table(names, lines, strengths, strengths, inchikeys=keys)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Curves(CURVES, AXIS), Curves(OTHER, AXIS)),
        (Curves(CURVES, AXIS), Curves(CURVES, AXIS + 5)),
        (table_of(0), table_of(1)),
        (table_of(0).take(np.arange(N)), table_of(0).take(np.arange(N)[::-1])),
    ],
    ids=["spectra", "axis", "lines", "rows"],
)
def test_other_spectra_are_another_run(torch, tmp_path, first, second):
    rows = {"train": np.arange(20), "valid": np.arange(20, N)}
    split = Split(rows, (), 0, "x")
    finetune(TUNE, TWO, first, VALUES, tmp_path, split=split)
    before = (tmp_path / "model.safetensors").read_bytes()
    with pytest.raises(CheckpointError, match="holds a run with spectra = ") as error:
        finetune(TUNE, TWO, second, VALUES, tmp_path, split=split)
    assert one_line(error)
    assert (tmp_path / "model.safetensors").read_bytes() == before
    finetune(TUNE, TWO, first, VALUES, tmp_path, split=split)  # the same ones go on


# ---- how curves look ----


def test_a_table_is_shown_as_it_was_trained_on(torch, tmp_path):
    """Width, shape and content of the settings, for a pretrained and a fine-tuned model."""
    from spektron.ml.model.weights import load_model
    from spektron.ml.training import PretrainConfig, embed, predict, pretrain
    from spektron.ml.training.evaluation import latents
    from spektron.ml.training.finetuning import outputs
    from spektron.ml.training.sources import TableSource

    table = table_of(3)
    data = DataConfig(fwhm=60.0, shape="gaussian", content="raman", relations=("inchikey",))
    training = replace(TUNE.training, batch=4)
    config = PretrainConfig.from_mapping({"loss": {"sinkhorn": 0.0}})
    config = replace(config, model=replace(TWO, instruments=3), data=data, training=training)
    base = pretrain(config, table, tmp_path / "base").model
    tune = replace(TUNE, data=replace(data, fwhm=90.0, valid=0.2, test=0.0))
    tuned = finetune(tune, base, table, VALUES, tmp_path / "tuned").model
    for path, look in ((base, data), (tuned, tune.data)):
        model, _ = load_model(path)
        seen = TableSource(table, TWO.axis, look).clean(np.arange(N))
        plain = TableSource(table, TWO.axis, DataConfig()).clean(np.arange(N))
        chem = embed(path, table).chem
        np.testing.assert_allclose(chem, latents(model, seen)[0], atol=1e-5)
        assert np.abs(chem - latents(model, plain)[0]).max() > 1e-2
        both = TableSource(table, TWO.axis, replace(look, content="both")).clean(np.arange(N))
        asked = embed(path, table, content="both").chem
        np.testing.assert_allclose(asked, latents(model, both)[0], atol=1e-5)
    np.testing.assert_allclose(predict(tuned, table).values, outputs(model, seen), atol=1e-5)


def test_curves_keep_their_content_and_labels_their_names(torch, tmp_path):
    from spektron.ml.training import embed, predict

    rows = {"train": np.arange(20), "valid": np.arange(20, N)}
    both = np.stack([VALUES, VALUES**2], axis=1)
    names = ("moisture", "protein")
    data = Curves(CURVES, AXIS, "raman")
    options = {"split": Split(rows, (), 0, "x")}
    trained = finetune(TUNE, TWO, data, both, tmp_path / "f", label_names=names, **options)
    assert predict(trained.model, CURVES, AXIS).classes == names
    given, said = (embed(trained.model, CURVES, AXIS, content=c).chem for c in (None, "raman"))
    assert np.array_equal(given, said)
    for wrong in (("moisture",), ("moisture", "moisture")):
        with pytest.raises(SpectraError, match=r"for labels of 2 column\(s\)"):
            finetune(TUNE, TWO, data, both, tmp_path / "g", label_names=wrong, **options)


# ---- unit ----


def bands(axis, n=3):
    return np.exp(-(((axis - np.linspace(700, 2300, n)[:, None]) / 40) ** 2))


NANOMETRES = [
    np.arange(400, 2500, 2.0),  # Foss, NIRSystems
    np.arange(350, 2501, 1.0),  # ASD
    np.arange(400, 2499.6, 0.5),
]
MID_INFRARED = [
    np.arange(400, 4001, 2.0),
    np.arange(400, 4000.5, 0.5),
    np.arange(650, 3601, 4.0),
    400 + 1.928 * np.arange(1100),  # cut at 2519; the steps are those of an interferometer
    np.arange(200, 2401, 1.0),  # starts where no detector for the visible does
]


@pytest.mark.parametrize("axis", NANOMETRES, ids=len)
def test_an_axis_that_may_be_in_nanometres(axis):
    with pytest.raises(SpectraError, match=r"may be in nm; .* or say unit cm-1") as error:
        on_axis(bands(axis), axis, TWO, content="ir")
    assert one_line(error)
    said = on_axis(bands(axis), axis, TWO, content="ir", unit="cm-1")
    assert np.array_equal(said[:, 0], on_axis(bands(axis), axis, ONE, content="raman")[:, 0])


@pytest.mark.parametrize("axis", MID_INFRARED, ids=len)
def test_mid_infrared_needs_no_unit(axis):
    assert on_axis(bands(axis), axis, TWO, content="ir")[:, 0].max() == pytest.approx(1)


# ---- transmittance ----


def absorbance(seed=0):
    """Bands between 0.05 and 1.2 on a small baseline, with noise."""
    rng = np.random.default_rng(seed)
    places, heights = rng.uniform(600, 3600, (12, 1)), rng.uniform(0.05, 1.2, (12, 1))
    curve = 0.02 + (heights * np.exp(-(((AXIS - places) / 20) ** 2))).sum(axis=0)
    return curve + rng.normal(0, 1e-3, len(AXIS))


@pytest.mark.parametrize("seed", range(5))
def test_per_cent_transmittance_is_refused(seed):
    spectra = np.stack([absorbance(seed), 100 * 10 ** -absorbance(seed)])
    with pytest.raises(SpectraError, match=r"1 of 2 .* sample 1 .* 2 - log10\(T\)") as error:
        on_axis(spectra, AXIS, TWO, content="ir")
    assert one_line(error)
    back = np.stack([spectra[0], 2 - np.log10(spectra[1])])
    found = on_axis(back, AXIS, TWO, content="ir")
    np.testing.assert_allclose(found[1], found[0], atol=1e-5)


@pytest.mark.parametrize(
    "curve",
    [
        absorbance(),
        80 * absorbance(),  # any scale
        60 + 5 * absorbance(),  # on a large offset bands still point up
        1 + 0.1 * absorbance(),
        np.gradient(np.gradient(absorbance())) * 1e4,
        absorbance() + 1.5 * (AXIS / 3700) ** 4,  # scattering
        (absorbance() - absorbance().mean()) / absorbance().std(),
        30 * (absorbance() + 0.3 * AXIS[::-1] / 3700),
    ],
)
def test_absorbance_is_taken(curve):
    on_axis(curve[None], AXIS, TWO, content="ir")


def test_fluorescence_is_no_transmittance():
    """A Raman spectrum may lie under a broad background with narrow dips."""
    curve = 100 * 10 ** -absorbance()
    on_axis(curve[None], AXIS, TWO, content="raman")
    on_axis(np.stack([absorbance(), curve])[None], AXIS, TWO)
    with pytest.raises(SpectraError, match="transmittance"):
        on_axis(np.stack([curve, absorbance()])[None], AXIS, TWO)


# ---- channels ----


def test_a_channel_that_the_content_leaves_out():
    pair = np.stack([CURVES, OTHER], axis=1)
    for content, kind in {
        "ir": "infrared",
        "raman": "Raman",
        "ir twice": "infrared",
        "raman twice": "Raman",
    }.items():
        message = f"two channels for the content '{content}'; give {kind} alone"
        with pytest.raises(SpectraError, match=message) as error:
            on_axis(pair, AXIS, TWO, content=content)
        assert one_line(error)
    blank = np.stack([CURVES, 0 * CURVES], axis=1)
    alone = on_axis(CURVES, AXIS, TWO, content="ir")
    assert np.array_equal(on_axis(blank, AXIS, TWO, content="ir"), alone)
    assert not alone[:, 1].any()
    twice = on_axis(CURVES, AXIS, TWO, content="raman twice")
    assert np.array_equal(twice[:, 0], alone[:, 0])
    assert np.array_equal(twice[:, 1], alone[:, 0])
    with pytest.raises(SpectraError, match="'both' needs two channels, the model has one"):
        on_axis(CURVES, AXIS, ONE, content="both")
    with pytest.raises(SpectraError, match="content 'uv'"):
        on_axis(CURVES, AXIS, TWO, content="uv")


# ---- the command ----


def write(path, spectra, axis=AXIS, names=None, **columns):
    heads = ["name", *columns, *(f"{x:.6g}" for x in axis)]
    names = names or [f"s{k}" for k in range(len(spectra))]
    lines = [",".join(heads)]
    for k, row in enumerate(spectra):
        cells = [names[k], *(str(v[k]) for v in columns.values()), *(f"{y:.5f}" for y in row)]
        lines.append(",".join(cells))
    Path(path).write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def run(torch, capsys, monkeypatch, tmp_path):
    """Run the command in this process: exit code, standard output, standard error."""
    from spektron.cli.main import main

    monkeypatch.delenv("SPEKTRON_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def base(torch, tmp_path):
    """Checkpoints of untrained models with two channels and one."""
    from spektron.ml.model.settings import to_mapping
    from spektron.ml.model.spektron import Spektron
    from spektron.ml.model.weights import save_model

    places = []
    for shape, content in ((TWO, "both"), (ONE, "ir")):
        data = DataConfig(content=content, fwhm=25.0)
        places.append(tmp_path / f"{shape.channels}.safetensors")
        card = {"settings": {"data": to_mapping(data), "training": {}}}
        save_model(places[-1], Spektron(shape), card)
    return places


def refused(outcome, *texts):
    code, out, err = outcome
    assert (code, out) == (2, ""), err
    assert err.count("\n") == 1
    for text in texts:
        assert text in err


def test_replicates_and_other_spectra_on_the_command_line(run, base, monkeypatch):
    """Rows of one name, or of one entry of --group, are in one part; new spectra are refused."""
    from spektron.ml.training import api

    seen = []

    def kept(*arguments):
        seen.append(parts_of_curves(*arguments))
        return seen[-1]

    monkeypatch.setattr(api, "parts_of_curves", kept)
    names = [f"specimen {k // 3}" for k in range(N)]
    lots = np.arange(N) % 6
    write("d.csv", CURVES, names=names, y=VALUES, lot=lots)
    Path("c.toml").write_text("[data]\ntrain = 0.7\nvalid = 0.3\ntest = 0.0\n")
    command = ["finetune", base[0], "d.csv", "--label", "y", "--content", "ir", "--steps", "2",
               "--config", "c.toml"]  # fmt: skip
    for labels, options in ((names, ()), (lots, ("--group", "lot"))):
        code, _, err = run(*command, "--out", f"f{len(seen)}", *options)
        assert code == 0, err
        train, valid = ({labels[k] for k in seen[-1][part]} for part in ("train", "valid"))
        assert train
        assert valid
        assert not train & valid
    write("d.csv", OTHER, names=names, y=VALUES, lot=lots)
    refused(run(*command, "--out", "f0"), "f0: holds a run with spectra = ", "another folder")


def test_precedence(run, base):
    write("d.csv", CURVES, y=np.arange(N) % 2)
    Path("c.toml").write_text(
        'task = "regression"\n[data]\ncontent = "raman"\nfwhm = 40.0\n'
        "train = 0.7\nvalid = 0.3\ntest = 0.0\n[training]\nsteps = 3\nbatch = 8\n"
    )

    def settings(*options):
        folder = f"f{len(list(Path().glob('f*')))}"
        command = ["finetune", base[0], "d.csv", "--label", "y", *options]
        code, _, err = run(*command, "--out", folder, "--steps", "2")
        assert code == 0, err
        lines = (Path(folder) / "config.toml").read_text().splitlines()
        found = dict(line.split(" = ", 1) for line in lines if " = " in line)
        return [found[name] for name in ("task", "content", "fwhm", "steps")]

    config = ("--config", "c.toml")
    assert settings("--content", "ir") == ['"regression"', '"ir"', "25.0", "2"]
    assert settings(*config) == ['"regression"', '"raman"', "40.0", "2"]
    options = (*config, "--task", "classification", "--content", "ir")
    assert settings(*options) == ['"classification"', '"ir"', "40.0", "2"]


def test_what_cannot_be_honoured_is_refused(run, base):
    two, one = base
    write("d.csv", CURVES, y=VALUES)
    write("e.csv", OTHER)

    def finetune(text, *options, model=two):
        Path("c.toml").write_text(text)
        command = ["finetune", model, "d.csv", "--label", "y", "--config", "c.toml", *options]
        return run(*command, "--out", "f")

    refused(finetune("training = 3\n", "--steps", "2"), "training is 3; give a table of settings")
    refused(finetune("training = 3\n"), "training is 3; give a table of settings")
    refused(finetune("data = 3\n"), "data is 3; give a table of settings")
    refused(finetune('[data]\ncontent = "both"\n', model=one), "'both' needs two channels")
    refused(finetune("[data]\ncontent = 3\n"), "content 3 of the channels; choose")
    refused(finetune("[data]\ntrain = 0.3\n"), "add up to 1")
    refused(finetune("", "--label", "y"), "label 'y' is given twice")
    refused(finetune("", "--group", "lot"), "no column 'lot'")
    pair = ("embed", two, "d.csv", "e.csv", "--out", "z.npz")
    refused(run(*pair, "--content", "ir"), "two channels for the content 'ir'")
    axis = NANOMETRES[0]
    write("n.csv", bands(axis), axis)
    command = ("embed", two, "n.csv", "--content", "ir", "--out", "z.npz")
    refused(run(*command), "may be in nm")
    assert not Path("f").exists()
    assert not Path("z.npz").exists()
    assert run(*command, "--unit", "cm-1")[0] == 0


def test_labels_are_named_in_the_csv(run, base):
    write("d.csv", CURVES, moisture=VALUES, protein=VALUES**2)
    Path("c.toml").write_text("[data]\ntrain = 0.7\nvalid = 0.3\ntest = 0.0\n")
    command = ["finetune", base[0], "d.csv", "--label", "moisture", "--label", "protein"]
    code, _, err = run(*command, "--content", "ir", "--steps", "2", "--config", "c.toml",
                       "--out", "f")  # fmt: skip
    assert code == 0, err
    assert run("embed", "f", "d.csv", "--out", "p.csv")[0] == 0  # the content is that of the run
    head = Path("p.csv").read_text().splitlines()[0].split(",")
    assert head[-2:] == ["prediction moisture", "prediction protein"]
