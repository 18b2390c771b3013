"""Layer specifications: what a network's author writes, independent of input size and device."""

from costsim.graph.layers.base import Dim, Layer, LoopNest, Shape
from costsim.graph.layers.compute import Conv2d, ConvTranspose2d, Linear, MatMul
from costsim.graph.layers.elementwise import (
    LRN,
    Activation,
    Add,
    Arithmetic,
    BatchNorm,
    Dropout,
    GroupNorm,
    LayerNorm,
    Multiply,
    RmsNorm,
    Softmax,
)
from costsim.graph.layers.ends import Constant, Input, Output
from costsim.graph.layers.movement import (
    ChannelShuffle,
    Concat,
    DepthToSpace,
    IndexSelect,
    Pad,
    ScatterAdd,
    Slice,
    SpaceToDepth,
    Upsample,
)
from costsim.graph.layers.pooling import GlobalPool, Pool2d, Reduce, RoiAlign
from costsim.graph.layers.recurrent import Recurrent
from costsim.graph.layers.shaping import Flatten, Reshape, ReshapeLike, Transpose
from costsim.graph.layers.unknown import Unknown

__all__ = [
    "LRN",
    "Activation",
    "Add",
    "Arithmetic",
    "BatchNorm",
    "ChannelShuffle",
    "Concat",
    "Constant",
    "Conv2d",
    "ConvTranspose2d",
    "DepthToSpace",
    "Dim",
    "Dropout",
    "Flatten",
    "GlobalPool",
    "GroupNorm",
    "IndexSelect",
    "Input",
    "Layer",
    "LayerNorm",
    "Linear",
    "LoopNest",
    "MatMul",
    "Multiply",
    "Output",
    "Pad",
    "Pool2d",
    "Recurrent",
    "Reduce",
    "Reshape",
    "ReshapeLike",
    "RmsNorm",
    "RoiAlign",
    "ScatterAdd",
    "Shape",
    "Slice",
    "Softmax",
    "SpaceToDepth",
    "Transpose",
    "Unknown",
    "Upsample",
]
