"""The pages: their commands run, their links lead somewhere, and the public names are documented.

Python examples are run by `test_doctests.py`; `make docs` builds the site and takes warnings as
errors. Here is what needs no Sphinx.
"""

import ast
import configparser
import doctest
import importlib
import inspect
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path

import pytest
from spektron.cli.main import app, main
from typer.main import get_command

CHECKOUT = Path(__file__).resolve().parents[1]
DOCS = sorted(f.relative_to(CHECKOUT) for f in CHECKOUT.glob("docs/**/*.md"))
OTHERS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
OTHERS += ["benchmarks/README.md", "examples/teaching/README.md"]
PAGES = [*DOCS, *map(Path, OTHERS)]
RUN_BY_DOCTESTS = {*DOCS, Path("README.md")}
ROOMS = ("pointgroup", "vibration", "identifiability", "ml", "cli")

NOT_RUN = {
    ("docs/reference-spectrum.md", "spektron spectrum benzene"): "DFT, minutes",
    ("docs/batches.md", "spektron dataset build recipe.toml"): "a recipe of the reader's own",
    ("docs/batches.md", "spektron dataset info set"): "what that recipe gives",
    ("docs/batches.md", "spektron dataset check set"): "what that recipe gives",
    ("docs/batches.md", "spektron dataset export set"): "what that recipe gives",
    ("docs/how-symmetric.md", "spektron census qm7_xyz.tar.xz"): "QM7 is not shipped",
    ("docs/ten-samples.md", "spektron transfer corn/"): "the corn data are not shipped",
}
"""Commands of pages, by how they begin, that are not run, and why; their options are checked."""

SETTING_UP = ("pip ", "git ", "make ", "python -m venv", "pytest ")
"""Commands that install, build or test, which these tests are part of."""

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@cache
def text_of(page):
    return (CHECKOUT / page).read_text(encoding="utf-8")


