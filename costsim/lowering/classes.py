"""The classes costs are summed by."""

from __future__ import annotations

from costsim.graph.layers import LoopNest
from costsim.graph.layers.base import everywhere
from costsim.tables.optable import MAC

OP_CLASSES = {
    "linear": "fully connected",
    "matmul": "matrix product",
    "conv_transpose": "transposed conv",
    "add": "element-wise",
    "sub": "element-wise",
    "mul": "element-wise",
    "div": "element-wise",
    "pow": "element-wise",
    "maximum": "element-wise",
    "minimum": "element-wise",
    "compare": "element-wise",
    "select": "element-wise",
    "batch_norm": "normalisation",
    "layer_norm": "normalisation",
    "group_norm": "normalisation",
    "lrn": "normalisation",
    "softmax": "activation",
    "max_pool": "pooling",
    "avg_pool": "pooling",
    "global_pool": "pooling",
    "roi_align": "pooling",
    "reduce": "pooling",
    "channel_shuffle": "shuffle",
    "concat": "data movement",
    "slice": "data movement",
    "reshape": "data movement",
    "transpose": "data movement",
    "pad": "data movement",
    "depth_to_space": "data movement",
    "space_to_depth": "data movement",
    "index_select": "data movement",
    "scatter_add": "data movement",
    "upsample": "data movement",
    "unknown": "unknown",
}


def op_class(word: str, nest: LoopNest) -> str:
    """The class of a row, as the papers draw them."""
    if word == "depthwise_conv":
        return "depthwise conv"
    if word == "grouped_conv":
        return "grouped conv"
    if word == "conv":
        return "pointwise conv" if everywhere(nest.kernel_h == 1) and everywhere(nest.kernel_w == 1) else "spatial conv"
    return OP_CLASSES.get(word, "unknown" if nest.kind == MAC else "activation")
