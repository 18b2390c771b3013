"""The command line. Each verb is a module of this package, imported only when it is called."""

from __future__ import annotations

import gc
import io
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, suppress
from importlib import import_module
from time import perf_counter

import click

from costsim.cli.interruption import noted_interruptions
from costsim.cli.other_words import meant_verb, usage
from costsim.cli.patient import patient
from costsim.errors import CostsimError, visible

VERBS = (
    "analyze", "predict", "check", "advise", "compare", "diff", "sweep", "search", "validate", "calibrate", "reproduce",
    "reconcile", "verify", "guidelines", "serve", "schema", "nets", "hw",
)  # fmt: skip
"""Modules of this package; each holds a click command named ``command``."""


class LazyGroup(click.Group):
    """A group whose verbs are found by module name, so that one verb never pays for another."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return import_module(f"costsim.cli.{cmd_name}").command if cmd_name in VERBS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb meant; a misspelt one is answered with the nearest."""
        verb = args[0]
        if verb not in VERBS and not verb.startswith("-") and (meant := meant_verb(verb, VERBS)):
            ctx.fail(f"No such command '{verb}'. Did you mean {meant}?")
        return super().resolve_command(ctx, args)


ANYWHERE = {"-q": "quiet", "--quiet": "quiet", "-v": "verbose", "--verbose": "verbose", "--no-color": "no_color"}
"""Flags of all verbs, which may stand before or behind them."""


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="costsim", message="costsim %(version)s")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Also say how long it took, and where an error was raised.")
@click.option("--no-color", is_flag=True, help="No colours, as with NO_COLOR set.")
def cli(quiet: bool, verbose: bool, no_color: bool) -> None:
    """Predict what a convolutional network costs on a device, and say why.

    A network is a name of 'costsim nets list', the path of an ONNX, TFLite, ncnn .param, torch.export .pt2 or costsim
    JSON file, or module.py:Net; a device is a name of 'costsim hw list' or the path of a profile. Results go to
    stdout, all else to stderr.

    Exit codes: 0, 1 bad input, 2 does not fit the device, 3 an asserted limit does not hold.
    """


def main() -> None:
    """Run a verb; answer 0, or 1 for bad input, 2 if it does not fit, 3 if an assertion failed."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)  # start-up makes many objects that live on: looking through them costs a tenth
    with patient("stderr"), patient("stdout") as problem, noted_interruptions() as came:
        try:
            code = run(sys.argv[1:])
        except Exception:
            if not came:
                raise
            code = _fail("interrupted", 130)
    if problem and not isinstance(problem[0], BrokenPipeError):  # whoever stopped reading knows
        code = _fail(f"standard output cannot be written: {problem[0].strerror}", 1)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of one command line. Errors meant for the user become one line on stderr."""
    asked = {ANYWHERE[word] for word in arguments if word in ANYWHERE}
    began = perf_counter()
    with redirect_stderr(io.StringIO()) if "quiet" in asked else nullcontext():
        outcome = _outcome(arguments, asked)
    code = outcome if isinstance(outcome, int) else _fail(*outcome)
    if "verbose" in asked:
        _say(f"{perf_counter() - began:.2f} s, exit code {code}")
    return code


def _outcome(arguments: list[str], asked: set[str]) -> int | tuple[str, int]:
    """The exit code, with the message where the user has to be told something."""
    words = [word for word in arguments if word not in ANYWHERE]
    try:
        with _without_colours() if "no_color" in asked else nullcontext():
            cli.main(args=words, prog_name="costsim", standalone_mode=False, obj=shlex.join(["costsim", *arguments]))
    except CostsimError as error:
        return str(error) + (_raised_at(error) if "verbose" in asked else ""), error.exit_code
    except click.exceptions.NoArgsIsHelpError as help_text:
        click.echo(help_text.format_message(), err=True)
        return 1
    except click.UsageError as error:
        return usage(error), 1
    except click.ClickException as error:
        return error.format_message(), 1
    except (click.Abort, KeyboardInterrupt):
        return "interrupted", 130
    except BrokenPipeError:  # the reader of a pipe left early: nothing to say to it
        sys.stderr.close()
        return 0
    return 0


@contextmanager
def _without_colours() -> Iterator[None]:
    """As if NO_COLOR were set (no-color.org)."""
    before = os.environ.get("NO_COLOR")
    os.environ["NO_COLOR"] = "1"
    try:
        yield
    finally:
        os.environ.pop("NO_COLOR", None)
        if before is not None:
            os.environ["NO_COLOR"] = before


def _raised_at(error: Exception) -> str:
    """The line of costsim that refused, for a report of a bug."""
    from pathlib import Path
    from traceback import extract_tb

    frame = extract_tb(error.__traceback__)[-1]
    return f" (raised in {Path(frame.filename).name}, line {frame.lineno}, {frame.name})"


def _say(message: str) -> None:
    with suppress(OSError, ValueError):
        click.echo(f"costsim: {message}", err=True)


def _fail(message: str, code: int) -> int:
    with suppress(OSError, ValueError):  # there is nobody to tell
        click.echo(f"costsim: {visible(message)}", err=True)
    return code
