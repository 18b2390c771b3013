"""``costsim nets``: the zoo."""

from __future__ import annotations

import inspect
from fnmatch import fnmatch
from typing import Any

import click

from costsim.cli.outputs import format_option, print_report
from costsim.cli.paragraphs import paragraph
from costsim.errors import InputError, unknown_name
from costsim.graph import LayerGraph
from costsim.limits import parse_assertion
from costsim.networks import build, network_names
from costsim.networks.zoo import family_name, family_of
from costsim.survey import ordered, sort_key, survey
from costsim.units import format_count


@click.group("nets")
def command() -> None:
    """The networks costsim knows by name."""


@command.command("list", short_help="The networks by name, by family or by size.")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--family", metavar="NAME", help="Only those of a family: shufflenet_v2.")
@click.option("--max-macs", metavar="COUNT", help="Only those of at most so many multiply-accumulates: 300M.")
@click.option("--sizes", is_flag=True, help="Also family, input, parameters and MACs.")
@click.option("--sort", metavar="MEASURE", help="By a measure, the least first; -MEASURE: the most first.")
@click.option(
    "--hw", default="rpi4b", show_default=True, metavar="HW", help="With --sort: the device whose executed ops count."
)
@format_option("nets_list")
def list_networks(
    words: tuple[str, ...],
    family: str | None,
    max_macs: str | None,
    sizes: bool,
    sort: str | None,
    hw: str,
    output: str,
) -> None:
    """Print the networks whose names hold every WORD (* and ? stand for any letters), one a line.

    With --sort they stand in the order of a measure of docs/measures.md, or of params, macs or latency_ms, with their
    values; --format json and csv then give all measures of each.

    \b
    costsim nets list shuffle --max-macs 150M
    costsim nets list 'mobilenet_v?_1x' --format json
    costsim nets list _1x --sort fragmentation --hw gtx_1080ti
    """  # noqa: D301  click wants a real backspace
    names = [name for name in network_names() if all(fnmatch(name, f"*{word}*") for word in words)]
    families = {name: family_name(name) for name in names}
    if family is not None:
        known = {family_name(name) for name in network_names()}
        if family not in known:
            raise unknown_name("family", family, known, where="--family")
        names = [name for name in names if families[name] == family]
    if sort is not None:
        sort_key(sort)  # a misspelt name is told before all are priced
    limit = parse_assertion(f"macs <= {max_macs}", "--max-macs").limit if max_macs else None
    rows: list[dict[str, Any]] = [{"name": name, "family": families[name]} for name in names]
    if sizes or sort is not None or limit is not None or output != "text":
        rows = [row | _sizes(row["name"]) for row in rows]
    rows = [row for row in rows if limit is None or row["macs"] <= limit]
    if not rows:
        raise InputError("no network is like that", where="nets list", mend="ask for less")
    if sort is not None:
        found = survey([row["name"] for row in rows], hw)
        rows = ordered([row | measured for row, measured in zip(rows, found, strict=True)], sort)
        rows = [row | {"sorted_by": sort_key(sort)} for row in rows]
    print_report("nets_list", output, rows)


def _sizes(name: str) -> dict[str, Any]:
    graph = build(name)
    counts = {"params": int(graph.total_params), "macs": int(graph.total_macs)}
    return {"input_shape": [int(d) for d in graph.input_shape], **counts}


@command.command("show", short_help="What a network is, its size and its blocks.")
@click.argument("name")
def show(name: str) -> None:
    """Print what NAME is, its size and its blocks.

    \b
    costsim nets show shufflenet_v2_1x
    """  # noqa: D301  click wants a real backspace
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
