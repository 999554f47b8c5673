"""The entry point of the ``spektron`` command: which commands there are, and how they fail.

=========  ============================================================================
exit code  meaning
=========  ============================================================================
0          every input was answered
1          an unexpected error, that is a bug; one line, or a traceback if the
           environment variable ``SPEKTRON_DEBUG`` is set
2          an input or an option cannot be used, or a calculation does not converge; one
           line on standard error for each
130, 141   interrupted by Ctrl-C; the reader of a pipe went away (as for any program)
=========  ============================================================================
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from .census import census
from .dataset import dataset
from .doctor import doctor, version_of
from .elucidate import elucidate
from .embed import embed
from .evaluate import evaluate
from .finetune import finetune
from .identify import identify
from .isotopologues import isotopologues
from .modes import modes
from .output import complain, is_interrupt
from .predict import predict
from .pretrain import pretrain
from .report import report
from .spectrum import spectrum
from .symmetry import symmetry
from .table import table
from .transfer import transfer

COMPLETION = "_SPEKTRON_COMPLETE"
"""The variable by which the completion of a shell asks."""

ORDER = (
    "symmetry",
    "table",
    "census",
    "spectrum",
    "modes",
    "report",
    "identify",
    "isotopologues",
    "dataset",
    "pretrain",
    "finetune",
    "embed",
    "predict",
    "elucidate",
    "transfer",
    "evaluate",
    "doctor",
)
"""The commands in the order of the work."""


class Commands(TyperGroup):
    """The commands in their order, with a help that fits a screen of 80 × 24."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the work."""
        return sorted(self.commands, key=lambda name: (*ORDER, name).index(name))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The commands, and one line about the options: few are needed before a command."""
        self.format_commands(ctx, formatter)
        names = [max(p.opts, key=len) for p in self.get_params(ctx)]
        formatter.write_text(f"Options: {', '.join(names)}.")


app = typer.Typer(
    name="spektron",
    cls=Commands,
    help="Symmetry, vibrations, spectra; `spektron COMMAND --help` explains one.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command()(symmetry)
app.command()(table)
app.command()(census)
app.command()(spectrum)
app.command()(modes)
app.command()(report)
app.command()(identify)
app.command()(isotopologues)
app.add_typer(dataset, name="dataset")
app.command()(pretrain)
app.command()(finetune)
app.command(short_help="Latent vectors of spectra, and predictions.")(embed)
app.command()(predict)
app.command()(elucidate)
app.command()(transfer)
app.add_typer(evaluate, name="evaluate")
app.command()(doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spektron {version_of('spektron') or 'run from its sources'}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Symmetry, vibrations, spectra; `spektron COMMAND --help` explains one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``spektron``; those of the process if not given.
    """
    _write_what_the_terminal_can_show()
    try:
        given = sys.argv[1:] if arguments is None else list(arguments)
        code = app(args=given or ["--help"], prog_name="spektron", standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except SystemExit as leaving:
        # typer leaves so where it answered a shell that completes, and where the reader of a
        # pipe went away.
        if COMPLETION in os.environ:
            return int(leaving.code or 0)
        _forget_output()
        return 141
    except BrokenPipeError:
        _forget_output()
        return 141
    except Exception as error:  # noqa: BLE001 (nothing but one line reaches the user)
        return 130 if is_interrupt(error) else _explain(error)
    return int(code or 0)


def _write_what_the_terminal_can_show() -> None:
    """Print "?" for a character such as Γ that the encoding of the terminal lacks."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="replace")


def _forget_output() -> None:
    """Let nothing be written to the closed pipe when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: Exception) -> int:
    """Print one line for a failed command; the exit code."""
    from ..pointgroup.errors import InputError
    from ..vibration.errors import CalculationError

    # typer brings its own copy of click, or imports it, by version: so no `except` names it.
    usage = getattr(error, "format_message", None)
    if usage is not None:
        command = getattr(getattr(error, "ctx", None), "command_path", "spektron")
        complain(f"{' '.join(usage().split())} (see {command} --help)")
    elif isinstance(error, (InputError, CalculationError)):
        complain(str(error))
    elif os.environ.get("SPEKTRON_DEBUG"):
        raise error
    else:
        complain(
            f"{type(error).__name__}: {error}. This is a bug in Spektron; "
            "set SPEKTRON_DEBUG=1 to see where, and report it"
        )
        return 1
    return 2


if __name__ == "__main__":
    sys.exit(main())
