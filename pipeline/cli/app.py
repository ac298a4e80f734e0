"""The tree of commands, and the frame that turns every error into one sentence and an exit code."""

import contextlib
import logging
import os
import sqlite3
import sys

import typer

from pipeline.cli import (
    backup,
    budget,
    comment,
    export,
    money,
    portrait,
    prices,
    publish,
    reconcile,
    requests,
    sandbox,
    service,
    store,
    sweep,
    takedown,
)
from pipeline.cli.output import exit_code, fail
from pipeline.database import OTHERS
from pipeline.errors import InputError, PlaceError, StudioError

LEFT = 130  # what Typer makes of Ctrl-C
app = typer.Typer(
    name="pipeline",
    help="Living Portrait Studio: photos become avatars and living portraits. Without a key everything runs in the sandbox and costs nothing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
portrait.add_to(app)
publish.add_to(app)
takedown.add_to(app)
store.add_to(app)
sweep.add_to(app)
requests.add_to(app)
comment.add_to(app)
money.add_to(app)
budget.add_to(app)
reconcile.add_to(app)
export.add_to(app)
prices.add_to(app)
backup.add_to(app)
service.add_to(app)
sandbox.add_to(app)


class WrongUse(InputError):
    """The command line itself was wrong."""

    next = "See `python -m pipeline --help`."


class Interrupted(StudioError):
    """Somebody left by Ctrl-C; the worker goes on."""

    charged = None
    say = "You left while it was at work; what was asked goes on."
    next = "`python -m pipeline runs` shows it, `cancel RUN` stops it."


def main() -> None:
    """Run the command line; every StudioError becomes one sentence and its exit code, anything else is logged and said plainly."""
    os.umask(OTHERS)  # photos, prompts and money are for this account alone; worker and sandbox are commands, too
    as_json = "--json" in sys.argv
    with contextlib.suppress(AttributeError, ValueError):
        sys.stderr.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        result = app(standalone_mode=False)
    except KeyboardInterrupt:  # came where the library that reads the command line does not look for it
        result = LEFT
    except StudioError as error:
        fail(error, as_json)
        sys.exit(exit_code(error))
    except Exception as error:
        _fail_otherwise(error, as_json)
    if result == LEFT:
        fail(Interrupted(), as_json)
    sys.exit(result if isinstance(result, int) else 0)


def _fail_otherwise(error: Exception, as_json: bool) -> None:
    words = getattr(error, "format_message", None)
    if callable(words):
        fail(WrongUse(str(words())), as_json)
        sys.exit(2)
    if isinstance(error, UnicodeEncodeError):
        fail(WrongUse("The command line holds bytes that are no text.", next="Use UTF-8; `export LC_ALL=C.UTF-8` helps in most places."), as_json)
        sys.exit(2)
    with contextlib.suppress(Exception):
        from pipeline.processes.logs import write_logs_to
        from pipeline.settings import load

        write_logs_to(load().folder, "command")
        logging.getLogger("pipeline.cli").exception("a command broke")
    said = _in_words(error)
    fail(said, as_json)
    sys.exit(exit_code(said))


def _in_words(error: Exception) -> StudioError:
    if isinstance(error, OSError | sqlite3.Error):
        return PlaceError("A file the studio needs cannot be read or written.", next="Check the data folder and its disk; `doctor` tests every part.")
    return StudioError(next="The details are in the logs folder; try again, and tell an engineer if it happens twice.")
