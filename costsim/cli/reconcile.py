"""``costsim reconcile``: why two papers or tools print different numbers for the same network."""

from __future__ import annotations

import click

from costsim.cli.options import input_size_option
from costsim.cli.outputs import format_option, print_report
from costsim.network import Network
from costsim.reconcile import reconcile


@click.command("reconcile", short_help="What each paper and tool counts as this network's cost.")
@click.argument("network")
@click.option("--batch", type=int, metavar="N", help="Images per inference.")
@input_size_option("Channels, height and width: 3x224x224.")
@format_option("reconcile")
def command(network: str, batch: int | None, input_size: str | None, output: str) -> None:
    """Count NETWORK as each paper and tool counts, and say which rule makes the difference.

    Tools see a network in the form they are given: batch norms that an exporter folded away are counted by none.

    \b
    costsim reconcile mobilenet_v2_1x
    """  # noqa: D301  click wants a real backspace
    print_report("reconcile", output, reconcile(Network(network, input_size=input_size, batch=batch).graph))
