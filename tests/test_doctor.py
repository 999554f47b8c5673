"""The command ``doctor``, and the completion of commands by shells."""

import configparser
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import numpy
import pytest
from spektron.cli import doctor
from spektron.cli.main import main

CHECKOUT = Path(__file__).resolve().parents[1]
FOR_DEVELOPERS = {"all", "bench", "docs", "lint", "test"}
COMMAND = [sys.executable, "-m", "spektron.cli.main"]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("COLUMNS", "FORCE_COLOR", "SPEKTRON_DATA", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ask(capsys):
    """What ``spektron doctor`` prints; it must succeed and complain of nothing."""

    def call(*arguments):
        assert main(["doctor", *arguments]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return json.loads(out) if "--json" in arguments else out

    return call


def declared():
    """Base packages and extras of setup.cfg, names without [options] and comments."""
    config = configparser.ConfigParser()
    config.read(CHECKOUT / "setup.cfg", encoding="utf-8")

    def names(text):
        lines = [line.strip() for line in text.splitlines()]
        return {re.split(r"[\[<>=~!; ]", x)[0] for x in lines if x and not x.startswith("#")}

    extras = {k: names(v) for k, v in config["options.extras_require"].items()}
    return names(config["options"]["install_requires"]), extras


def fake_program(folder, body):
    """A folder with an executable nvidia-smi."""
    script = folder / "nvidia-smi"
    script.write_text(f"#!{sys.executable}\n{body}\n", encoding="utf-8")
    script.chmod(0o755)
    return str(folder)


# ---- packages ----


def test_packages_are_those_of_the_installation():
    base, extras = declared()
    assert set(doctor.BASE) == base
    told = {name: set(members) for name, (_, members) in doctor.EXTRAS.items()}
    assert told == {k: v for k, v in extras.items() if k not in FOR_DEVELOPERS}


def test_versions(ask):
    found = {p["name"]: p for p in ask("--json")["packages"]}
    assert found["numpy"]["version"] == numpy.__version__
    assert found["numpy"]["extras"] == []
    assert set(found["pyarrow"]["extras"]) == {"data", "ml"}
    for name, package in found.items():
        try:
            assert package["version"] == importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            assert package["version"] is None


def test_what_is_missing(ask, monkeypatch):
    real = doctor.version_of
    lost = {"tblite", "cclib", "ase"}
    monkeypatch.setattr(doctor, "version_of", lambda name: None if name in lost else real(name))
    extras = {e["name"]: e for e in ask("--json")["extras"]}
    assert {"tblite", "cclib"} <= set(extras["dft"]["missing"])
    assert extras["dft"]["install"] == 'pip install "spektron[dft]"'
    assert "ase" in extras["interop"]["missing"]
    page = ask()
    assert re.search(r"tblite +– +dft +GFN2-xTB", page)
    assert 'pip install "spektron[dft]"' in page
    assert 'pip install "spektron[interop]"' in page


def test_a_broken_base(ask, monkeypatch):
    real = doctor.version_of
    monkeypatch.setattr(doctor, "version_of", lambda n: None if n == "sympy" else real(n))
    first = ask("--json")["extras"][0]
    assert (first["missing"], first["install"]) == (["sympy"], "pip install spektron")


def test_nothing_missing(ask, monkeypatch):
    monkeypatch.setattr(doctor, "version_of", lambda name: "1.0")
    assert "Nothing is missing." in ask()
    assert all(e["missing"] == [] for e in ask("--json")["extras"])


def test_nothing_heavy_is_imported(tmp_path):
    code = (
        "import sys; from spektron.cli.main import main; code = main(['doctor', '--json']); "
        "heavy = ('torch', 'pyscf', 'rdkit', 'matplotlib', 'sympy', 'scipy', 'sklearn', 'pyarrow', "
        "'ase', 'pymatgen', 'dask'); "
        "print(code, [m for m in heavy if m in sys.modules], file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert run.stderr.strip() == "0 []"


# ---- the machine ----


def test_machine(ask):
    found = ask("--json")
    major, minor = sys.version_info[:2]
    assert found["python"].startswith(f"{major}.{minor}.")
    assert 1 <= found["cores"]["usable"] <= found["cores"]["total"] == os.cpu_count()
    spec = importlib.util.find_spec("spektron.pointgroup.detection._kernels")
    assert found["kernels"] == (spec is not None)


def test_threads(ask, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert ask("--json")["cores"]["threads"]["OMP_NUM_THREADS"] == "3"
    assert "OMP_NUM_THREADS=3" in ask()


def test_kernels_are_told_apart(ask, monkeypatch):
    from spektron.pointgroup.detection import kernels

    monkeypatch.setattr(kernels, "compiled", None)
    assert ask("--json")["kernels"] is False
    assert "C compiler" in ask()
    monkeypatch.setattr(kernels, "compiled", object())
    assert re.search(r"^kernels +compiled$", ask(), re.MULTILINE)


def test_gpus(ask, monkeypatch, tmp_path):
    # What nvidia-smi prints for this query (its own manual); a name may hold a comma.
    body = "print('NVIDIA H200, 143771, 570.86.15\\nQuadro, old, 8192, 570.86.15\\nOdd, [N/A], 1')"
    monkeypatch.setenv("PATH", fake_program(tmp_path, body))
    found = ask("--json")["gpus"]
    assert found == {
        "devices": [
            {"name": "NVIDIA H200", "memory_MiB": 143771, "driver": "570.86.15"},
            {"name": "Quadro, old", "memory_MiB": 8192, "driver": "570.86.15"},
            {"name": "Odd", "memory_MiB": None, "driver": "1"},
        ],
        "problem": None,
    }
    assert "NVIDIA H200 (140 GiB); Quadro, old (8 GiB); Odd" in ask()


def test_question_to_nvidia_smi(ask, monkeypatch, tmp_path):
    body = (
        "import sys\n"
        "assert sys.argv[1:] == ['--query-gpu=name,memory.total,driver_version', "
        "'--format=csv,noheader,nounits']\n"
        "print('A, 1024, 2')"
    )
    monkeypatch.setenv("PATH", fake_program(tmp_path, body))
    assert [d["name"] for d in ask("--json")["gpus"]["devices"]] == ["A"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("print('Driver/library mismatch\\nmore'); raise SystemExit(18)", "mismatch"),
        ("raise SystemExit(9)", "exit 9"),
        ("import time; time.sleep(60)", "no answer"),
    ],
)
def test_gpus_that_cannot_be_listed(ask, monkeypatch, tmp_path, body, problem):
    monkeypatch.setenv("PATH", fake_program(tmp_path, body))
    monkeypatch.setattr(doctor, "_PATIENCE", 0.5 if "sleep" in body else 30.0)
    found = ask("--json")["gpus"]
    assert found["devices"] == []
    assert problem in found["problem"]
    assert "\n" not in found["problem"]
    assert problem in " ".join(ask().split())


def test_no_driver(ask, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask("--json")["gpus"]["problem"] == "no nvidia-smi, so no NVIDIA driver"


def torch_like(*, cuda, devices):
    """What `doctor` asks of torch, with the answers of a machine."""
    there = types.SimpleNamespace(
        is_available=lambda: bool(devices),
        device_count=lambda: len(devices),
        get_device_name=devices.__getitem__,
    )
    mps = types.SimpleNamespace(is_available=lambda: False)
    return types.SimpleNamespace(
        version=types.SimpleNamespace(cuda=cuda),
        cuda=there,
        backends=types.SimpleNamespace(mps=mps),
    )


def test_torch_is_asked(ask, monkeypatch):
    assert ask("--json")["torch"] is None
    monkeypatch.setitem(sys.modules, "torch", torch_like(cuda="12.6", devices=["A", "B"]))
    found = ask("--json", "--torch")["torch"]
    assert (found["cuda"], found["devices"], found["problem"]) == ("12.6", ["A", "B"], None)
    assert "built for CUDA 12.6; uses A, B" in ask("--torch")
    monkeypatch.setitem(sys.modules, "torch", torch_like(cuda=None, devices=[]))
    assert "built without CUDA; uses the processor" in ask("--torch")


def test_torch_that_is_not_there(ask, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # makes its import fail
    assert "torch" in ask("--json", "--torch")["torch"]["problem"]
    assert "cannot be imported" in ask("--torch")


def test_data(ask, monkeypatch, tmp_path):
    assert ask("--json")["data"] == {"path": None, "found": False, "folders": []}
    (tmp_path / "spectra").mkdir()
    (tmp_path / "geometries").mkdir()
    (tmp_path / "file").touch()
    monkeypatch.setenv("SPEKTRON_DATA", str(tmp_path))
    assert ask("--json")["data"] == {
        "path": str(tmp_path),
        "found": True,
        "folders": ["geometries", "spectra"],
    }
    monkeypatch.setenv("SPEKTRON_DATA", str(tmp_path / "file"))
    assert ask("--json")["data"]["found"] is False
    assert "no folder that can be read" in " ".join(ask().split())


def test_options_are_checked(capsys):
    assert main(["doctor", "--gpu"]) == 2
    assert "--gpu" in capsys.readouterr().err


# ---- completion ----


def complete(shell, words, tmp_path):
    """Names that the command proposes for the last of the words, as each shell asks."""
    line, fields = " ".join(words), {"_SPEKTRON_COMPLETE": f"complete_{shell}"}
    if shell == "bash":
        fields |= {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    else:
        fields |= {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    run = subprocess.run(
        COMMAND, cwd=tmp_path, env=os.environ | fields, capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stderr) == (0, "")
    if shell == "zsh":  # pairs of "name":"help" in one call of _arguments
        return re.findall(r'"([^"\n]+)":"', run.stdout)
    return [each.split("\t")[0] for each in run.stdout.splitlines()]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell, tmp_path):
    assert complete(shell, ["spektron", "sy"], tmp_path) == ["symmetry"]
    assert "--tolerance" in complete(shell, ["spektron", "symmetry", "--to"], tmp_path)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell, tmp_path):
    fields = os.environ | {"_SPEKTRON_COMPLETE": f"source_{shell}"}
    run = subprocess.run(COMMAND, cwd=tmp_path, env=fields, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert f"complete_{shell}" in run.stdout
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed: its script is only looked at")
    check = subprocess.run([shell, "-n"], input=run.stdout, capture_output=True, text=True)
    assert (check.returncode, check.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_completion_in_bash(tmp_path):
    here = tmp_path / "spektron"
    here.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m spektron.cli.main "$@"\n')
    here.chmod(0o755)
    script = (
        'eval "$(_SPEKTRON_COMPLETE=source_bash spektron)"; '
        "COMP_WORDS=(spektron ta); COMP_CWORD=1; _spektron_completion spektron; "
        'echo "${COMPREPLY[*]}"; complete -p spektron'
    )
    fields = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    run = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=fields, capture_output=True, text=True, timeout=60
    )
    answer, registered = run.stdout.splitlines()
    assert answer == "table"
    assert registered.endswith("-F _spektron_completion spektron")
