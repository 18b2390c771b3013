"""``costsim verify``: a network's counts, and an imported one's outputs, held against what is executed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from costsim.api import analyze, verify
from costsim.cli.options import input_size_option
from costsim.cli.outputs import format_option, print_report
from costsim.errors import AssertionFailedError
from costsim.timed import Timed, timed

if TYPE_CHECKING:
    from costsim.reference.judge import Judgement


@click.command("verify", short_help="Hold a network's counts and outputs against what is executed.")
@click.argument("network")
@click.option("--batch", type=int, metavar="N", help="Images per inference.")
@input_size_option("Channels, height and width: 3x224x224.")
@click.option(
    "--measure", metavar="HW", help="Also time every op in torch here, beside what HW, a profile of this machine, says."
)
@format_option("verify")
def command(network: str, batch: int | None, input_size: str | None, measure: str | None, output: str) -> None:
    """Run NETWORK in torch and hold every layer's shape, parameters, MACs and elements moved against it.

    A module, an exported program or an ONNX file is also run by torch or ONNX Runtime with its own weights, and the
    graph that was read from it with the same ones: the largest difference, and the first layer that differs. Networks
    of the zoo have random weights: what is held is what they cost. Exit code 3 where anything disagrees.

    \b
    costsim verify shufflenet_v2_1x
    costsim verify net.onnx --format json
    costsim verify net.py:Net --input-size 3x224x224 --format html > net.html
    costsim verify mobilenet_v2_1x --measure epyc_zen4
    """  # noqa: D301  click wants a real backspace
    found = verify(network, batch=batch, input_size=input_size)
    print_report("verify", output, found, _timed(found, measure) if measure else None)
    if not found.agrees:
        raise AssertionFailedError(f"{_what_differs(found)} with {_whom(found)}")


def _timed(found: Judgement, hw: str) -> Timed:
    from costsim.reference import measure  # loads torch

    analysis = analyze(found.graph, hw, dtype="fp32")
    threads = int(analysis.simulation.run.threads)
    return timed(analysis, measure(found.graph, threads=threads))


def _what_differs(found: Judgement) -> str:
    """What disagrees, with its verb."""
    count = len(found.mismatches)
    if not found.counts_agree:
        what = f"{count} layer{'s' * (count != 1)}" if count else "the peak"
        return f"{what} of {found.network} {'disagree' if count != 1 else 'disagrees'}"
    first = found.outputs.first_off if found.outputs else None
    return f"the outputs of {found.network} disagree from {first.name if first else 'some layer'} on"


def _whom(found: Judgement) -> str:
    return "torch" if not found.counts_agree or not found.outputs else found.outputs.against
