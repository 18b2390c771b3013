"""The measures of a part of a network, layer by layer: the readable twin of ``costsim.measures``.

For runtimes that fuse nothing and copy for everything, so that each layer is one op. It shares no code with the op
table: counts are those of the layers' definitions.
"""

from __future__ import annotations

from math import prod, sqrt

from costsim.graph import LayerGraph, Node
from costsim.graph import layers as L

ELEMENTWISE = (L.BatchNorm, L.Activation, L.Add, L.Concat, L.Slice, L.ChannelShuffle)


class OracleMeasures:
    """Of the named layers of a graph of convolutions, poolings and element-wise layers."""

    def __init__(self, graph: LayerGraph, names: list[str]) -> None:
        self.graph = graph
        self.nodes = [graph[name] for name in names]
        self.convolutions = [n for n in self.nodes if isinstance(n.layer, L.Conv2d) and prod(n.shape[2:]) > 1]

    def source(self, node: Node) -> tuple[int, ...]:
        return self.graph[node.inputs[0]].shape

    def groups(self, node: Node) -> int:
        """1 for a depthwise convolution: its groups have one channel and make one op."""
        return 1 if node.layer.groups == self.source(node)[1] else node.layer.groups

    def weights(self, node: Node) -> int:
        return node.shape[1] * self.source(node)[1] // node.layer.groups * prod(node.layer.kernel)

    @property
    def access_ratio(self) -> float | None:
        access = bound = 0.0
        for node in self.convolutions:
            if node.layer.kernel == (1, 1):
                n, c2, h, w = node.shape
                c1, g, hw = self.source(node)[1], node.layer.groups, n * h * w
                macs = hw * c1 * c2 / g
                access += hw * (c1 + c2) + c1 * c2 / g
                bound += 2 * sqrt(hw * macs * g) + macs / hw
        return access / bound if bound else None

    @property
    def group_access_ratio(self) -> float | None:
        grouped = dense = 0.0
        for node in self.nodes:
            if isinstance(node.layer, L.Conv2d) and self.groups(node) > 1:
                features = prod(self.source(node)) + prod(node.shape)
                grouped += features + self.weights(node)
                dense += features / sqrt(node.layer.groups) + self.weights(node)
        return grouped / dense if dense else None

    def fragments_of(self, node: Node) -> int:
        if node in self.convolutions:
            return self.groups(node)
        return int(isinstance(node.layer, L.Pool2d) and prod(node.shape[2:]) > 1)

    @property
    def fragments(self) -> int:
        return sum(self.fragments_of(node) for node in self.nodes)

    @property
    def steps(self) -> int:
        return max(self.depth(node) for node in self.nodes)

    def depth(self, node: Node) -> int:
        inside = [self.graph[name] for name in node.inputs if self.graph[name] in self.nodes]
        return max((self.depth(producer) for producer in inside), default=0) + bool(self.fragments_of(node))

    @property
    def elementwise_elems(self) -> int:
        return sum(self.access(node) for node in self.nodes if isinstance(node.layer, ELEMENTWISE))

    def access(self, node: Node) -> int:
        """Each operand read, the output written; a norm that stands alone has its scale and shift."""
        weights = 2 * node.shape[1] if isinstance(node.layer, L.BatchNorm) else 0
        slopes = node.shape[1] if node.layer == L.Activation("prelu") else 0
        return sum(prod(self.graph[name].shape) for name in node.inputs) + prod(node.shape) + weights + slopes

    @property
    def border_elems(self) -> int:
        total = 0
        for block in {node.block for node in self.nodes}:
            inside = [node for node in self.nodes if node.block == block]
            names = {node.name for node in inside}
            read = {name for node in inside for name in node.inputs} - names
            given = [
                node
                for node in inside
                if not (readers := self.graph.consumers(node.name)) or any(r.name not in names for r in readers)
            ]
            total += sum(prod(self.graph[name].shape) for name in read) + sum(prod(node.shape) for node in given)
        return total

    @property
    def intensity_ratio(self) -> float | None:
        """Largest of a block."""
        ratios = []
        for block in {node.block for node in self.convolutions}:
            intensities = [
                prod(node.shape) * self.source(node)[1] // node.layer.groups * prod(node.layer.kernel)
                / prod(self.source(node))
                for node in self.convolutions if node.block == block
            ]  # fmt: skip
            ratios.append(max(intensities) / min(intensities))
        return max(ratios, default=None)
