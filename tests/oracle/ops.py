"""What one executed op counts, number by number: the readable twin of the op table's columns.

Written from the definitions of the layers, in plain Python, one object per op; it shares no
code with the loop nests or the lowering it checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from costsim.graph import LayerGraph, Node
from costsim.graph import layers as L
from costsim.graph.layers import Shape
from costsim.tables.optable import OpLabel

CELLS = {"lstm": (4, 3 * 4 + 2 * 6 + 4), "gru": (3, 2 * 4 + 6 + 5), "rnn": (1, 6 + 1)}
"""Gates of a cell, and operations a hidden unit takes at a step beside products with weights."""

INTERPOLATION_FLOPS = {"nearest": 0, "bilinear": 7, "bicubic": 39}

ACTIVATION_FLOPS = {
    "relu": 1,
    "leaky_relu": 2,
    "prelu": 2,
    "relu6": 2,
    "clip": 2,
    "hard_sigmoid": 4,
    "sigmoid": 4,
    "hard_swish": 5,
    "swish": 5,
    "elu": 4,
    "tanh": 6,
    "gelu": 8,
    "mish": 9,
    "selu": 5,
    "softplus": 6,
    "softsign": 3,
    "erf": 6,
    "exp": 4,
    "log": 4,
    "sin": 4,
    "cos": 4,
    "tan": 6,
    "atan": 6,
    "sqrt": 4,
    "rsqrt": 5,
    "square": 1,
    "reciprocal": 1,
    "abs": 1,
    "neg": 1,
    "sign": 1,
    "floor": 1,
    "ceil": 1,
    "round": 1,
    "identity": 0,
}
"""Operations an element, as the table of op words should have them."""

EXPONENTIALS = {
    **dict.fromkeys(("sigmoid", "swish", "tanh", "gelu", "elu", "selu", "exp", "log", "erf", "softmax"), 1),
    **dict.fromkeys(("sin", "cos", "atan", "atan2"), 1),
    **dict.fromkeys(("tan", "softplus", "pow", "lrn"), 2),  # two series, or a logarithm and an exponential
    "mish": 3,
}
"""Series an output element."""


@dataclass(frozen=True)
class Loops:
    """The loops a device runs for a layer; lengths of one group."""

    multiplies: bool
    n: float
    groups: float
    c_in: float
    c_out: float
    h_in: float
    w_in: float
    h_out: float
    w_out: float
    kernel_h: float = 1.0
    kernel_w: float = 1.0
    stride_h: float = 1.0
    stride_w: float = 1.0
    dilation_h: float = 1.0
    dilation_w: float = 1.0


def as_map(shape: Shape) -> tuple[float, float, float, float]:
    """Batch, channels, height and width of any tensor: what is missing is 1, what is more lies in the height."""
    n, c, *rest = (*shape, 1)[: max(2, len(shape))]
    width = rest[-1] if len(rest) > 1 else 1
    return n, c, prod(rest) / width, width


@dataclass(frozen=True)
class OracleLayer:
    """One layer in its place."""

    layer: L.Layer
    inputs: tuple[Shape, ...]
    output: Shape

    @property
    def outputs(self) -> float:
        return float(prod(self.output))

    @property
    def loops(self) -> Loops:
        x, y = as_map(self.inputs[0] if self.inputs else self.output), as_map(self.output)
        match self.layer:
            case L.Conv2d(kernel=kernel, stride=stride, dilation=dilation, groups=g):
                return Loops(True, x[0], g, x[1] / g, y[1] / g, *x[2:], *y[2:], *kernel, *stride, *dilation)
            case L.ConvTranspose2d(kernel=(kh, kw), groups=g):
                return Loops(True, x[0], g, x[1] / g, y[1] / g * kh * kw, *x[2:], *x[2:])
            case L.Linear(out_features=c):
                rows = prod(self.inputs[0][:-1])
                return Loops(True, 1, 1, self.inputs[0][-1], c, rows, 1, rows, 1)
            case L.MatMul():
                *_, m, k = self.inputs[0]
                return Loops(True, 1, prod(self.output[:-2]), k, self.output[-1], m, 1, m, 1)
            case L.Recurrent(hidden=c, cell=cell, time_first=turned):
                n, steps = self.inputs[0][1::-1] if turned else self.inputs[0][:2]
                depth = self.inputs[0][2] + c
                return Loops(True, n, self.layer.directions, depth, CELLS[cell][0] * c, steps, 1, steps, 1)
            case L.ScatterAdd(as_matmul=True, channels=c):
                return Loops(True, x[0], 1, x[1], c, *x[2:], *x[2:])
            case L.Pool2d(kernel=kernel, stride=stride):
                return Loops(False, y[0], y[1], 1, 1, *x[2:], *y[2:], *kernel, *stride)
            case L.GlobalPool():
                return Loops(False, y[0], y[1], 1, 1, *x[2:], *y[2:], *x[2:], *x[2:])
            case L.Arithmetic():  # operands are broadcast to the output while they are read
                return Loops(False, y[0], y[1], 1, 1, *y[2:], *y[2:])
        return Loops(False, y[0], y[1], 1, 1, *x[2:], *y[2:])

    @property
    def macs(self) -> float:
        x = self.inputs[0] if self.inputs else ()
        match self.layer:
            case L.Conv2d(kernel=(kh, kw), groups=g):
                return self.outputs * (x[1] / g) * kh * kw
            case L.ConvTranspose2d(kernel=(kh, kw), groups=g, out_channels=c):
                return prod(x) * (c / g) * kh * kw
            case L.Linear() | L.MatMul():
                return self.outputs * x[-1]
            case L.Recurrent(hidden=c, cell=cell):
                return self.outputs * CELLS[cell][0] * (x[2] + c)
            case L.ScatterAdd(as_matmul=True):
                return self.outputs * x[1]
        return 0.0

    @property
    def other_flops(self) -> float:
        """Arithmetic beside multiply-accumulates."""
        x = self.inputs[0] if self.inputs else ()
        bias = self.outputs if getattr(self.layer, "bias", False) else 0.0
        match self.layer:
            case L.Recurrent(cell=cell):
                return self.outputs * (CELLS[cell][1] + (2 * CELLS[cell][0] if self.layer.bias else 0))
            case L.Conv2d() | L.Linear() | L.MatMul() | L.ScatterAdd(as_matmul=True):
                return bias
            case L.ConvTranspose2d(kernel=(kh, kw), out_channels=c):
                return bias + x[0] * c * x[2] * x[3] * kh * kw
            case L.BatchNorm():
                return self.outputs * 2
            case L.LayerNorm() | L.GroupNorm():
                return self.outputs * 8
            case L.RmsNorm():
                return self.outputs * 4
            case L.Softmax():
                return self.outputs * 5
            case L.LRN(size=n):
                return self.outputs * (2 * n + 4)
            case L.Activation(function=f):
                return self.outputs * ACTIVATION_FLOPS[f]
            case L.Pool2d(kernel=(kh, kw)):
                return self.outputs * kh * kw
            case L.GlobalPool() | L.Reduce() | L.ScatterAdd():
                return float(prod(x))
            case L.RoiAlign(samples=n):
                return self.outputs * n * 8
            case L.Upsample(mode=mode):
                return self.outputs * INTERPOLATION_FLOPS[mode]
            case L.Arithmetic():
                return self.outputs * max(1, len(self.inputs) - 1)
        return 0.0

    @property
    def weights(self) -> float:
        x = self.inputs[0] if self.inputs else ()
        match self.layer:
            case L.Conv2d(kernel=(kh, kw), groups=g, out_channels=c, bias=bias):
                return c * (x[1] / g) * kh * kw + c * bias
            case L.ConvTranspose2d(kernel=(kh, kw), groups=g, out_channels=c, bias=bias):
                return x[1] * (c / g) * kh * kw + c * bias
            case L.Linear(out_features=c, bias=bias):
                return c * (x[-1] + bias)
            case L.Recurrent(hidden=c, cell=cell, bias=bias):
                return self.layer.directions * CELLS[cell][0] * c * (x[2] + c + 2.0 * bias)
            case L.BatchNorm() | L.GroupNorm(affine=True):
                return 2.0 * x[1]
            case L.LayerNorm(affine=True):
                return 2.0 * x[-1]
            case L.RmsNorm(affine=True):
                return float(x[-1])
            case L.Activation(function="prelu"):
                return float(x[1])
            case L.Arithmetic(const_elems=n):
                return float(n)
        return 0.0

    @property
    def params(self) -> float:
        """Its own: shared weights are another layer's."""
        return 0.0 if getattr(self.layer, "shared", False) else self.weights

    @property
    def stored_elems(self) -> float:
        """What the device reads for it: its weights, or an index layer's matrix of zeros and ones."""
        match self.layer:
            case L.ScatterAdd(as_matmul=True, channels=c):
                return float(self.inputs[0][1] * c)
        return self.weights


