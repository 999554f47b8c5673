"""The directive ``commands``: the ``spektron`` command and its subcommands, from their own help.

The texts, defaults and placeholders are those of the typer application of the installed package;
nothing is written by hand.
"""

import re

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

EXTRA = re.compile(r"\s*\[([^\[\]]*)\]$")
"""What the help adds in brackets: default, range, required."""


def leaves(command, path):
    """Every command that does something, with its full name and path of commands."""
    members = getattr(command, "commands", None)
    if members is None:
        yield path, command
        return
    for name, member in members.items():
        yield from leaves(member, f"{path} {name}")


def cell(text):
    """A text as the cell of a table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def row(record):
    """An option as a row: its names, its text, what is preset."""
    names, text = record
    names = re.sub(r" +", " ", names.removeprefix("-h, "))
    extra = EXTRA.search(text)
    facts = [f.strip() for f in extra.group(1).split(";")] if extra else []
    preset = [f.removeprefix("default: ") for f in facts if f.startswith("default: ")]
    others = [f for f in facts if f and not f.startswith("default: ")]
    said = " ".join([text[: extra.start()] if extra else text, *(f"({f})" for f in others)])
    shown = f"`{cell(preset[0])}`" if preset else ""
    return f"| `{cell(names)}` | {cell(said)} | {shown} |"


def page(path, command):
    """A command as lines of Markdown, without its heading."""
    context = command.make_context(path, [], resilient_parsing=True)
    words = [word.strip("{}") for word in command.collect_usage_pieces(context)]
    words = [*[re.sub(r"[{}]", "", w) for w in words if w != "[OPTIONS]"], "[OPTIONS]"]
    lines = ["```text", " ".join([path, *words]), "```", ""]
    lines += [*(command.help or "").splitlines(), ""]
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    for parameter in arguments:
        name = getattr(parameter, "metavar", None) or parameter.name.upper()
        lines += [f"**{name}**: {cell(parameter.help or '')}", ""]
    options = [p for p in command.get_params(context) if p.param_type_name == "option"]
    records = [record for p in options if (record := p.get_help_record(context))]
    rows = [row(record) for record in records if "--help" not in record[0]]
    if rows and all(row.endswith("|  |") for row in rows):
        table = ["| option | meaning |", "|-|-|", *(row[: -len("  |")] for row in rows)]
    else:
        table = ["| option | meaning | default |", "|-|-|-|", *rows]
    return [*lines, *table] if rows else lines


class Commands(SphinxDirective):
    """A section for each command."""

    def run(self):
        """The sections."""
        from spektron.cli import main
        from typer.main import get_command

        self.env.note_dependency(main.__file__)
        sections = []
        for path, command in leaves(get_command(main.app), "spektron"):
            anchor = path.replace(" ", "-")
            section = nodes.section(ids=[anchor], names=[path])
            section += nodes.title(path, path)
            text = StringList(page(path, command), source=main.__file__)
            self.state.nested_parse(text, self.content_offset, section)
            self.state.document.note_explicit_target(section, section)
            sections.append(section)
        return sections


def setup(app):
    """Connect to Sphinx."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
