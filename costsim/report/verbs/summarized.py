"""The layers of a network, as torchinfo lists those of a module."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from costsim.graph import LayerGraph
from costsim.report.formats.terminal import as_text, plain_table
from costsim.report.words import shape
from costsim.units import format_count


def text(graph: LayerGraph, width: int | None = None) -> str:
    """A line a layer, then the totals."""
    table = plain_table(show_edge=False)
    table.add_column("layer", overflow="fold")
    table.add_column("kind", overflow="fold")
    for name in ("output", "parameters", "MACs"):
        table.add_column(name, justify="right", no_wrap=True)
    for node in graph:
        params, macs = graph.params(node), graph.loop_nest(node).macs
        table.add_row(node.name, node.placed.op.replace("_", " "), shape(node.shape), _count(params), _count(macs))
    totals = f"{format_count(graph.total_params)} parameters, {format_count(graph.total_macs)} MACs"
    head = Text.assemble((graph.name, "bold"), f": {len(graph)} layers, input {shape(graph.input_shape)}\n")
    return as_text(Group(head, table, Text(f"\n{totals}", "bold"), *map(Text, graph.notes)), width)


def _count(value: float) -> str:
    return format_count(value) if value else ""
