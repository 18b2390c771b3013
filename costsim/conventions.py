"""How papers and tools count one and the same network.

``costsim`` counts exactly: multiply-accumulates of convolutions, fully connected layers and
matrix products. Every other number in the literature is a view of that one. Each convention here
is a pure function over a ``LayerGraph``; its docstring is the rule, as users read it in
``costsim reconcile``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from costsim.graph import LayerGraph, Node
from costsim.graph.layers import (
    Activation,
    Add,
    BatchNorm,
    Conv2d,
    GlobalPool,
    Layer,
    Linear,
    MatMul,
    Pool2d,
    Recurrent,
)
from costsim.graph.layers.base import size
from costsim.tables.words import word

Count = Callable[[LayerGraph], Any]


@dataclass(frozen=True)
class Convention:
    """A rule of counting, who follows it, and the unit its numbers are printed in."""

    name: str
    used_by: str
    """Papers, or the tool and the version whose numbers this rule reproduces."""
    count: Count
    unit: float = 1e6
    unit_name: str = "M"

    @property
    def rule(self) -> str:
        """What is counted, in one line."""
        return " ".join((self.count.__doc__ or "").split())

    def __call__(self, graph: LayerGraph) -> Any:
        """The number as it would be printed, in ``unit``."""
        return self.count(graph) / self.unit


CONVENTIONS: dict[str, Convention] = {}


def convention(name: str, used_by: str, unit: float = 1e6, unit_name: str = "M") -> Callable[[Count], Count]:
    """Register a counting function under ``name``."""

    def register(count: Count) -> Count:
        CONVENTIONS[name] = Convention(name, used_by, count, unit, unit_name)
        return count

    return register


def nodes_of(graph: LayerGraph, *kinds: type[Layer], op: str | None = None) -> list[Node]:
    """The nodes of some layer classes; ``op`` narrows them to one op word."""
    return [node for node in graph if isinstance(node.layer, kinds) and op in (None, node.layer.op)]


def outputs(graph: LayerGraph, *kinds: type[Layer], op: str | None = None) -> Any:
    """Output elements of all layers of some classes."""
    return sum(size(node.shape) for node in nodes_of(graph, *kinds, op=op))


def inputs(graph: LayerGraph, *kinds: type[Layer], op: str | None = None) -> Any:
    """Elements of the (first) inputs of all layers of some classes."""
    return sum(size(graph.input_shapes(node)[0]) for node in nodes_of(graph, *kinds, op=op))


def fc_bias(graph: LayerGraph) -> Any:
    """Output elements of the fully connected layers that have a bias."""
    return sum(size(n.shape) for n in nodes_of(graph, Linear) if n.layer.bias)  # type: ignore[attr-defined]


def window_taps(graph: LayerGraph, *kinds: type[Layer], op: str | None = None) -> Any:
    """Elements all pooling windows read: outputs times kernel area."""
    return sum(graph.loop_nest(node).other_flops for node in nodes_of(graph, *kinds, op=op))


def products(graph: LayerGraph) -> list[Node]:
    """Products of two activations: the scores of attention and what they weigh."""
    return nodes_of(graph, MatMul)


def attention_layers(graph: LayerGraph) -> list[Node]:
    """The products and their projections: fully connected layers with only copies and scales between."""
    found = {node.name for node in products(graph)}
    for node in products(graph):
        found |= _projections(node, lambda name: [graph[source] for source in graph[name].inputs])
        found |= _projections(node, lambda name: list(graph.consumers(name)))
    return [node for node in graph if node.name in found]


def _projections(product: Node, neighbours: Callable[[str], list[Node]]) -> set[str]:
    """The nearest fully connected layers on one side of a product."""
    found, open_nodes = set(), [product]
    while open_nodes:
        for node in neighbours(open_nodes.pop().name):
            if isinstance(node.layer, Linear):
                found.add(node.name)
            elif word(node.layer.op).copies or (node.layer.op == "mul" and len(node.inputs) == 1):
                open_nodes.append(node)
    return found


# --- papers ---


@convention(
    "exact",
    "ShuffleNet v1 and v2, MobileNet v1 to v3, ResNet and ResNeXt; torch FlopCounterMode, deepspeed and calflops MACs",
)
def exact(graph: LayerGraph) -> Any:
    """Multiply-accumulates of convolutions, fully connected layers and matrix products; nothing else."""
    return graph.total_macs


@convention(
    "without_products",
    "counters that hook modules with weights (thop, ptflops, torchinfo) on timm's transformers",
)
def without_products(graph: LayerGraph) -> Any:
    """Exact multiply-accumulates less the products of two activations: the scores of attention and what they weigh."""
    return graph.total_macs - sum(graph.loop_nest(node).macs for node in products(graph))


@convention(
    "without_attention",
    "the same counters where attention calls its layers as functions: torch.nn.MultiheadAttention, torchvision's Swin",
)
def without_attention(graph: LayerGraph) -> Any:
    """Exact multiply-accumulates less the products of attention and its fully connected projections."""
    return graph.total_macs - sum(graph.loop_nest(node).macs for node in attention_layers(graph))


@convention("without_recurrence", "fvcore 0.1.5, torch FlopCounterMode where the CPU runs an LSTM as one op")
def without_recurrence(graph: LayerGraph) -> Any:
    """Exact multiply-accumulates less those of LSTM, GRU and simple recurrence."""
    return graph.total_macs - sum(graph.loop_nest(node).macs for node in nodes_of(graph, Recurrent))


@convention("without_classifier", "ShuffleNet v1, Table 1 (its later tables are exact)")
def without_classifier(graph: LayerGraph) -> Any:
    """Exact multiply-accumulates less the fully connected layers."""
    return graph.total_macs - sum(graph.loop_nest(node).macs for node in nodes_of(graph, Linear))


@convention("binary_millions", "VarGNet (arXiv 1907.05653), Tables 3 and 4", 2**20, "2^20")
def binary_millions(graph: LayerGraph) -> Any:
    """Exact multiply-accumulates, printed in units of 2^20 (and 2^30 where the table says G)."""
    return graph.total_macs


@convention("two_per_mac", "VarGFaceNet (arXiv 1910.04985); torch FlopCounterMode's FLOPs")
def two_per_mac(graph: LayerGraph) -> Any:
    """A multiply and an add for every multiply-accumulate; nothing else."""
    return 2 * graph.total_macs


@convention("with_batch_norm", "counts that take batch norm as executed, not folded")
def with_batch_norm(graph: LayerGraph) -> Any:
    """Exact multiply-accumulates and one more for every batch norm output."""
    return graph.total_macs + outputs(graph, BatchNorm)


@convention("with_activations", "counts that take every activation as one operation")
def with_activations(graph: LayerGraph) -> Any:
    """Exact multiply-accumulates and one operation for every activation output."""
    return graph.total_macs + outputs(graph, Activation)


@convention("condensenet", "CondenseNet (arXiv 1711.09224) and CondenseNetV2 (arXiv 2104.04382)")
def condensenet(graph: LayerGraph) -> Any:
    """Exact, ReLU and hard-swish outputs, what average pooling reads, and the biases of fully connected layers."""
    activated = outputs(graph, Activation, op="relu") + outputs(graph, Activation, op="hard_swish")
    pooled = window_taps(graph, Pool2d, op="avg_pool") + inputs(graph, GlobalPool)
    return graph.total_macs + activated + pooled + fc_bias(graph)


@convention("all_operations", "costsim's flops")
def all_operations(graph: LayerGraph) -> Any:
    """Two for every multiply-accumulate, and all other arithmetic: biases, batch norm, activations, pooling, adds."""
    return sum(graph.loop_nest(node).flops for node in graph)


# --- tools, each rule checked to the printed digit on four networks ---


@convention("ptflops", "ptflops 0.7.5, default backend")
def ptflops(graph: LayerGraph) -> Any:
    """Exact, two per batch norm output, ReLU output and pooling input, one per ReLU6 output, and fc biases.

    ReLU and pooling are counted by the module's hook and again by the patched function inside.
    """
    twice = outputs(graph, BatchNorm) + outputs(graph, Activation, op="relu") + inputs(graph, Pool2d, GlobalPool)
    return graph.total_macs + 2 * twice + outputs(graph, Activation, op="relu6") + fc_bias(graph)


@convention("ptflops_aten", "ptflops 0.7.5, backend=aten")
def ptflops_aten(graph: LayerGraph) -> Any:
    """Exact, and the biases of fully connected layers."""
    return graph.total_macs + fc_bias(graph)


@convention("fvcore", "fvcore 0.1.5")
def fvcore(graph: LayerGraph) -> Any:
    """Exact, two per batch norm output, and the inputs of adaptive (global) pooling."""
    return graph.total_macs + 2 * outputs(graph, BatchNorm) + inputs(graph, GlobalPool)


@convention("torchinfo", "torchinfo 1.8.0")
def torchinfo(graph: LayerGraph) -> Any:
    """Exact, the number of batch norm parameters (not elements), and the biases of fully connected layers."""
    return graph.total_macs + sum(graph.params(node) for node in nodes_of(graph, BatchNorm)) + fc_bias(graph)


@convention("torchprofile", "torchprofile 0.1.0")
def torchprofile(graph: LayerGraph) -> Any:
    """Exact, one per batch norm output, and the outputs of average pooling."""
    averaged = outputs(graph, Pool2d, op="avg_pool") + outputs(graph, GlobalPool)
    return graph.total_macs + outputs(graph, BatchNorm) + averaged


@convention("thop", "thop 0.1.1")
def thop(graph: LayerGraph) -> Any:
    """Exact, four per batch norm output, the outputs of average pooling, and inputs plus outputs of global pooling.

    Pooling called as a function instead of a module is missed.
    """
    pooled = outputs(graph, Pool2d, op="avg_pool") + inputs(graph, GlobalPool) + outputs(graph, GlobalPool)
    return graph.total_macs + 4 * outputs(graph, BatchNorm) + pooled


@convention("onnx_tool", "onnx-tool 1.0.1 on a folded export")
def onnx_tool(graph: LayerGraph) -> Any:
    """Exact, biases (folded batch norm is one), ReLU, Add, what pooling reads; 2 per Clip, 31 per unfolded batch norm.

    A division counts 4, so each output of a global average adds 4.
    """
    folded = [node for node in nodes_of(graph, BatchNorm) if isinstance(graph[node.inputs[0]].layer, Conv2d)]
    folded_elems = sum(size(node.shape) for node in folded)
    elementwise = (
        outputs(graph, Activation, op="relu") + 2 * outputs(graph, Activation, op="relu6") + outputs(graph, Add)
    )
    pooled = window_taps(graph, Pool2d, GlobalPool) + 4 * outputs(graph, GlobalPool)
    unfolded = 31 * (outputs(graph, BatchNorm) - folded_elems)
    return graph.total_macs + folded_elems + fc_bias(graph) + elementwise + pooled + unfolded
