"""The command line. Each verb is a module of this package, imported only when it is called."""

from __future__ import annotations

import gc
import shlex
import sys
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module

import click

from costsim.cli.patient import patient_stdout
from costsim.errors import CostsimError, visible

VERBS = (
    "analyze", "predict", "check", "advise", "compare", "diff", "sweep", "search", "validate", "calibrate", "reproduce",
    "reconcile", "verify", "guidelines", "serve", "nets", "hw",
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
        near = get_close_matches(verb, VERBS, n=1)
        if verb not in VERBS and not verb.startswith("-") and near:
            ctx.fail(f"No such command '{verb}'. Did you mean {near[0]}?")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="costsim", message="costsim %(version)s")
def cli() -> None:
    """Predict what a convolutional network costs on a device, and say why.

    A network is a name of 'costsim nets list' or the path of an ONNX, ncnn .param or costsim JSON file; a device is a
    name of 'costsim hw list' or the path of a profile. Results go to stdout, all else to stderr.

    Exit codes: 0, 1 bad input, 2 does not fit the device, 3 an asserted limit does not hold.
    """


def main() -> None:
    """Run a verb; answer 0, or 1 for bad input, 2 if it does not fit, 3 if an assertion failed."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)  # start-up makes many objects that live on: looking through them costs a tenth
    with patient_stdout() as problem:
        code = run(sys.argv[1:])
    if problem and not isinstance(problem[0], BrokenPipeError):  # whoever stopped reading knows
        code = _fail(f"standard output cannot be written: {problem[0].strerror}", 1)
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.flush()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of one command line. Errors meant for the user become one line on stderr."""
    try:
        cli.main(args=arguments, prog_name="costsim", standalone_mode=False, obj=shlex.join(["costsim", *arguments]))
    except CostsimError as error:
        return _fail(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as help_text:
        click.echo(help_text.format_message(), err=True)
        return 1
    except click.UsageError as error:
        verb = error.ctx.command_path if error.ctx else "costsim"
        said = error.format_message().rstrip(".")
        return _fail(f"{said}{'' if said.endswith('?') else ';'} '{verb} --help' shows how", 1)
    except click.ClickException as error:
        return _fail(error.format_message(), 1)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", 130)
    except BrokenPipeError:  # the reader of a pipe left early: nothing to say to it
        sys.stderr.close()
        return 0
    return 0


def _fail(message: str, code: int) -> int:
    with suppress(OSError, ValueError):  # there is nobody to tell
        click.echo(f"costsim: {visible(message)}", err=True)
    return code
