"""``costsim nets``: the zoo."""

from __future__ import annotations

import inspect

import click

from costsim.cli.paragraphs import paragraph
from costsim.graph import LayerGraph
from costsim.networks import build, network_names
from costsim.networks.zoo import family_of
from costsim.units import format_count


@click.group("nets")
def command() -> None:
    """The networks costsim knows by name."""


@command.command("list", short_help="All names, one a line.")
def list_networks() -> None:
    """Print all names, one a line."""
    click.echo("\n".join(network_names()))


@command.command("show", short_help="What a network is, its size and its blocks.")
@click.argument("name")
def show(name: str) -> None:
    """Print what NAME is, its size and its blocks."""
    family, graph = family_of(name), build(name)
    shape = "x".join(str(d) for d in graph.input_shape)
    size = f"{format_count(graph.total_params)} parameters, {format_count(graph.total_macs)} MACs"
    options = ", ".join(f"{key}={value}" for key, value in family.variants[name].items())
    click.echo(f"{name}: {size} at {shape}\n")
    for text in filter(None, (_prose(inspect.getmodule(family.constructor)), _prose(family.constructor))):
        click.echo(f"{text}\n")
    for note in graph.notes:
        click.echo(paragraph(f"note: {note}", indent="    "))
    click.echo(paragraph(f"built with: {options or 'defaults'}", indent="    ") + "\n")
    _echo_blocks(graph)


def _prose(documented: object) -> str:
    """A docstring as plain paragraphs."""
    text = (inspect.getdoc(documented) or "").replace("``", "")
    return "\n\n".join(paragraph(" ".join(part.split())) for part in text.split("\n\n"))


def _echo_blocks(graph: LayerGraph) -> None:
    blocks: dict[str, tuple[int, int, int]] = {}
    for node in graph:
        layers, params, macs = blocks.get(node.block, (0, 0, 0))
        blocks[node.block] = (layers + 1, params + graph.params(node), macs + graph.loop_nest(node).macs)
    click.echo(f"{'block':<40}{'layers':>8}{'params':>12}{'MACs':>12}")
    for block, (layers, params, macs) in blocks.items():
        click.echo(f"{block or '(none)':<40}{layers:>8}{format_count(params):>12}{format_count(macs):>12}")
