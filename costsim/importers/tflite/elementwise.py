"""Ops that look at one element, or at those along some axes, after another."""

from __future__ import annotations

from collections.abc import Callable

from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import pieces
from costsim.importers.tflite.call import Call
from costsim.importers.writer import Stored, Value

Handler = Callable[[Call], Value | list[Value]]


def activation(function: str) -> Handler:
    """An op that is one activation whatever its options."""
    return lambda call: call.writer.add(L.Activation(function), call.tensor())


def arithmetic(function: str) -> Handler:
    """Element-wise arithmetic of all inputs, shapes broadcast as in NumPy."""

    def handler(call: Call) -> Tensor:
        operands = [call.operand(i) for i in range(len(call.inputs)) if call.has(i)]
        return call.activated(pieces.arithmetic(call.writer, function, operands))

    return handler


def rescale(call: Call) -> Value:
    """Between number formats. Stored tensors are unpacked once, when the model is loaded."""
    x = call.value()
    return x if isinstance(x, Stored) else call.writer.add(L.Multiply(), x)


def alias(call: Call) -> Value:
    """Nothing runs, or only to go between formats that one run does not mix."""
    return call.value()


def prelu(call: Call) -> Tensor:
    """One slope a channel, or one for each element: then it is arithmetic with a stored tensor."""
    x = call.tensor()
    slopes = call.stored(1).elements
    channels = x.shape[call.axis(-1)]
    if slopes == channels and (call.is_map() or len(x.shape) == 2):
        return call.writer.add(L.Activation("prelu"), x)
    if slopes == 1:
        return call.writer.add(L.Activation("leaky_relu"), x)
    return pieces.arithmetic(call.writer, "mul", [x, call.operand(1)])


def softmax(call: Call) -> Tensor:
    return call.writer.add(L.Softmax(call.axis(-1)), call.tensor())


def reduction(function: str) -> Handler:
    """Over the axes of input 1."""

    def handler(call: Call) -> Tensor:
        axes = [call.axis(a) for a in call.ints(1)]
        gone = {pieces.axis_of(a, call.value().shape) for a in call.ints(1)} or set(range(len(call.value().shape)))
        kept = [1 if i in gone else d for i, d in enumerate(call.file_shape())]
        y = pieces.reduced(call.writer, call.tensor(), function, axes, keepdims=True)
        if call.get("KeepDims", False):
            return call.as_given(y, call.is_map(), call.gives_map)
        return call.shaped(y, [d for i, d in enumerate(kept) if i not in gone])

    return handler


def arg(function: str) -> Handler:
    """The index of the largest or smallest value along one axis, which disappears."""

    def handler(call: Call) -> Tensor:
        (axis,) = call.ints(1)
        shape = list(call.file_shape())
        y = pieces.reduced(call.writer, call.tensor(), function, [call.axis(axis)], keepdims=True)
        del shape[pieces.axis_of(axis, call.value().shape)]
        return call.shaped(y, shape)

    return handler
