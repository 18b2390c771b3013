"""``costsim verify``: a network's counts held against what torch executes."""

from __future__ import annotations

import click

from costsim.api import verify
from costsim.cli.outputs import format_option, print_report
from costsim.errors import AssertionFailedError


@click.command("verify", short_help="Hold a network's counts against what torch executes.")
@click.argument("network")
@click.option("--batch", type=int, metavar="N", help="Images per inference.")
@click.option("--input-size", metavar="CxHxW", help="Channels, height and width: 3x224x224.")
@format_option("verify")
def command(network: str, batch: int | None, input_size: str | None, output: str) -> None:
    """Run NETWORK in torch and hold every layer's shape, parameters, MACs and elements moved against it.

    Weights are random: what is held is what a network costs, not what it answers. Exit code 3 where anything
    disagrees.
    """
    found = verify(network, batch=batch, input_size=input_size)
    print_report("verify", output, found)
    if not found.agrees:
        count = len(found.mismatches)
        what = f"{count} layer{'s' * (count != 1)}" if count else "the peak"
        raise AssertionFailedError(f"{what} of {found.network} {'disagree' if count != 1 else 'disagrees'} with torch")
