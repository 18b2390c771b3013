"""``costsim advise``: what to change so that targets are met."""

from __future__ import annotations

import shlex
from collections.abc import Collection

import click

from costsim.advice import Advice, advise
from costsim.advice.written import check_format
from costsim.cli.options import parse_settings, run_options
from costsim.cli.outputs import format_option, print_report
from costsim.errors import AssertionFailedError, InputError
from costsim.importers.python import named


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
@click.option(
    "--score", metavar="FILE.py:NAME", help="A function of the changed network, higher for better: what to rank by."
)
@format_option("advise")
@click.option("--apply", "number", type=click.IntRange(min=1), metavar="K", help="Write the network of list K.")
@click.option("-o", "--output", "path", metavar="FILE", help="Where --apply writes it: .onnx or .json.")
def command(
    network: str, hw: str, targets: tuple[str, ...], settings: tuple[str, ...], output: str, number: int | None,
    path: str | None, runtime: str | None, score: str | None, **run: object,
) -> None:  # fmt: skip
    """Find the shortest lists of changes with which NETWORK on HW meets every target, the cheapest loss first.

    Threads, runtime, data type, batch, edits the guidelines propose, activation, input size, width and groups are
    tried, alone and together; each list is carried out and priced. Exit code 3 where none meets the targets.

    \b
    costsim advise mobilenet_v2_1x --hw rpi4b --target 'latency_ms < 30'
    costsim advise net.onnx --hw stm32n6 --target 'onchip_used_bytes < 512KiB'
    costsim advise a.onnx --hw rpi5 --target 'macs < 99M' --apply 1 -o b.onnx
    """  # noqa: D301  click wants a real backspace
    if (number is None) != (path is None):
        raise InputError("--apply and --output go together", where="advise", mend="write --apply 1 -o better.onnx")
    if path is not None:
        check_format(path)
    advice = advise(
        network, hw, targets, settings=parse_settings(settings), runtime=runtime, score=named(score) if score else None,
        **run,  # type: ignore[arg-type]
    )  # fmt: skip
    print_report("advise", output, advice)
    if not advice.met and not advice.suggestions:
        raise AssertionFailedError("nothing within these limits meets " + " and ".join(t.text for t in advice.targets))
    if number is not None and path is not None:
        given = {name for name, value in {**run, "runtime": runtime}.items() if value is not None}
        words = ["--hw", hw, *(word for setting in settings for word in ("--set", setting))]
        _write(advice, number, path, words, given)


def _write(advice: Advice, number: int, path: str, words: list[str], given: Collection[str]) -> None:
    count = len(advice.suggestions)
    if number > count:
        lists = "there is no list" if not count else f"there is {count} list" if count == 1 else f"there are {count}"
        raise InputError(f"{lists} to apply, not {number}", where=f"--apply {number}")
    chosen = advice.suggestions[number - 1]
    chosen.save(path)
    command = shlex.join(["costsim", "analyze", path, *words, *chosen.options(advice.before, given)])
    click.echo(f"list {number} written to {path}; to see it: {command}", err=True)
