"""The layout: folders and packages agree, and imports point one way."""

import ast
import configparser
import doctest
import importlib
import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
ROOMS = ("pointgroup", "vibration", "identifiability", "ml", "cli")  # each imports those before it
HEAVY = ("torch", "pyscf", "rdkit", "pymatgen", "sympy", "scipy.optimize")


def visible(name: str, root: Path = CHECKOUT) -> list[Path]:
    """Files of that name or pattern, relative to ``root``, outside folders such as .venv."""
    tops = [path for path in root.iterdir() if not path.name.startswith(".")]
    files = [path for path in tops if path.is_file() and path.match(name)]
    files += [path for top in tops for path in top.rglob(name)]
    return sorted(path.relative_to(root) for path in files)


def package_folders(root: Path = CHECKOUT) -> set[str]:
    """Every folder with an ``__init__.py``, as a dotted path."""
    return {".".join(file.parent.parts) for file in visible("__init__.py", root)}


def listed_folders(config: configparser.ConfigParser) -> set[str]:
    """Folders of the packages in setup.cfg, which are ``spektron.<folder>``."""
    return {line.removeprefix("spektron.") for line in config["options"]["packages"].split()}


def imports(source: str, package: str) -> list[tuple[int, str]]:
    """Level and absolute name of each import, wherever it stands.

    ``package`` is the package of the source, by which relative names are
    resolved; the level is the number of leading dots.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".") if package else []
            base = parts[: max(0, len(parts) - node.level + 1)] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            found += [(node.level, f"{stem}.{alias.name}") for alias in node.names]
    return found


def violations(source: str, package: str = "") -> list[str]:
    """What is wrong with the imports of a source; ``package`` is "" outside the rooms."""
    room = package.split(".")[1] if package else None
    wrong = []
    for level, name in imports(source, package):
        first, _, rest = name.partition(".")
        target = rest.split(".")[0]
        if level == 0 and first in ROOMS:
            wrong.append(f"bare import of {name}")
        elif level == 0 and first == "spektron" and room:
            wrong.append(f"absolute import of {name} inside a room")
        elif level and room and first != "spektron":
            wrong.append(f"relative import of {name} leaves spektron")
        elif level and room and target not in ROOMS[: ROOMS.index(room) + 1]:
            wrong.append(f"{room} must not import {target}")
    return wrong


def examples(text: str) -> str:
    """The code of the ``>>>`` examples in a text."""
    return "".join(example.source for example in doctest.DocTestParser().get_examples(text))


def package_of(file: Path) -> str:
    return ".".join(("spektron", *file.parent.parts)) if file.parts[0] in ROOMS else ""


def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    return config


# The guards see what they are there for.


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("", "import pointgroup"),
        ("", "def f():\n    from vibration.modes import NormalModes"),
        ("spektron.cli", "import cli.main"),
        ("spektron.cli", "from spektron.pointgroup import Molecule"),
        ("spektron.cli", "import spektron"),
        ("spektron.pointgroup", "from ..vibration import NormalModes"),
        ("spektron.pointgroup", "def f():\n    from .. import cli"),
        ("spektron.vibration", "from ..ml.model import Spektron"),
        ("spektron.ml.datasets", "from ...cli import report"),
        ("spektron.ml", "from ... import numpy"),
    ],
)
def test_guard_catches(package, source):
    assert violations(source, package)


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("", "import numpy\nfrom spektron.pointgroup import Molecule\nfrom . import vibration"),
        ("spektron.pointgroup", "from .molecule import Molecule\nfrom . import vibration"),
        ("spektron.cli", "from ..ml import train\nfrom .. import pointgroup\nimport numpy"),
        ("spektron.ml.datasets", "from ...vibration import modes\nfrom ..model import Spektron"),
    ],
)
def test_guard_accepts(package, source):
    assert violations(source, package) == []


def test_guard_sees_unlisted_folder(tmp_path):
    for folder in ("ml", "ml/datasets", ".venv/junk"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "__init__.py").touch()
    config = configparser.ConfigParser()
    config.read_string("[options]\npackages =\n    spektron.ml\n    spektron.cli\n")
    assert package_folders(tmp_path) - listed_folders(config) == {"ml.datasets"}
    assert listed_folders(config) - package_folders(tmp_path) == {"cli"}


# The tree as it is.


def test_every_package_folder_is_listed():
    assert package_folders() == listed_folders(setup_cfg())


def test_every_room_is_mapped():
    lines = setup_cfg()["options"]["package_dir"].strip().splitlines()
    assert sorted(lines) == sorted(f"spektron.{room} = {room}" for room in ROOMS)
    assert not (CHECKOUT / "spektron").exists(), "it would shadow the installed package"


@pytest.mark.parametrize("file", visible("*.py"), ids=str)
def test_imports_of_sources(file):
    text = (CHECKOUT / file).read_text(encoding="utf-8")
    assert violations(text, package_of(file)) == []
    assert violations(examples(text)) == []


@pytest.mark.parametrize("page", visible("*.md"), ids=str)
def test_imports_of_pages(page):
    assert violations(examples((CHECKOUT / page).read_text(encoding="utf-8"))) == []


def test_pointgroup_is_light(tmp_path):
    code = f"import sys, spektron.pointgroup; print([m for m in {HEAVY} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert (run.stdout.strip(), run.stderr) == ("[]", "")


def test_tests_see_an_installed_package():
    import spektron.pointgroup

    # The egg-info of an editable install, in the checkout, hides the real record.
    found = importlib.metadata.distributions(name="spektron")
    origins = [json.loads(d.read_text("direct_url.json") or "{}") for d in found]
    editable = any(origin.get("dir_info", {}).get("editable") for origin in origins)
    from_source = CHECKOUT / "pointgroup" in Path(spektron.pointgroup.__file__).parents
    assert editable or not from_source


@pytest.mark.parametrize("room", ROOMS)
def test_every_file_is_installed(room):
    installed = Path(importlib.import_module(f"spektron.{room}").__file__).parent
    files = [*visible("*.py"), *visible("*.xyz"), *visible("py.typed"), *visible("*.toml")]
    files += [*visible("page.*"), *visible("3Dmol*")]
    wanted = [file.relative_to(room) for file in files if file.parts[0] == room]
    assert Path("py.typed") in wanted
    assert [file for file in wanted if not (installed / file).is_file()] == []


def test_command_is_declared():
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="spektron")
    assert script.value == "spektron.cli.main:main"


def test_no_file_names_the_checkout():
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    files = [CHECKOUT / name for name in listing.stdout.split("\0")]
    here = str(CHECKOUT).encode()
    assert [file for file in files if file.is_file() and here in file.read_bytes()] == []