@cache
def fences(page):
    """Language and text of each fenced block."""
    pattern = re.compile(r"^(`{3,})([^\n`]*)\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)
    return [(m[2].strip(), m[3]) for m in pattern.finditer(text_of(page))]


def prose(page):
    """The page without its fenced blocks."""
    return re.sub(r"^(`{3,}).*?^\1\s*$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)


def sessions(text):
    """Command and quoted output of each ``$`` line of a block."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            found.append([line.removeprefix("$ ").split("  #")[0].strip(), []])
        elif found:
            found[-1][1].append(line)
    return [(command, "\n".join(out).strip()) for command, out in found]


SESSIONS = [(page, *s) for page in PAGES for _, text in fences(page) for s in sessions(text)]


def reason_not_to_run(page, command):
    begins = [k for k in NOT_RUN if k[0] == str(page) and command.startswith(k[1])]
    return NOT_RUN[begins[0]] if begins else None


# ---- code blocks ----


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_python_block_is_a_session_that_is_run(page):
    blocks = [text for language, text in fences(page) if language in ("python", "py", "pycon")]
    assert not blocks or page in RUN_BY_DOCTESTS
    assert [text for text in blocks if not text.lstrip().startswith(">>> ")] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_fences_are_closed(page):
    lines = [line for line in text_of(page).splitlines() if re.match(r"\s*```", line)]
    assert len(lines) == 2 * len(fences(page))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder that looks like a clone to read from, and takes what commands write."""
    path = tmp_path_factory.mktemp("clone")
    for name in ("docs", "examples"):
        (path / name).symlink_to(CHECKOUT / name, target_is_directory=True)
    return path


RUN = [
    s for s in SESSIONS if s[1].startswith(("spektron ", "head ")) and not reason_not_to_run(*s[:2])
]


@pytest.mark.parametrize(("page", "command", "quoted"), RUN, ids=lambda x: str(x)[:60])
def test_command(page, command, quoted, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    for name in ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    words = shlex.split(command)
    if words[0] == "spektron":
        code = main(words[1:])
        out, err = capsys.readouterr()
        assert code == 0, err
    else:
        out = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    if quoted:
        got, checker = out.strip() + "\n", doctest.OutputChecker()
        # A page may quote the beginning alone.
        if not any(checker.check_output(quoted + end, got, FLAGS) for end in ("\n", "\n...\n")):
            example = doctest.Example(command, quoted + "\n")
            pytest.fail(checker.output_difference(example, got, FLAGS))


def test_pages_have_commands_with_output():
    assert sum(bool(quoted) for *_, quoted in RUN) >= 10


def test_no_reason_is_left_over():
    for page, begin in NOT_RUN:
        assert any(str(p) == page and c.startswith(begin) for p, c, _ in SESSIONS), (page, begin)


@pytest.mark.parametrize(("page", "command"), [s[:2] for s in SESSIONS], ids=lambda x: str(x)[:60])
def test_other_commands_are_known(page, command):
    words = command.split()
    if words[0] == "python" and words[1].endswith(".py"):
        assert (CHECKOUT / words[1]).is_file()
    else:
        assert words[0] in ("spektron", "head") or command.startswith(SETTING_UP)


def misused(line):
    """What a ``spektron`` command line names that does not exist."""
    command, words = get_command(app), shlex.split(line)[1:]
    while words and hasattr(command, "commands"):
        if words[0].startswith("-"):
            break
        if words[0] not in command.commands:
            return [words[0]]
        command, words = command.commands[words[0]], words[1:]
    known = {"--help", "-h", "--install-completion", "--show-completion"}
    known |= {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
    return [w for w in words if re.match(r"--?[a-z]", w) and w.split("=")[0] not in known]


def test_a_misused_command_is_seen():
    assert misused("spektron symetry water") == ["symetry"]
    assert misused("spektron symmetry water --laddr") == ["--laddr"]
    assert misused("spektron dataset build r.toml --out set") == []


def commands_named(page):
    """``spektron`` command lines in the text and in blocks."""
    inline = re.findall(r"`(spektron [a-z][^`]*)`", prose(page).replace("\n", " "))
    written = [line for line in inline if not re.search(r"[…/]|\s-\s", line)]
    return [*written, *(c for p, c, _ in SESSIONS if p == page and c.startswith("spektron "))]


@pytest.mark.parametrize("page", [p for p in PAGES if commands_named(p)], ids=str)
def test_commands_and_options_exist(page):
    assert [(c, m) for c in commands_named(page) if (m := misused(c))] == []


# ---- links ----


def slug(heading):
    """The anchor of a heading, as GitHub and MyST make it."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


@cache
def anchors(page):
    text = "\n".join(re.findall(r"^#{1,6}\s+(.*?)\s*#*$", prose(page), re.MULTILINE))
    return {slug(line) for line in text.splitlines()}


def links(page):
    text = re.sub(r"`[^`\n]*`", "`", prose(page))
    return re.findall(r"\]\(\s*<?([^)\s>]+)", text)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_inside_the_project(page):
    broken = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        file = (CHECKOUT / page).parent / path if path else CHECKOUT / page
        if not file.exists() or (
            anchor and file.suffix == ".md" and anchor not in anchors(file.resolve())
        ):
            broken.append(link)
    assert broken == []


def test_a_broken_anchor_is_seen():
    assert slug("What R (G, N) says, `exactly`") == "what-r-g-n-says-exactly"
    assert "the-exported-file" in anchors(Path("docs/batches.md"))
    assert "no-such-heading" not in anchors(Path("docs/batches.md"))


def toctree(page):
    """Pages that the table of contents in a page names, from docs."""
    blocks = [text for language, text in fences(page) if language == "{toctree}"]
    lines = [n for text in blocks for n in text.split("\n") if n and not n.startswith(":")]
    names = [re.sub(r".*<(.*)>", r"\1", line) for line in lines]
    return [(page.parent / f"{name}.md") for name in names]


def test_every_page_is_in_the_contents_once():
    listed = sorted(p for page in DOCS for p in toctree(page))
    missing = sorted(set(DOCS) - set(listed) - {Path("docs/index.md")})
    assert missing == [], "add them to a toctree of docs/index.md or docs/reference/index.md"
    assert listed == sorted(set(listed) & set(DOCS))


# ---- what install.md says ----


def setup_cfg():
    config = configparser.ConfigParser()
    config.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    return config


def test_table_of_extras():
    extras = setup_cfg()["options.extras_require"]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*)\|$", text_of("docs/install.md"), re.M)
    shown = {name: packages for name, _, packages in rows}
    for_developers = {"test", "lint", "bench", "docs"}
    assert set(shown) == set(extras) - for_developers
    for name, packages in shown.items():
        lines = [x for x in extras[name].splitlines() if x and not x.startswith("#")]
        if name == "all":
            assert set(re.findall(r"\w+", lines[0])[1:]) == set(shown) - {"all", "transfer"}
        else:
            assert packages.split(", ") == [*lines[:-1], f"{lines[-1]} "]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_make_targets_exist(page):
    makefile = text_of("Makefile")
    named = set(re.findall(r"`make ([a-z-]+)", prose(page)))
    assert {t for t in named if not re.search(rf"^{t}:", makefile, re.M)} == set()


# ---- the reference ----


def documented_modules():
    """Modules in docs/reference, with their page."""
    return [
        (name, page)
        for page in DOCS
        for name in re.findall(r"automodule:: (spektron[\w.]*)$", text_of(page), re.MULTILINE)
        if name != "spektron.cli.main"
    ]


def documented_objects():
    """Classes, protocols and constants that pages name one by one."""
    found = []
    for page in DOCS:
        found += re.findall(r"auto(?:class|data|function):: (spektron[\w.]*)$", text_of(page), re.M)
    return found


def public_packages():
    """Packages that say what is public."""
    found = set()
    for room in ROOMS:
        for file in CHECKOUT.glob(f"{room}/**/__init__.py"):
            if "__all__" in file.read_text(encoding="utf-8"):
                found.add(".".join(("spektron", *file.relative_to(CHECKOUT).parts[:-1])))
    return found


def test_every_public_package_is_in_the_reference_once():
    names = [name for name, _ in documented_modules()]
    assert len(names) == len(set(names))
    assert public_packages() - set(names) == set(), "give each a page in docs/reference"


def loaded(name):
    """A module; one that needs torch is left to the site, where torch is mocked."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != "torch":
            raise
        pytest.skip("needs torch")


def public_names(module):
    if hasattr(module, "__all__"):
        return list(module.__all__)
    here = [n for n, o in vars(module).items() if getattr(o, "__module__", "") == module.__name__]
    return [n for n in here if not n.startswith("_") and callable(getattr(module, n))]


def described_constants(tree):
    """Names of a module that are assigned and followed by a text."""
    pairs = zip(tree.body, tree.body[1:], strict=False)
    for node, after in pairs:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if isinstance(targets[0], ast.Name) and is_text:
            yield targets[0].id


def constant_is_described(package, name):
    """Whether a constant that a package exports has a text in a module of that package."""
    files = Path(package.__file__).parent.glob("*.py")
    return any(name in described_constants(ast.parse(f.read_text("utf-8"))) for f in files)


def without_text(owner, name, thing):
    """A public object and its public members that have no docstring."""
    bare = []
    if inspect.ismodule(thing):
        return [] if thing.__doc__ else [name]
    if not callable(thing) or isinstance(thing, type(list[int])):
        return [] if constant_is_described(owner, name) else [name]
    if not (thing.__doc__ or "").strip():
        bare.append(name)
    if inspect.isclass(thing) and (thing.__module__ or "").startswith("spektron"):
        for member, value in vars(thing).items():
            value = getattr(value, "__func__", value)
            if member.startswith("_") or not (
                inspect.isfunction(value) or isinstance(value, property)
            ):
                continue
            if not (inspect.getdoc(getattr(thing, member)) or "").strip():
                bare.append(f"{name}.{member}")
    return bare


@pytest.mark.parametrize("name", [name for name, _ in documented_modules()])
def test_every_public_name_is_documented(name):
    module = loaded(name)
    assert module.__doc__
    names = public_names(module)
    assert names
    assert [b for n in names for b in without_text(module, n, getattr(module, n))] == []


@pytest.mark.parametrize("name", documented_objects())
def test_named_objects_are_documented(name):
    place, _, last = name.rpartition(".")
    module = loaded(place)
    assert without_text(module, last, getattr(module, last)) == []


def test_an_undocumented_name_is_seen():
    class Bare:
        def method(self):
            pass

    Bare.__module__ = "spektron.example"
    assert without_text(inspect, "Bare", Bare) == ["Bare", "Bare.method"]


def test_constants_are_in_the_reference():
    shown = {name.rpartition(".")[2] for name in documented_objects()}
    for name, _ in documented_modules():
        if name in public_packages() and not name.startswith("spektron.ml.model."):
            module = loaded(name)
            values = [n for n in module.__all__ if not callable(getattr(module, n))]
            constants = {n for n in values if not inspect.ismodule(getattr(module, n))}
            assert constants <= shown
