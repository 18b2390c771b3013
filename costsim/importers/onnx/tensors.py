"""ONNX ops without weights: element-wise, reductions, and everything that moves data."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, log2, prod

import numpy as np

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import elements, pieces
from costsim.importers.onnx.call import Call
from costsim.importers.writer import Stored, Value

REDUCTIONS = {
    "ArgMax": "max",
    "ArgMin": "min",
    "ReduceL1": "sum",
    "ReduceL2": "sum",
    "ReduceLogSum": "sum",
    "ReduceLogSumExp": "sum",
    "ReduceMax": "max",
    "ReduceMean": "mean",
    "ReduceMin": "min",
    "ReduceProd": "prod",
    "ReduceSum": "sum",
    "ReduceSumSquare": "sum",
}


def activation(function: str) -> Callable[[Call], Tensor]:
    """An op that is one activation whatever its attributes."""
    return lambda call: call.writer.add(L.Activation(function), call.tensor())


def arithmetic(function: str) -> Callable[[Call], Tensor]:
    """An op that is element-wise arithmetic of all its inputs."""
    return lambda call: pieces.arithmetic(call.writer, function, [x for x in call.inputs if x is not None])


def qlinear_arithmetic(function: str) -> Callable[[Call], Tensor]:
    """ONNX Runtime's QLinearAdd, QLinearMul: (a, scale, zero, b, scale, zero, ...)."""
    return lambda call: pieces.arithmetic(call.writer, function, [call.value(0), call.value(3)])


def qlinear_concat(call: Call) -> Tensor:
    operands = [call.value(i) for i in range(2, len(call.inputs), 3)]
    return pieces.joined(call.writer, operands, int(call.attributes["axis"]))


def alias(call: Call) -> Value:
    """Nothing runs, or only to go between number formats that one run does not mix."""
    return call.value(0)


def quantize_dynamically(call: Call) -> list[Value]:
    """Scale and zero point are found at run time; they are single numbers."""
    return [call.value(0), Stored((), trainable=False), Stored((), trainable=False, elem_type=2)]


def clip(call: Call) -> Tensor:
    low, high = call.get("min"), call.get("max")
    bounds = [call.value(i) for i in (1, 2) if call.has(i)]
    if any(isinstance(bound, Tensor) for bound in bounds):
        return pieces.arithmetic(call.writer, "minimum", [call.tensor(), *bounds])
    if call.opset >= 11:
        low, high = (call.numbers(i)[0] if call.has(i) else None for i in (1, 2))
    function = {(0, 6): "relu6", (0, None): "relu"}.get((low, high), "clip")
    return call.writer.add(L.Activation(function), call.tensor())


def prelu(call: Call) -> Tensor:
    x = call.tensor()
    slope = (1,) * (len(x.shape) - len(call.value(1).shape)) + call.value(1).shape
    one = prod(slope) == 1  # one slope for all channels is LeakyReLU's kernel; learned, it is a parameter still
    if isinstance(call.value(1), Tensor):
        return pieces.arithmetic(call.writer, "mul", [x, call.value(1)])
    return call.writer.add(L.Activation("leaky_relu" if one else "prelu"), x)


def softmax(call: Call) -> Tensor:
    x = call.tensor()
    return call.writer.add(L.Softmax(pieces.axis_of(int(call.get("axis", 1 if call.opset < 13 else -1)), x.shape)), x)


def dropout(call: Call) -> list[Value]:
    """Nothing at inference; its second output is a mask of ones."""
    return [call.writer.add(L.Dropout(), call.tensor())] * call.output_count


def concat(call: Call) -> Tensor:
    return pieces.joined(call.writer, [x for x in call.inputs if x is not None], int(call.get("axis", 1)))


