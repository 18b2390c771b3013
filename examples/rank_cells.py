"""The cells of NAS-Bench-201 (arXiv 2001.00326) ranked for a Cortex-A76: which pack most arithmetic into their time?

Four nodes, six edges, five operations an edge: 15,625 cells. Cells that pass nothing on are
impossible and left out; edges that lead nowhere are not executed. All of them take some twenty seconds
of one core; `--sample 2000` visits so many of them.
"""

from collections.abc import Mapping
from functools import partial

from common import swept

from costsim.errors import InputError
from costsim.graph import LayerGraph, NetBuilder, Tensor

OPERATIONS = ("none", "skip", "conv1x1", "conv3x3", "pool3x3")
EDGES = ("edge_0_1", "edge_0_2", "edge_1_2", "edge_0_3", "edge_1_3", "edge_2_3")
"""From node to node: 0 is the cell's input, 3 its output."""

CELLS = [f"cell{number}" for number in range(1, 6)]
"""In each of the three stages."""

STAGES = (16, 32, 64)

SPEC = {
    "network": {"python": "rank_cells:network"},
    "hw": "rpi5",
    "axes": {f"network.{edge}": list(OPERATIONS) for edge in EDGES},
    "objectives": {"latency_ms": "min", "macs": "max"},
}

Edge = tuple[int, int]


def network(**edges: str) -> LayerGraph:
    """The skeleton of the benchmark for CIFAR-10 with one cell in all its places."""
    live = live_edges({(int(e[5]), int(e[7])): operation for e, operation in edges.items()})
    net = NetBuilder("cell_" + "_".join(edges[edge] for edge in EDGES), source="python")
    x = net.conv_bn(net.input(1, 3, 32, 32), STAGES[0], 3, act=None)
    for stage, channels in enumerate(STAGES):
        if stage:
            with net.block(f"reduction{stage}"):
                x = reduction(net, x, channels)
        with net.block(f"stage{stage + 1}"):
            x = net.repeat(CELLS, x, partial(cell, net, edges=live))
    net.classifier(net.act(net.bn(x)), 10)
    return net.graph


def live_edges(operations: Mapping[Edge, str]) -> dict[Edge, str]:
    """The edges on a way from the cell's input to its output.

    Raises:
        InputError: there is no such way.
    """
    edges = {edge: operation for edge, operation in operations.items() if operation != "none"}
    fed, read = {0}, {3}
    for node in (1, 2, 3):
        if any(source in fed and target == node for source, target in edges):
            fed.add(node)
    for node in (2, 1, 0):
        if any(source == node and target in read for source, target in edges):
            read.add(node)
    if 3 not in fed:
        raise InputError("the cell passes nothing on", where="cell", mend="put an operation on a way to its output")
    return {(s, t): operation for (s, t), operation in edges.items() if s in fed and t in read}


def cell(net: NetBuilder, x: Tensor, edges: Mapping[Edge, str]) -> Tensor:
    """Every node is the sum of what its edges make of the nodes before it."""
    nodes = {0: x}
    for node in (1, 2, 3):
        arriving = [apply(net, nodes[s], operation) for (s, t), operation in edges.items() if t == node]
        if arriving:
            nodes[node] = arriving[0] if len(arriving) == 1 else net.add_tensors(*arriving)
    return nodes[3]


def apply(net: NetBuilder, x: Tensor, operation: str) -> Tensor:
    """One edge; convolutions are preceded by their activation."""
    if operation == "skip":
        return x
    if operation == "pool3x3":
        return net.avg_pool(x, 3, 1, padding=1)
    return net.conv_bn(net.act(x), x.c, 3 if operation == "conv3x3" else 1, act=None)


def reduction(net: NetBuilder, x: Tensor, channels: int) -> Tensor:
    """A basic residual block of stride 2 whose shortcut is an average pooling and a 1x1 convolution."""
    y = net.conv_bn(net.act(x), channels, 3, act=None, stride=2)
    y = net.conv_bn(net.act(y), channels, 3, act=None)
    return net.add_tensors(y, net.conv(net.avg_pool(x, 2, 2), channels))


if __name__ == "__main__":
    swept(__file__, __doc__, SPEC)
