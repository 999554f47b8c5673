"""``spektron pretrain``, ``finetune`` and ``embed``: from a file to a file, and what is refused."""

import csv
import itertools
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from spektron.cli.main import main
from spektron.ml.datasets.columns import KIND
from spektron.ml.datasets.parquet import read_table, write_table
from spektron.ml.model import packaged

COMMITTED = sorted(
    (Path(__file__).resolve().parents[1] / "docs/data/symmetry-rich").glob("*.parquet")
)
CONFIG = """
[model]
size = "tiny"
axis = {points = 256}
stride = 16
width = 32
layers = 1
instruments = 3

[data]
fwhm = 30.0
relations = ["inchikey"]

[training]
steps = 12
batch = 8
warmup = 2
checkpoint_every = 4
device = "cpu"

[loss]
erase = 4
"""
AXIS = np.linspace(300, 3700, 341)


@pytest.fixture(scope="module")
def torch():
    found = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    pytest.importorskip("geomloss")
    threads = found.get_num_threads()
    found.set_num_threads(1)
    yield found
    found.set_num_threads(threads)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder with two exported files of 40 molecules each."""
    pytest.importorskip("pyarrow")
    folder = tmp_path_factory.mktemp("data")
    table, note = read_table(COMMITTED[0], KIND)
    spectra = [k for k, failure in enumerate(table["failure"].to_pylist()) if not failure]
    for k in range(2):
        rows = spectra[k::50][:40]
        write_table(folder / f"part-{k}.parquet", table.take(rows), KIND, note)
    return folder


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path):
    for name in ("COLUMNS", "FORCE_COLOR", "SPEKTRON_DEBUG", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("config.toml").write_text(CONFIG)


@pytest.fixture
def run(capsys):
    """Run the command in this process: exit code, standard output, standard error."""

    def call(*arguments):
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture(scope="module")
def trained(torch, data, tmp_path_factory):
    """The folder of a pretraining run."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "config.toml").write_text(CONFIG)
    assert (
        main(["pretrain", str(folder / "config.toml"), str(data), "--out", str(folder / "r")]) == 0
    )
    return folder / "r"


def assert_refused(outcome, *texts):
    """One line on standard error, nothing else, exit code 2."""
    code, out, err = outcome
    assert (code, out) == (2, "")
    assert re.fullmatch(r"spektron: [^\n]+\n", err), err
    for text in texts:
        assert text in err


def write_csv(path, spectra, axis=AXIS, **columns):
    """Spectra with names and further columns."""
    heads = ["name", *columns, *(f"{x:.6g}" for x in axis)]
    with Path(path).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heads)
        for k, row in enumerate(spectra):
            extra = [values[k] for values in columns.values()]
            writer.writerow([f"s{k}", *extra, *("" if np.isnan(y) else f"{y:.5f}" for y in row)])
    return Path(path)


def bands(n=24):
    """One band each, somewhere; and where it is."""
    places = np.linspace(700, 3000, n)
    return np.exp(-(((AXIS - places[:, None]) / 40) ** 2)), places


# ---- from a file to a file ----