def split(call: Call) -> list[Value]:
    x = call.tensor()
    axis = pieces.axis_of(int(call.get("axis", 0)), x.shape)
    sizes = call.ints(1, "split", since=13)
    if sizes is None:
        share = -(-x.shape[axis] // call.output_count)
        sizes = [share] * (call.output_count - 1)
        sizes.append(x.shape[axis] - sum(sizes))
    if sum(sizes) != x.shape[axis] or min(sizes) < 1:
        raise InputError(f"parts {sizes} of {x.shape[axis]} elements", mend="check the input size")
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    return [pieces.sliced(call.writer, x, axis, start, start + size) for start, size in zip(starts, sizes, strict=True)]


def slice_op(call: Call) -> Tensor:
    x = call.tensor()
    starts, ends = call.ints(1, "starts", since=10), call.ints(2, "ends", since=10)
    if starts is None or ends is None:
        raise InputError("has no starts or ends", mend="export it again")
    axes = call.ints(3, "axes", since=10) or range(len(starts))
    steps = call.ints(4, "steps", since=10) or [1] * len(starts)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        stop = None if step < 0 and end < -x.shape[axis] else end  # past the front, for a reversal
        x = pieces.sliced(call.writer, x, axis, start, stop, step)
    return x


def gather(call: Call) -> Tensor:
    data, indices = call.value(0), call.value(1)
    axis = pieces.axis_of(int(call.get("axis", 0)), data.shape)
    if isinstance(data, Tensor) and isinstance(indices, Stored) and indices.values is not None:
        chosen = [int(i) for i in indices.values.reshape(-1)]
        if not indices.shape:
            return pieces.selected(call.writer, data, axis, chosen[0])
        chosen = [i + data.shape[axis] if i < 0 else i for i in chosen]
        if len(indices.shape) == 1 and chosen == list(range(chosen[0], chosen[0] + len(chosen))):
            return pieces.sliced(call.writer, data, axis, chosen[0], chosen[0] + len(chosen))
    y = call.writer.add(L.IndexSelect(prod(indices.shape), axis), call.tensor())
    return pieces.reshaped(call.writer, y, (*data.shape[:axis], *indices.shape, *data.shape[axis + 1 :]))


def reshape(call: Call) -> Tensor:
    x, wanted = call.tensor(), call.ints(1, "shape", since=5)
    if wanted is None:
        raise InputError("has no shape", mend="export it again")
    keep_zero = bool(call.get("allowzero", 0))
    shape = [x.shape[i] if d == 0 and not keep_zero else d for i, d in enumerate(wanted)]
    if shape.count(-1) > 1 or min(shape, default=1) < -1:
        raise InputError(f"cannot reshape to {wanted}", mend="export it again")
    if -1 in shape:
        rest = prod(d for d in shape if d != -1)
        shape[shape.index(-1)] = prod(x.shape) // max(rest, 1)
    if prod(shape) != prod(x.shape) and wanted[:1] == [1] and prod(x.shape) % prod(shape) == 0:
        raise InputError(
            f"cannot reshape {x.shape} to {tuple(shape)}: the file has a fixed batch of 1 or a fixed size",
            mend="export it with an open batch, or analyze the batch and size it was made for",
        )
    return pieces.reshaped(call.writer, x, shape)


def flatten(call: Call) -> Tensor:
    x, axis = call.tensor(), int(call.get("axis", 1))
    axis = axis + len(x.shape) if axis < 0 else axis
    return pieces.reshaped(call.writer, x, (prod(x.shape[:axis]), prod(x.shape[axis:])))


def squeeze(call: Call) -> Tensor:
    x = call.tensor()
    axes = call.ints(1, "axes", since=13)
    gone = {pieces.axis_of(a, x.shape) for a in axes} if axes else {i for i, d in enumerate(x.shape) if d == 1}
    return pieces.reshaped(call.writer, x, [d for i, d in enumerate(x.shape) if i not in gone])


def unsqueeze(call: Call) -> Tensor:
    x, axes = call.tensor(), call.ints(1, "axes", since=13) or []
    shape = list(x.shape)
    for axis in sorted(axis % (len(shape) + len(axes)) for axis in axes):
        shape.insert(axis, 1)
    return pieces.reshaped(call.writer, x, shape)


def expand_dims(call: Call) -> Tensor:
    """ONNX Runtime's own Unsqueeze along one axis."""
    x, axis = call.tensor(), int(call.numbers(1)[0])
    shape = list(x.shape)
    shape.insert(axis + len(shape) + 1 if axis < 0 else axis, 1)
    return pieces.reshaped(call.writer, x, shape)


def gather_elements(call: Call) -> Tensor:
    """One element of the data for every index: as many are copied as there are indices."""
    return elements.picked(call.writer, call.tensor(), call.value(1).shape)


def gather_nd(call: Call) -> Tensor:
    """Slices at the positions that input 1 lists, in a batch of them where ``batch_dims`` says so."""
    data, positions, batch = call.value(0).shape, call.value(1).shape, int(call.get("batch_dims", 0))
    shape = (*positions[:-1], *data[batch + positions[-1] :])
    return elements.picked(call.writer, call.tensor(), shape)


def compress(call: Call) -> Tensor:
    """What a stored mask keeps, along one axis or of all elements in a row."""
    data, kept = call.tensor(), sum(map(bool, call.numbers(1)))
    if "axis" not in call.attributes:
        return elements.picked(call.writer, data, (kept,))
    return call.writer.add(L.IndexSelect(kept, pieces.axis_of(int(call.attributes["axis"]), data.shape)), data)


def running_sum(call: Call) -> Tensor:
    x = call.tensor()
    return call.writer.unknown(call.op, [x], x.shape, flops=prod(x.shape))


def top_k(call: Call) -> list[Value]:
    """The largest few along an axis and their places: as many comparisons an element as a binary search takes."""
    x = call.tensor()
    axis, count = pieces.axis_of(int(call.get("axis", -1)), x.shape), (call.ints(1, "k", since=10) or [1])[0]
    operations = prod(x.shape) * max(ceil(log2(max(count, 1))), 1)
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    return [call.writer.unknown(call.op, [x], shape, flops=operations)] * call.output_count


def scattered(call: Call) -> Tensor:
    """A tensor with elements at listed places replaced by those of another, or joined with them."""
    way = elements.replaced if call.get("reduction", "none") == "none" else elements.accumulated
    return way(call.writer, call.value(0), call.value(2))


def written_at(call: Call) -> Tensor:
    """TensorScatter: new steps written into a cache, all of which is handed on."""
    return elements.replaced(call.writer, call.value(0), call.value(1))


def one_hot(call: Call) -> Tensor:
    """Every index compared with every class."""
    x, axis, classes = call.tensor(), int(call.get("axis", -1)), int(call.numbers(1)[0])
    axis = pieces.axis_of(axis, (*x.shape, classes))
    column = pieces.reshaped(call.writer, x, (*x.shape[:axis], 1, *x.shape[axis:]), part="column")
    classes_in_order = Stored((classes, *(1,) * (len(x.shape) - axis)), trainable=False, parameters={})
    return pieces.arithmetic(call.writer, "compare", [column, classes_in_order])


def reversed_sequence(call: Call) -> Tensor:
    x = call.tensor()
    axis = int(call.get("time_axis", 0))
    return call.writer.add(L.IndexSelect(x.shape[axis], axis), x)


def masked_triangle(call: Call) -> Tensor:
    """One triangle of a matrix is set to zero."""
    return call.writer.add(L.Multiply(), call.tensor())


def transpose(call: Call) -> Tensor:
    x = call.tensor()
    return pieces.transposed(call.writer, x, call.get("perm", range(len(x.shape) - 1, -1, -1)))


def expand(call: Call) -> Tensor:
    return pieces.expanded(call.writer, call.tensor(), [int(d) for d in call.numbers(1)], call.op)


def tile(call: Call) -> Tensor:
    return pieces.repeated(call.writer, call.tensor(), [int(r) for r in call.numbers(1)], call.op)


def depth_to_space(call: Call) -> Tensor:
    layer = L.DepthToSpace if call.op == "DepthToSpace" else L.SpaceToDepth
    return call.writer.add(layer(int(call.attributes["blocksize"])), call.tensor())


def reduce(call: Call) -> Tensor:
    x, function = call.tensor(), REDUCTIONS[call.op.removeprefix("QLinear")]
    if call.op in ("ArgMax", "ArgMin"):
        axes = [int(call.get("axis", 0))]
    else:
        is_attribute = call.op.startswith("QLinear")  # there, scales and zero points follow the input
        since = 13 if call.op == "ReduceSum" else 18
        axes = (call.get("axes") if is_attribute else call.ints(1, "axes", since)) or []
        if not axes and call.get("noop_with_empty_axes"):
            return x
    return pieces.reduced(call.writer, x, function, axes, keepdims=bool(call.get("keepdims", 1)))


def drawn(call: Call) -> Stored:
    """Numbers drawn at random, as many as the shape says or input 0 has: an operand that no parameter is behind."""
    shape = call.value().shape if call.inputs else call.attributes["shape"]
    return Stored(tuple(int(d) for d in shape), trainable=False, parameters={})


def shape_of(call: Call) -> Stored:
    """All shapes are known here, so asking for one is a constant."""
    dims = list(call.value().shape)[call.get("start", 0) : call.get("end")]
    values = np.array(dims, dtype=np.int64)
    return Stored(values.shape, trainable=False, values=values, elem_type=7)


def size_of(call: Call) -> Stored:
    return Stored((), trainable=False, values=np.array(prod(call.value().shape), dtype=np.int64), elem_type=7)
