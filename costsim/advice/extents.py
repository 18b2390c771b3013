"""Which of two networks is the smaller one: an order that spares most of the pricing of a search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costsim.graph import LayerGraph
from costsim.graph.layers import LoopNest


@dataclass(frozen=True)
class Extents:
    """The layers of a network, and how large each is."""

    layers: tuple[tuple[str, int], ...]
    """Of each, its op and its groups; a depthwise layer's groups are its channels, and stand among its sizes."""
    sizes: np.ndarray
    """``(layers, extents)`` channels, heights, widths and kernels."""

    @classmethod
    def of(cls, graph: LayerGraph) -> Extents:
        """Those of a network whose dimensions are numbers."""
        nests = [graph.loop_nest(node) for node in graph]
        layers = tuple(
            (node.layer.op, 0 if _is_depthwise(nest) else int(nest.groups))
            for node, nest in zip(graph, nests, strict=True)
        )
        return cls(layers, np.array([_sizes(nest) for nest in nests], dtype=float))

    def cover(self, other: Extents) -> bool:
        """Whether the layers are the other's, and none is smaller in any extent.

        Such a network takes no less time, traffic or memory than the other on a device without a kernel that needs a
        large layer to be fast.
        """
        return self.layers == other.layers and bool(np.all(self.sizes >= other.sizes))


def _is_depthwise(nest: LoopNest) -> bool:
    return bool(nest.c_in_per_group == 1 and nest.c_out_per_group == 1)


def _sizes(nest: LoopNest) -> tuple[float, ...]:
    return (
        nest.n, nest.groups, nest.c_in_per_group, nest.c_out_per_group, nest.h_in, nest.w_in, nest.h_out, nest.w_out,
        nest.kernel_h, nest.kernel_w,
    )  # fmt: skip
