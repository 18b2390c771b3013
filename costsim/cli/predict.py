"""``costsim predict``: latencies of many networks on one device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from costsim.cli.options import parse_settings, run_options
from costsim.cli.outputs import format_option, print_report
from costsim.errors import InputError
from costsim.files import read_stdin, read_text

LISTS = (".txt", ".jsonl")
"""Endings of files that hold a list of networks."""

TOGETHER = 1024
"""Entries a process is given at once."""


GO_ON = "--keep-going gives the others"


@click.command("predict", short_help="Latencies of many networks on one device.")
@click.argument("networks", nargs=-1, metavar="[NETWORK]...")
@click.option("--hw", required=True, metavar="HW", help="A name of 'costsim hw list', or the path of a profile.")
@click.option("--from", "lists", multiple=True, metavar="FILE", help="A list of networks; - is stdin.")
@click.option(
    "--constructor",
    metavar="FILE.py:NAME",
    help="A function of yours that makes a network; entries are its arguments, or a mapping of its options.",
)
@click.option("--keep-going", is_flag=True, help="Give the reason where a network has no latency, and go on.")
@click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="Local processes."
)
@run_options
@format_option("predict")
def command(
    networks: tuple[str, ...], hw: str, lists: tuple[str, ...], constructor: str | None, keep_going: bool,
    workers: int, settings: tuple[str, ...], output: str, batch: int | None, input_size: str | None,
    runtime: str | None, **run: Any,
) -> None:  # fmt: skip
    """Predict the latency of each NETWORK on HW, in the order given.

    NETWORK is a name or a file, as for analyze; a file ending in .txt or .jsonl, and - for stdin, is a list: one
    network a line, or a JSON array. An entry in JSON is a name, options of a network of the zoo, or what the
    constructor takes.

    \b
    costsim predict shufflenet_v2_1x mobilenet_v2_1x --hw rpi4b
    echo '[{"network": "resnet18", "width": 0.5}]' | costsim predict - --hw rpi4b
    costsim predict cells.jsonl --constructor cells.py:network --hw rpi5
    """  # noqa: D301  click wants a real backspace
    from costsim.hardware import load_profile
    from costsim.predict import Predictor
    from costsim.predict.architectures import MEND, read_entries

    entries: list[Any] = []
    for given in (*networks, *lists):
        if given == "-":
            entries += read_entries(read_stdin(MEND), "stdin")
        elif given in lists or given.endswith(LISTS):
            entries += read_entries(read_text(given), given)
        else:
            entries.append(given)
    if not entries:
        raise InputError("no networks", where="predict", mend="name some, or a list with --from FILE")
    profile = load_profile(hw, parse_settings(settings), runtime)
    predictor = Predictor(profile, batch=batch, input_size=input_size, **run)
    predictions = [p for some in _shares(predictor, entries, constructor, keep_going, workers) for p in some]
    print_report("predict", output, predictions, predictor)


def _shares(
    predictor: Any, entries: list[Any], constructor: str | None, keep_going: bool, workers: int
) -> Iterator[list[Any]]:
    """The predictions of the entries, some at a time and in their order."""
    from costsim.predict.architectures import predict_entries
    from costsim.report.progress import progress_bar
    from costsim.sweep.executors import open_executor

    starts = range(0, len(entries), TOGETHER)
    calls = [((predictor, entries[at : at + TOGETHER], constructor, at + 1, keep_going)) for at in starts]
    with progress_bar("predicting", "networks") as progress, open_executor(min(workers, len(calls))) as pool:
        results = (
            (predict_entries(*call) for call in calls)
            if pool is None
            else (future.result() for future in [pool.submit(predict_entries, *call) for call in calls])
        )
        try:
            for done, some in enumerate(results, start=1):
                progress(min(done * TOGETHER, len(entries)), len(entries))
                yield some
        except InputError as error:
            mend = "; or ".join(filter(None, (error.mend, GO_ON))) if len(entries) > 1 else error.mend
            raise InputError(error.what, where=error.where, mend=mend) from None