def test_a_run_and_its_record(trained, data, run):
    """The same data as files instead of a folder are the same run; it is not trained again."""
    files = sorted(data.iterdir())
    code, out, err = run("pretrain", "config.toml", *files, "--out", trained, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["model"] == str(trained / "model.safetensors")
    assert found["bytes"] == (trained / "model.safetensors").stat().st_size
    assert found["data"]["molecules"] == 80
    assert {"valid/error", "valid/error of a line", "valid/recall", "erased"} <= set(
        found["metrics"]
    )
    code, out, _ = run("pretrain", "config.toml", data, "--out", trained)
    assert code == 0
    assert f"{found['parameters']:,}" in out
    lines = (trained / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines if '"loss"' in line] == [4, 8, 12]


def test_ctrl_c_keeps_what_is_done(torch, data, run, tmp_path):
    """Interrupted after a checkpoint, a run ends with the weights of an uninterrupted one."""
    from spektron.ml.model.weights import load_model

    text = CONFIG.replace("steps = 12", "steps = 120").replace("every = 4", "every = 20")
    Path("long.toml").write_text(text)
    program = "import sys, torch; torch.set_num_threads(1)\n" + (
        "from spektron.cli.main import main\nsys.exit(main(sys.argv[1:]))"
    )
    arguments = ["pretrain", "long.toml", str(data), "--out", "r"]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stderr=subprocess.PIPE, text=True
    )
    while not list(Path("r/checkpoints").glob("*[0-9]")) and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode == 130, said
    step = int(re.search(r"interrupted; r keeps step (\d+); the same command continues", said)[1])
    assert 20 <= step < 120
    assert run(*arguments)[0] == 0
    assert run(*arguments[:-1], "whole")[0] == 0
    models = [load_model(Path(name) / "model.safetensors")[0] for name in ("r", "whole")]
    pairs = zip(*(m.state_dict().values() for m in models), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_interrupted_before_its_first_checkpoint():
    from spektron.cli.runs import kept

    assert kept(Path("r")) == "r holds no checkpoint yet; the same command begins anew"


@pytest.mark.parametrize("suffix", ["npz", "parquet", "csv"])
def test_embedding_is_that_of_the_model(trained, data, run, suffix):
    """The means of z_chem of curves that are as wide as those of `CONFIG`."""
    from spektron.ml.model.weights import load_model
    from spektron.ml.table import read_spectra
    from spektron.ml.training.config import DataConfig
    from spektron.ml.training.evaluation import latents
    from spektron.ml.training.sources import TableSource

    model, _ = load_model(trained / "model.safetensors")

    def chem_of(**settings):
        source = TableSource(read_spectra(data), model.config.axis, DataConfig(**settings))
        return latents(model, source.clean(np.arange(80)))[0]

    wanted = chem_of(fwhm=30.0)
    assert np.abs(wanted - chem_of()).max() > 1e-3
    code, out, err = run("embed", trained, data, "--out", f"z.{suffix}", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["samples"], found["z_chem"], found["z_inst"]) == (80, 128, 64)
    assert found["card"]["data"]["molecules"] == 80
    names, chem, retrieval = read_embedding(Path(f"z.{suffix}"))
    assert names == list(read_spectra(data).texts["name"])
    assert np.allclose(chem, wanted, rtol=1e-5, atol=1e-5)
    assert np.allclose(np.linalg.norm(retrieval, axis=1), 1, atol=1e-4)
    assert [p.name for p in Path().iterdir() if p.suffix == ".part"] == []


def read_embedding(path):
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            return file["name"].tolist(), file["z_chem"], file["retrieval"]
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        arrays = [np.array(table[name].to_pylist()) for name in ("z_chem", "retrieval")]
        return table["name"].to_pylist(), *arrays
    with path.open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head[:4] == ["key", "name", "smiles", "z_chem 0"]
    numbers = np.array([row[3:] for row in rows], dtype=float)
    return [row[1] for row in rows], numbers[:, :128], numbers[:, -128:]


def test_spectra_of_ones_own(trained, run):
    """One csv: the other channel is blank; two: both are there."""
    spectra, _ = bands(5)
    ir, raman = write_csv("ir.csv", spectra), write_csv("raman.csv", spectra[::-1])
    chem = []
    for name, arguments in {
        "a": (ir, "--content", "ir"),
        "b": (raman, "--content", "raman"),
        "c": (ir, raman),
    }.items():
        assert run("embed", trained, *arguments, "--out", f"{name}.npz")[0] == 0
        with np.load(f"{name}.npz") as file:
            assert file["name"].tolist() == ["s0", "s1", "s2", "s3", "s4"]
            chem.append(file["z_chem"])
    assert all(np.abs(x - y).max() > 1e-4 for x, y in itertools.pairwise(chem))


def test_classes_of_a_data_set(trained, data, run):
    """From the checkpoint to predictions, through simulated instruments."""
    Path("fine.toml").write_text("[training]\nsteps = 5\nbatch = 8\n[data]\nrelations = []\n")
    code, out, err = run(
        "finetune", trained, data, "--label", "centrosymmetric", "--task", "classification",
        "--config", "fine.toml", "--out", "f", "--json",
    )  # fmt: skip
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert 0 <= found["metrics"]["valid/accuracy"] <= 1
    settings = (Path("f") / "config.toml").read_text()
    assert "fwhm = 30.0" in settings  # taken over from the checkpoint
    assert "simulate = true" in settings
    assert run("embed", "f", data, "--out", "p.npz")[0] == 0
    with np.load("p.npz") as file:
        assert file["prediction"].shape == (80, 2)
        assert np.allclose(file["prediction"].sum(axis=1), 1, atol=1e-5)
        assert len(file["classes"]) == 2


def test_a_number_of_ones_own(trained, run):
    spectra, places = bands()
    path = write_csv("ir.csv", spectra, place=[*places[:-2], "", "NA"])
    arguments = ["finetune", trained, path, "--label", "place", "--content", "ir", "--steps", "4"]
    assert_refused(run(*arguments, "--out", "f"), "2 of 24 samples have no label", "sample 22")
    for extra in ((), ("--frozen",), ("--scratch",)):
        folder = f"f{len(extra) and extra[0]}"
        code, _, err = run(*arguments, "--only-labelled", "--out", folder, *extra)
        assert (code, err) == (0, "spektron: 22 of 24 samples have a label\n")
        assert "simulate = false" in (Path(folder) / "config.toml").read_text()
    origins = {json.loads((Path(f) / "run.json").read_text())["data"]["from"]
               for f in ("f0", "f--frozen", "f--scratch")}  # fmt: skip
    assert len(origins) == 2
    assert "scratch" in origins


# ---- what is refused, before anything is trained or written ----


@pytest.mark.parametrize(
    ("change", "texts"),
    [
        (("steps = 12", "stepps = 12"), ["training.stepps: no such setting; did you mean steps?"]),
        (("steps = 12", "steps = 0"), ["training.steps = 0"]),
        (("batch = 8", "batch = 500"), ["training.batch = 500 for"]),
        (("fwhm = 30.0", "fwhm = 30.0\ntrain = 0.9\nvalid = 0.0"), ["no part 'valid'"]),
        (("size", "sise"), ["model.sise: no such setting"]),
        (("[model]", "model"), ["config.toml: no TOML"]),
    ],
)
def test_settings_that_cannot_be(torch, data, run, change, texts):
    Path("config.toml").write_text(CONFIG.replace(*change))
    assert_refused(run("pretrain", "config.toml", data, "--out", "r"), *texts)
    assert not Path("r").exists()


def test_a_gpu_that_is_not_there(torch, data, run):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    Path("config.toml").write_text(CONFIG.replace('"cpu"', '"cuda"'))
    refused = run("pretrain", "config.toml", data, "--out", "r")
    assert_refused(refused, "device cuda: no GPU to be seen")
    assert not Path("r").exists()


def test_data_that_cannot_be(trained, data, run):
    def pretrain(*files):
        return run("pretrain", "config.toml", *files, "--out", "r")

    one = next(data.iterdir())
    assert_refused(pretrain("none.parquet"), "none.parquet: no such file")
    assert_refused(pretrain(one, one), "is in the data twice")
    sheet = write_csv("ir.csv", bands()[0])
    assert_refused(pretrain(sheet), "pretraining broadens computed lines")
    assert_refused(pretrain(one, sheet), "1 of 2 files are CSV")
    Path("empty").mkdir()
    assert_refused(pretrain("empty"), "no parquet file in this folder")
    Path("bad.parquet").write_bytes(b"PAR1")
    assert_refused(pretrain("bad.parquet"), "no readable parquet file")
    assert_refused(run("pretrain", "none.toml", data, "--out", "r"), "none.toml: no such file")
    assert not Path("r").exists()


def test_spectra_that_cannot_be(trained, run):
    spectra, _ = bands(4)

    def embed(*files, options=("--content", "ir")):
        return run("embed", trained, *files, "--out", "z.npz", *options)

    gap = spectra.copy()
    gap[2, 7] = np.nan
    cases = {
        "do not ascend": write_csv("a.csv", spectra, AXIS[::-1]),
        "not uniform": write_csv("b.csv", spectra, AXIS**1.02),
        "1 values are not finite, the first in sample 2": write_csv("c.csv", gap),
        "is the axis in cm-1?": write_csv("d.csv", spectra, np.linspace(1100, 2460, 341)),
        "zero everywhere": write_csv("e.csv", 0 * spectra),
    }
    for text, path in cases.items():
        assert_refused(embed(path), text)
    good = write_csv("f.csv", spectra)
    assert_refused(embed(good, options=("--content", "ir", "--unit", "nm")), "axis in nm")
    assert_refused(embed(good, options=()), "1 channel(s) for a model with 2; give infrared and")
    assert_refused(embed(good, options=("--content", "uv")), "content 'uv'", "choose both")
    assert_refused(embed(good, good, good), "3 CSV files; give one, or infrared and Raman")
    assert_refused(embed(good, write_csv("g.csv", spectra[:3]), options=()), "3 samples that are")
    other = write_csv("h.csv", spectra, AXIS + 1)
    assert_refused(embed(good, other, options=()), "other wavenumbers than f.csv")
    lines = good.read_text().splitlines()
    Path("i.csv").write_text("\n".join([*lines[:3], lines[3] + ",1"]))
    assert_refused(embed("i.csv"), "i.csv: row 4 has 343 fields, the first has 342")
    Path("j.csv").write_text(good.read_text().replace("0.00000", "low", 1))
    assert_refused(embed("j.csv"), "'low' at wavenumber")
    Path("k.csv").write_text("name,colour\na,red\n")
    assert_refused(embed("k.csv"), "0 columns have a wavenumber as head")
    assert not Path("z.npz").exists()


def test_files_that_cannot_be_written(trained, data, run):
    assert_refused(run("embed", trained, data, "--out", "z.txt"), "unknown type of file")
    assert_refused(run("embed", trained, data, "--out", "no/z.npz"), "cannot be written")
    wrong = run("embed", trained, data, "--out", "z.npz", "--device", "tpu")
    assert_refused(wrong, "device 'tpu'")


def test_checkpoints_that_cannot_be(trained, data, run):
    def embed(checkpoint):
        return run("embed", checkpoint, data, "--out", "z.npz")

    Path("trap.safetensors").write_bytes(pickle.dumps({"a": 1}, protocol=4))
    assert_refused(embed("trap.safetensors"), "a pickle, which can run any program")
    with zipfile.ZipFile("m.safetensors", "w") as file:
        file.writestr("archive/data.pkl", b"")
    assert_refused(embed("m.safetensors"), "a pickle")
    whole = (trained / "model.safetensors").read_bytes()
    old = re.sub(rb'\\"version\\": \d', rb'\\"version\\": 1', whole)
    assert old != whole
    Path("old.safetensors").write_bytes(old)
    assert_refused(embed("old.safetensors"), "a checkpoint of version 1, this program reads 2")
    Path("half.safetensors").write_bytes(whole[: len(whole) // 2])
    assert_refused(embed("half.safetensors"), "half.safetensors")
    assert_refused(embed("spektron-tremendous"), "no such checkpoint")
    Path("unfinished").mkdir()
    assert_refused(embed("unfinished"), "no model.safetensors in this folder")


def test_labels_that_cannot_be(trained, data, run):
    def finetune(*labels, options=()):
        given = [word for label in labels for word in ("--label", label)]
        return run("finetune", trained, data, *given, "--out", "f", "--steps", "2", *options)

    assert_refused(finetune("colour"), "no column 'colour' in the table; it has n_atoms")
    assert_refused(finetune("multiplicity"), "is the same everywhere")
    assert_refused(finetune("n_ir", "group"), "label 'group' is text; give it alone")
    one_class = finetune("level")
    assert_refused(one_class, "all 80 samples are of the class")
    assert_refused(finetune("n_ir", options=("--task", "guess")), "task = 'guess'; choose")
    assert_refused(finetune("n_ir", options=("--task", "multilabel")), "must be 0 or 1")
    assert not Path("f").exists()


# ---- without torch, and what is shipped ----


def test_without_torch_the_extra_is_named(data, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    Path("m.safetensors").touch()
    wanted = ("this needs torch", 'not installed here: pip install "spektron[ml]"')
    assert_refused(run("pretrain", "config.toml", data, "--out", "r"), *wanted)
    assert_refused(run("embed", "m.safetensors", data, "--out", "z.npz"), *wanted)
    assert_refused(run("finetune", "m.safetensors", data, "--label", "n_ir", "--out", "f"), *wanted)


def test_shipped_checkpoints_are_found_by_name(tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setattr(packaged, "HOME", home)
    (home / "one").mkdir(parents=True)
    (home / "one" / "model.safetensors").touch()
    (home / "draft").mkdir()
    assert packaged.shipped() == ("one",)
    assert packaged.find_checkpoint("one") == home / "one" / "model.safetensors"
    with pytest.raises(packaged.CheckpointError, match=r"two: no such .* checkpoints are one"):
        packaged.find_checkpoint("two")


def test_help_comes_without_torch():
    """The commands are listed before anything heavy is imported."""
    text = "import sys; from spektron.cli import main; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], env=os.environ, check=False)
    assert done.returncode == 0
