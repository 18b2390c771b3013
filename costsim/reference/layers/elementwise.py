"""Normalisations, activations and element-wise arithmetic in torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import prod

import torch
from torch import Tensor, nn

from costsim.errors import InputError, unknown_name
from costsim.graph import layers as L
from costsim.graph.layers import Shape
from costsim.reference.layers.function import Builder, Function

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "relu6": nn.ReLU6,
    "clip": nn.Hardtanh,  # the layer does not say its limits: -1 and 1
    "hard_sigmoid": nn.Hardsigmoid,
    "sigmoid": nn.Sigmoid,
    "hard_swish": nn.Hardswish,
    "swish": nn.SiLU,
    "elu": nn.ELU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "mish": nn.Mish,
    "selu": nn.SELU,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "identity": nn.Identity,
}

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    name: getattr(torch, name)
    for name in (
        *("abs", "atan", "ceil", "cos", "erf", "exp", "floor", "log", "neg", "reciprocal"),
        *("round", "rsqrt", "sign", "sin", "sqrt", "square", "tan"),
    )
}
"""Activations torch has under the same name, but not as a module."""

ARITHMETIC: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "pow": torch.pow,
    "max": torch.maximum,
    "min": torch.minimum,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "mod": torch.remainder,
    "atan2": torch.atan2,
    "compare": torch.maximum,  # which comparison is not told; all read two tensors and write one
    "select": torch.maximum,  # likewise
}

BATCH_NORMS: dict[int, type[nn.BatchNorm1d] | type[nn.BatchNorm2d] | type[nn.BatchNorm3d]] = {
    2: nn.BatchNorm1d,
    3: nn.BatchNorm1d,
    4: nn.BatchNorm2d,
    5: nn.BatchNorm3d,
}
"""By the rank of the tensor."""


def batch_norm(layer: L.BatchNorm, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    """With statistics and weights away from 0 and 1, so that folding it wrongly shows."""
    rank = len(inputs[0])
    if rank not in BATCH_NORMS:
        raise InputError(f"torch has no batch norm of tensors with {rank} dimensions")
    module = BATCH_NORMS[rank](inputs[0][1])
    state = module.state_dict()
    for scale in ("weight", "running_var"):
        nn.init.uniform_(state[scale], 0.5, 1.5)
    for shift in ("bias", "running_mean"):
        nn.init.normal_(state[shift], std=0.1)
    return module


def layer_norm(layer: L.LayerNorm, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.LayerNorm(inputs[0][-1], elementwise_affine=layer.affine)


def rms_norm(layer: L.RmsNorm, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.RMSNorm(inputs[0][-1], elementwise_affine=layer.affine)


def group_norm(layer: L.GroupNorm, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.GroupNorm(layer.groups, inputs[0][1], affine=layer.affine)


def activation(layer: L.Activation, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    if layer.function == "prelu":
        return nn.PReLU(inputs[0][1])
    if layer.function in FUNCTIONS:
        return Function(FUNCTIONS[layer.function], layer.function)
    if layer.function not in ACTIVATIONS:
        raise unknown_name("activation", layer.function, [*ACTIVATIONS, *FUNCTIONS, "prelu"])
    return ACTIVATIONS[layer.function]()


def softmax(layer: L.Softmax, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.Softmax(layer.axis)


def lrn(layer: L.LRN, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.LocalResponseNorm(layer.size)


def dropout(layer: L.Dropout, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.Dropout()


def output(layer: L.Output, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    return nn.Identity()


class Arithmetic(nn.Module):
    """Folds its operands from left to right; stored constants are the last of them, or a number."""

    def __init__(self, function: Callable[..., Tensor], constants: Sequence[Tensor], number: float | None) -> None:
        super().__init__()
        self.function = function
        self.constants = nn.ParameterList(constants)
        self.numbers = () if number is None else (number,)

    def forward(self, *tensors: Tensor) -> Tensor:
        return reduce(self.function, (*tensors[1:], *self.constants, *self.numbers), tensors[0])

    def extra_repr(self) -> str:
        return self.function.__name__


def arithmetic(layer: L.Arithmetic, inputs: tuple[Shape, ...], output: Shape) -> nn.Module:
    """A single operand without a stored constant meets the scalar 2, which costs no parameter."""
    if layer.function not in ARITHMETIC:
        raise unknown_name("arithmetic function", layer.function, ARITHMETIC)
    shapes = _constant_shapes(layer.const_elems, output) if layer.const_elems else []
    constants = [torch.rand(shape) + 0.5 for shape in shapes]  # away from 0: it may divide
    return Arithmetic(ARITHMETIC[layer.function], constants, 2.0 if len(inputs) == 1 and not constants else None)


def _constant_shapes(elems: int, output: Shape) -> list[tuple[int, ...]]:
    """One constant of so many elements, or the fewest that are equally large: a scale and a shift in one op."""
    for count in range(1, max(elems, 2)):  # numbers one by one are no parameters
        if elems % count == 0 and (shape := _constant_shape(elems // count, output)) is not None:
            return [shape] * count
    raise InputError(f"a constant of {elems} elements does not broadcast to {tuple(output)}")


def _constant_shape(elems: int, output: Shape) -> tuple[int, ...] | None:
    """The layer counts the constant's elements only: they lie along the first axes they fill; None if along none."""
    if elems == 1:
        return ()
    rank = len(output)
    for start in (*range(1, rank), 0):
        for stop in range(start + 1, rank + 1):
            if prod(output[start:stop]) == elems:
                return (*output[start:stop], *(1,) * (rank - stop))
    return None


BUILDERS: dict[type[L.Layer], Builder] = {
    L.BatchNorm: batch_norm,
    L.LayerNorm: layer_norm,
    L.RmsNorm: rms_norm,
    L.GroupNorm: group_norm,
    L.Activation: activation,
    L.Softmax: softmax,
    L.LRN: lrn,
    L.Dropout: dropout,
    L.Output: output,
    L.Arithmetic: arithmetic,
    L.Add: arithmetic,
    L.Multiply: arithmetic,
}
