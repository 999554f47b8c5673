"""The directive ``gallery``: scripts of a folder, run, with what they print and draw.

A script runs when its figure is missing or older than the script, so that a build after the
first takes no time for it. The files stay beside Sphinx's own, outside the sources.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import download_reference
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective


def produced(script, folder):
    """Run a script unless its result is there; its output and its figure."""
    said = folder / "printed.txt"
    if not said.exists() or said.stat().st_mtime < script.stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "PYTHONUTF8": "1", "MPLBACKEND": "agg"}
        run = subprocess.run(
            [sys.executable, str(script), str(folder)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        if run.returncode:
            raise ExtensionError(f"{script.name} failed:\n{run.stderr}")
        # The path of the figure is that of this machine.
        kept = [line for line in run.stdout.splitlines() if str(folder) not in line]
        said.write_text("\n".join(kept).strip() + "\n", encoding="utf-8")
    figures = sorted(folder.glob("*.png"))
    if len(figures) != 1:
        raise ExtensionError(f"{script.name} drew {len(figures)} figures, not one")
    return said.read_text(encoding="utf-8"), figures[0]


class Gallery(SphinxDirective):
    """A section for each script of a folder: its first sentence, figure and output."""

    required_arguments = 1

    def run(self):
        """The sections."""
        _, source = self.env.relfn2path(self.arguments[0])
        scripts = [p for p in sorted(Path(source).glob("*.py")) if p.stem != "make_data"]
        if not scripts:
            raise self.error(f"no scripts in {self.arguments[0]}")
        return [self.section(script) for script in scripts]

    def section(self, script):
        """A script as a section."""
        self.env.note_dependency(str(script))
        folder = Path(self.env.app.doctreedir).parent / "gallery" / script.stem
        printed, figure = produced(script, folder)
        title, *rest = ast.get_docstring(ast.parse(script.read_text("utf-8"))).split("\n\n")
        section = nodes.section(ids=[nodes.make_id(script.stem)], names=[script.stem])
        section += nodes.title(title, " ".join(title.split()).rstrip("."))
        story = [p for p in rest if not p.startswith(("    ", "Data:"))]
        section += [nodes.paragraph(text=" ".join(p.split())) for p in story]
        here = Path(self.env.doc2path(self.env.docname)).parent
        section += nodes.image(uri=Path(os.path.relpath(figure, here)).as_posix(), alt=title)
        link = Path(os.path.relpath(script, here)).as_posix()
        reference = download_reference("", "", reftarget=link, refdoc=self.env.docname)
        reference += nodes.literal(text=script.name)
        section += nodes.paragraph("", "", nodes.Text("Script: "), reference)
        section += nodes.raw(
            "", '<details class="printed"><summary>What it prints</summary>', format="html"
        )
        section += nodes.literal_block(printed, printed, language="text")
        section += nodes.raw("", "</details>", format="html")
        self.state.document.note_explicit_target(section, section)
        return section


def setup(app):
    """Connect to Sphinx."""
    app.add_directive("gallery", Gallery)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
