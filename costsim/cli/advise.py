"""``costsim advise``: what to change so that targets are met."""

from __future__ import annotations

import json

import click

from costsim.advice import Advice, advise
from costsim.cli.options import parse_settings, run_options
from costsim.errors import AssertionFailedError, InputError


@click.command("advise", short_help="What to change so that a network meets a target.")
@click.argument("network")
@click.option("--hw", required=True, metavar="HW", help="A name of 'costsim hw list', or the path of a profile.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    required=True,
    metavar="LIMIT",
    help="A limit on a total, as often as wanted: 'latency_ms < 30', 'dram_bytes <= 4MiB', 'macs < 300M'.",
)
@run_options
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--apply", "number", type=click.IntRange(min=1), metavar="K", help="Write the network of list K.")
@click.option("-o", "--output", "path", metavar="FILE", help="Where --apply writes it: .onnx or .json.")
def command(
    network: str, hw: str, targets: tuple[str, ...], settings: tuple[str, ...], output: str, number: int | None,
    path: str | None, runtime: str | None, **run: object,
) -> None:  # fmt: skip
    """Find the shortest lists of changes with which NETWORK on HW meets every target, the cheapest loss first.

    Threads, runtime, data type, batch, edits the guidelines propose, activation, input size, width and groups are
    tried, alone and together; each list is carried out and priced. Exit code 3 where none meets the targets.
    """
    if (number is None) != (path is None):
        raise InputError("--apply and --output go together", where="advise", mend="write --apply 1 -o better.onnx")
    advice = advise(network, hw, targets, settings=parse_settings(settings), runtime=runtime, **run)  # type: ignore[arg-type]
    if output == "json":
        click.echo(json.dumps(advice.record(), indent=2, allow_nan=False))
    else:
        from costsim.report.verbs.advised import text

        click.echo(text(advice), nl=False)
    if number is not None and path is not None:
        _write(advice, number, path, hw)
    if not advice.met and not advice.suggestions:
        raise AssertionFailedError("nothing within these limits meets " + " and ".join(t.text for t in advice.targets))


def _write(advice: Advice, number: int, path: str, hw: str) -> None:
    count = len(advice.suggestions)
    if number > count:
        lists = "there is no list" if not count else f"there is {count} list" if count == 1 else f"there are {count}"
        raise InputError(f"{lists} to apply, not {number}", where=f"--apply {number}")
    chosen = advice.suggestions[number - 1]
    chosen.save(path)
    command = " ".join(filter(None, ["costsim analyze", path, "--hw", hw, chosen.options(advice.before)]))
    click.echo(f"list {number} written to {path}; to see it: {command}", err=True)
