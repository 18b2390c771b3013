"""What people try first because other tools call it so, and what it is called here."""

from __future__ import annotations

import click

from costsim.errors import nearest

VERBS = {
    "benchmark": "validate", "explain": "check", "info": "nets show", "init": "hw new", "list": "nets list",
    "networks": "nets list", "devices": "hw list", "models": "nets list",
    "optimize": "advise", "profile": "analyze", "run": "analyze",
    "show": "nets show", "summary": "nets show", "version": "--version",
}  # fmt: skip

OPTIONS = {
    "--device": "--hw", "--fp16": "--dtype fp16", "--fp32": "--dtype fp32", "--int8": "--dtype int8",
    "--json": "--format json", "--csv": "--format csv", "--output": "--html", "-o": "--html", "--precision": "--dtype",
    "--quantize": "--dtype int8", "--shape": "--input-size", "--target": "--hw",
}  # fmt: skip


def meant_verb(word: str, known: tuple[str, ...]) -> str | None:
    """The verb that somebody who wrote ``word`` meant; None where nobody can tell."""
    return VERBS.get(word) or next(iter(nearest(word, known)), None)


def usage(error: click.UsageError) -> str:
    """What is wrong with a command line, and what to write instead."""
    if isinstance(error, click.NoSuchOption) and error.option_name in OPTIONS:
        return f"No such option '{error.option_name}'. Did you mean '{OPTIONS[error.option_name]}'?"
    said = error.format_message().rstrip(".")
    if isinstance(error, click.MissingParameter) and said == "Missing option '--hw'":
        return f"{said}; 'costsim hw list' shows the devices"
    verb = error.ctx.command_path if error.ctx else "costsim"
    return f"{said}{'' if said.endswith('?') else ';'} '{verb} --help' shows how"
