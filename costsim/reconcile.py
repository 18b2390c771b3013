"""One network's cost by each paper's and tool's way of counting, and what makes them differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from costsim.conventions import (
    CONVENTIONS,
    Count,
    attention_layers,
    fc_bias,
    inputs,
    nodes_of,
    outputs,
    window_taps,
)
from costsim.graph import LayerGraph
from costsim.graph.layers import (
    Activation,
    Add,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    GlobalPool,
    Layer,
    Linear,
    MatMul,
    Pool2d,
    Recurrent,
)


@dataclass(frozen=True)
class Row:
    """What one convention makes of the network."""

    convention: str
    used_by: str
    count: int
    """In operations, whatever the convention takes for one."""
    printed: float
    """The number as its users print it, in ``unit``."""
    unit: str
    excess: int
    """``count`` less the exact multiply-accumulates."""
    rule: str


@dataclass(frozen=True)
class Reconciliation:
    """All conventions over one network, and the quantities they are made of."""

    network: str
    params: int
    macs: int
    rows: tuple[Row, ...]
    terms: dict[str, int]
    """What there is to count, by name: the differences are sums of these."""

    def record(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def _macs_of(*kinds: type[Layer]) -> Count:
    return lambda graph: sum(graph.loop_nest(node).macs for node in nodes_of(graph, *kinds))


def _other_activations(graph: LayerGraph) -> Any:
    return outputs(graph, Activation) - sum(outputs(graph, Activation, op=op) for op in ("relu", "relu6"))


TERMS: dict[str, Callable[[LayerGraph], Any]] = {
    "convolutions, multiply-accumulates": _macs_of(Conv2d, ConvTranspose2d),
    "fully connected, multiply-accumulates": _macs_of(Linear),
    "matrix products, multiply-accumulates": _macs_of(MatMul),
    "attention, products and projections, multiply-accumulates": lambda graph: sum(
        graph.loop_nest(node).macs for node in attention_layers(graph)
    ),
    "recurrence, multiply-accumulates": _macs_of(Recurrent),
    "batch norm outputs": lambda graph: outputs(graph, BatchNorm),
    "batch norm parameters": lambda graph: sum(graph.params(node) for node in nodes_of(graph, BatchNorm)),
    "ReLU outputs": lambda graph: outputs(graph, Activation, op="relu"),
    "ReLU6 outputs": lambda graph: outputs(graph, Activation, op="relu6"),
    "other activation outputs": _other_activations,
    "add outputs": lambda graph: outputs(graph, Add),
    "pooling inputs": lambda graph: inputs(graph, Pool2d),
    "pooling window reads": lambda graph: window_taps(graph, Pool2d),
    "global pooling inputs": lambda graph: inputs(graph, GlobalPool),
    "global pooling outputs": lambda graph: outputs(graph, GlobalPool),
    "fully connected biases": fc_bias,
}


def reconcile(graph: LayerGraph) -> Reconciliation:
    """Count the network by every convention costsim knows."""
    macs = int(graph.total_macs)
    rows = []
    for name, convention in CONVENTIONS.items():
        count = int(convention.count(graph))
        rows.append(
            Row(
                name,
                convention.used_by,
                count,
                count / convention.unit,
                convention.unit_name,
                count - macs,
                convention.rule,
            )
        )
    terms = {name: int(count(graph)) for name, count in TERMS.items()}
    return Reconciliation(graph.name, int(graph.total_params), macs, tuple(rows), terms)
