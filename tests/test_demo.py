"""The demonstration prints the right table and draws its figure."""

import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[1] / "examples" / "demo.py"

# Theory sheet, section 1: molecule, group, then N_vib, IR, Raman, both, silent, R.
ROWS = """
water C2v 3 3 3 3 0 1
ammonia C3v 6 6 6 6 0 1
CO2 D∞h 4 3 1 0 0 1
acetylene D∞h 7 3 4 0 0 1
ethylene D2h 12 5 6 0 1 11/12
methane Td 9 6 9 6 0 1
CF4 Td 9 6 9 6 0 1
BF3 D3h 6 5 5 4 0 1
PF5 D3h 12 8 10 6 0 1
allene D2d 15 11 15 11 0 1
XeF4 D4h 9 5 3 0 1 8/9
SF6 Oh 15 6 6 0 3 4/5
ethane D3d 18 8 9 0 1 17/18
benzene D6h 30 7 12 0 11 19/30
cyclohexane D3d 48 21 22 0 5 43/48
C(CN)4 Td 21 12 18 12 3 6/7
neopentane Td 45 21 32 21 13 32/45
adamantane Td 72 33 50 33 22 25/36
cubane Oh 42 9 18 0 15 9/14
ferrocene D5d 57 16 26 0 15 14/19
ferrocene* D5h 57 16 26 0 15 14/19
B12H12(2−) Ih 66 9 22 0 35 31/66
C60 Ih 174 12 42 0 120 9/29
""".strip().splitlines()


def demo(folder, *arguments):
    command = [sys.executable, DEMO, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    outcome = demo(folder)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    return folder, outcome.stdout


def test_table(done):
    lines = [line.split() for line in done[1].splitlines()]
    shown = {line[0]: line for line in lines if len(line) > 8}
    for row in ROWS:
        name, group, *numbers = row.split()
        assert shown[name][1] == group
        assert shown[name][-7:-1] == numbers
    assert max(map(len, done[1].splitlines())) <= 100


def test_printed_values_stand_beside(done):
    lines = done[1].splitlines()
    below = {
        line.split()[0]: [" ".join(lines[k + j].split()) for j in range(1, 5) if k + j < len(lines)]
        for k, line in enumerate(lines)
        if line[:1].isalpha()
    }
    assert "the essay: 13 ✗ 10 ✗ 0.67 ✗" in below["benzene"]
    assert "its QM9 census: 0.50 ✗" in below["benzene"]
    assert "the essay: 3 ✗ 6 ✗ 0.60 ✗" in below["SF6"]
    assert "the essay: 24 ✗ 17 ✗ 0.70 ✗" in below["ferrocene"]
    assert below["methane"][0] == "its QM9 census: 0.60 ✗"
    assert below["ammonia"][0] == "its QM9 census: 0.75 ✗"
    assert "its QM9 census: 0.45 ✗" in below["cubane"]


def test_figure(done):
    folder, out = done
    figure = folder / "completeness.png"
    assert out.endswith("figure: completeness.png\n")
    assert list(folder.iterdir()) == [figure]
    data = figure.read_bytes()
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert data.endswith(b"IEND\xaeB`\x82")
    assert 1200 < width < 2400
    assert 1000 < height < 2400
    assert 20_000 < len(data) < 1_000_000


def test_figure_elsewhere(tmp_path):
    assert demo(tmp_path, "elsewhere.svg").returncode == 0
    assert (tmp_path / "elsewhere.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_figure_that_cannot_be_written(tmp_path):
    outcome = demo(tmp_path, "no/such/folder.png")
    assert outcome.returncode == 2
    assert outcome.stderr.count("\n") == 1
    assert "no/such/folder.png" in outcome.stderr
    assert list(tmp_path.iterdir()) == []