class OracleOp:
    """A chain of layers executed as one op: an anchor, and what is fused behind it."""

    def __init__(self, graph: LayerGraph, label: OpLabel) -> None:
        nodes: list[Node] = [graph[name] for name in label.layers]
        self.word = label.op
        self.anchor, *self.fused = [OracleLayer(n.layer, graph.input_shapes(n), n.shape) for n in nodes]
        self.loops = self.anchor.loops
        self.params = sum(layer.params for layer in [self.anchor, *self.fused])
        self.macs = self.anchor.macs
        self.flops = 2 * self.macs + self.anchor.other_flops
        self.weight_elems = self.anchor.stored_elems
        for layer in self.fused:
            folds = isinstance(layer.layer, L.BatchNorm) and hasattr(self.anchor.layer, "bias")
            if not folds:
                self.flops += layer.other_flops
                self.weight_elems += layer.stored_elems
            elif not self.anchor.layer.bias:  # the norm leaves a bias behind
                self.flops += layer.outputs
                self.weight_elems += layer.output[1]
        read = [name for node in nodes for name in node.inputs if name not in label.layers]
        self.input_elems = float(sum(prod(graph[name].shape) for name in read))
        self.output_elems = float(prod(nodes[-1].shape))
        self.mem_access_elems = self.input_elems + self.output_elems + self.weight_elems
