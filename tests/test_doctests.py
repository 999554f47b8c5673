"""Every example in a docstring, in README.md and in docs/ gives what it says."""

import doctest
import importlib
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
ROOMS = ("pointgroup", "vibration", "identifiability", "ml", "cli")
FILES = sorted(f.relative_to(CHECKOUT) for room in ROOMS for f in CHECKOUT.glob(f"{room}/**/*.py"))
PAGES = sorted(f.relative_to(CHECKOUT) for f in CHECKOUT.glob("docs/**/*.md"))
PAGES += [Path("README.md")]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def module_name(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(("spektron", *parts[:-1], *(() if parts[-1] == "__init__" else parts[-1:])))


@cache
def run_file(file: Path) -> doctest.TestResults:
    try:
        module = importlib.import_module(module_name(file))
    except ModuleNotFoundError as missing:
        # The modules of the networks need them, no others do.
        if missing.name not in ("torch", "torch_geometric"):
            raise
        return doctest.TestResults(0, 0)
    return doctest.testmod(module, optionflags=FLAGS)


@cache
def run_page(page: Path) -> doctest.TestResults:
    # A closing fence would count as the last line of the expected output.
    lines = (CHECKOUT / page).read_text(encoding="utf-8").splitlines()
    text = "\n".join("" if line.lstrip().startswith("```") else line for line in lines) + "\n"
    test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    return doctest.DocTestRunner(optionflags=FLAGS).run(test)


@pytest.mark.parametrize("file", FILES, ids=str)
def test_docstrings(file):
    assert run_file(file).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_pages(page):
    assert run_page(page).failed == 0


def test_no_file_is_left_out():
    assert {file.parts[0] for file in FILES} == set(ROOMS)
    assert sum(run_file(file).attempted for file in FILES) > 0


def test_pages_have_examples():
    assert sum(run_page(page).attempted for page in PAGES) > 0
