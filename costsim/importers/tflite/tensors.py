"""Ops that move data, and those whose answer is known from shapes alone."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import pieces
from costsim.importers.tflite.call import Call
from costsim.importers.tflite.fold import python_index
from costsim.importers.writer import Stored, Value

Handler = Callable[[Call], Value | list[Value]]


def reshape(call: Call) -> Tensor:
    """To the shape of input 1, or of the options in old files; -1 is whatever is left."""
    x = call.tensor()
    wanted = call.ints(1) if call.has(1) else call.vector("NewShape")
    elements = prod(x.shape)
    if wanted.count(-1) > 1 or min(wanted, default=1) < -1:
        raise InputError(f"cannot reshape to {wanted}", mend="convert it again")
    if -1 in wanted:
        wanted[wanted.index(-1)] = elements // max(prod(d for d in wanted if d != -1), 1)
    elif wanted and prod(wanted) != elements and elements % max(prod(wanted[1:]), 1) == 0:
        wanted[0] = elements // max(prod(wanted[1:]), 1)  # the batch the file was converted for
    return call.shaped(x, wanted)


def squeeze(call: Call) -> Tensor:
    shape = call.file_shape()
    gone = {pieces.axis_of(a, shape) for a in call.vector("SqueezeDims")} or {i for i, d in enumerate(shape) if d == 1}
    return call.shaped(call.tensor(), [d for i, d in enumerate(shape) if i not in gone])


def expand_dims(call: Call) -> Tensor:
    shape, (axis,) = list(call.file_shape()), call.ints(1)
    shape.insert(axis + len(shape) + 1 if axis < 0 else axis, 1)
    return call.shaped(call.tensor(), shape)


def transpose(call: Call) -> Tensor:
    """A copy in another order, also where the file's order of a map becomes the graph's."""
    x, axes = call.in_file_order(), tuple(call.ints(1))
    if sorted(axes) != list(range(len(x.shape))):
        raise InputError(f"axes {axes} of {len(x.shape)} dimensions", mend="check the file")
    return call.result(pieces.transposed(call.writer, x, axes))


def concatenation(call: Call) -> Tensor:
    operands = [call.operand(i) for i in range(len(call.inputs)) if call.has(i) and 0 not in call.value(i).shape]
    axis = pieces.axis_of(call.get("Axis"), operands[0].shape)
    if call.gives_map:
        axis = {0: 0, 1: 2, 2: 3, 3: 1}[axis]
    return call.activated(pieces.joined(call.writer, operands, axis))


def pack(call: Call) -> Tensor:
    """Tensors of one shape along a new axis."""
    parts: list[Value] = []
    for i in range(len(call.inputs)):
        x = call.in_file_order(i)
        shape = list(x.shape)
        axis = call.get("Axis")
        shape.insert(axis + len(shape) + 1 if axis < 0 else axis, 1)
        parts.append(pieces.reshaped(call.writer, x, shape, part=f"part_{i}"))
    return call.result(pieces.joined(call.writer, parts, call.get("Axis")))


def unpack(call: Call) -> list[Value]:
    x = call.in_file_order()
    axis = pieces.axis_of(call.get("Axis"), x.shape)
    if x.shape[axis] != len(call.op.outputs):
        raise InputError(f"{len(call.op.outputs)} parts of {x.shape[axis]}", mend="check the file")
    return [
        call.as_given(pieces.selected(call.writer, x, axis, i), False, output in call.reader.maps)
        for i, output in enumerate(call.op.outputs)
    ]


def split(call: Call) -> list[Value]:
    """Inputs are (axis, tensor); all parts have one size."""
    axis, parts = call.axis(call.ints(0)[0], 1), len(call.op.outputs)
    length = call.value(1).shape[axis]
    if length % parts:
        raise InputError(f"{parts} parts of {length} elements", mend="check the input size")
    return _parts(call, 1, axis, [length // parts] * parts)


def split_v(call: Call) -> list[Value]:
    """Inputs are (tensor, sizes, axis); one size may be -1."""
    axis, sizes = call.axis(call.ints(2)[0]), call.ints(1)
    length = call.value().shape[axis]
    if -1 in sizes:
        sizes[sizes.index(-1)] = length - sum(s for s in sizes if s != -1)
    if sum(sizes) != length or min(sizes) < 1:
        raise InputError(f"parts {sizes} of {length} elements", mend="check the input size")
    return _parts(call, 0, axis, sizes)


def _parts(call: Call, index: int, axis: int, sizes: list[int]) -> list[Value]:
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    x = call.tensor(index)
    return [pieces.sliced(call.writer, x, axis, start, start + size) for start, size in zip(starts, sizes, strict=True)]


def slice_op(call: Call) -> Value:
    """Inputs are (tensor, begin, size); a size of -1 reaches the end, one of 0 takes nothing."""
    x = call.tensor()
    if 0 in call.ints(2):
        shape = [
            x.shape[call.axis(i)] - begin if size == -1 else size
            for i, (begin, size) in enumerate(zip(call.ints(1), call.ints(2), strict=True))
        ]
        return Stored(tuple(shape), trainable=False, parameters={})
    for axis, (begin, size) in enumerate(zip(call.ints(1), call.ints(2), strict=True)):
        x = pieces.sliced(call.writer, x, call.axis(axis), begin, None if size == -1 else begin + size)
    return x


def strided_slice(call: Call) -> Tensor:
    """Python's slices, with masks for open ends and for axes that disappear or are made."""
    x, shape = call.tensor(), call.file_shape()
    made, axis = [], 0
    index = python_index(call, call.ints(1), call.ints(2), call.ints(3), len(shape))
    for part in index:
        if part is None:
            made.append(1)
            continue
        span = part if isinstance(part, slice) else slice(part, part + 1 or None)
        picked = range(shape[axis])[span]
        if not picked:
            raise InputError(f"slice {part} of {shape[axis]} elements is empty", mend="check the file")
        stop = picked[-1] + (1 if picked.step > 0 else -1)
        x = pieces.sliced(call.writer, x, call.axis(axis), picked[0], None if stop < 0 else stop, picked.step)
        made += [len(picked)] * isinstance(part, slice)
        axis += 1
    if all(isinstance(part, slice) for part in index):
        return call.as_given(x, call.is_map(), call.gives_map)
    return call.shaped(x, [*made, *shape[axis:]])


def running_sum(call: Call) -> Tensor:
    x = call.tensor()
    return call.writer.unknown(call.op.op, [x], x.shape, flops=prod(x.shape))


def tile(call: Call) -> Tensor:
    repeats = call.ints(1)
    order = [call.axis(axis) for axis in range(len(repeats))]
    turned = [0] * len(repeats)
    for axis, count in zip(order, repeats, strict=True):
        turned[axis] = count
    return pieces.repeated(call.writer, call.tensor(), turned, call.op.op)


def broadcast_to(call: Call) -> Tensor:
    return call.result(pieces.expanded(call.writer, call.in_file_order(), call.ints(1), call.op.op))


def pad(call: Call) -> Tensor:
    x, pads = call.tensor(), np.asarray(call.stored(1).values).reshape(-1, 2)
    before, after = [0] * len(x.shape), [0] * len(x.shape)
    for axis, (first, last) in enumerate(pads.tolist()):
        before[call.axis(axis)], after[call.axis(axis)] = int(first), int(last)
    return pieces.padded(call.writer, x, before, after)


def resize(mode: str) -> Handler:
    return lambda call: pieces.resized(call.writer, call.tensor(), call.ints(1), mode)


def depth_to_space(call: Call) -> Tensor:
    return call.writer.add(L.DepthToSpace(call.get("BlockSize", 2)), call.tensor())


def space_to_depth(call: Call) -> Tensor:
    return call.writer.add(L.SpaceToDepth(call.get("BlockSize", 2)), call.tensor())


def space_to_batch(call: Call) -> Tensor:
    """Pads, then makes every block by block phase of the map an image of its own: a dilated convolution follows."""
    x, blocks = call.tensor(), call.ints(1)
    pads = np.asarray(call.stored(2).values).reshape(-1, 2).tolist()
    if len(blocks) != 2 or min(blocks) < 1:
        raise InputError(f"blocks {blocks}", mend="not supported")
    x = pieces.padded(call.writer, x, (0, 0, pads[0][0], pads[1][0]), (0, 0, pads[0][1], pads[1][1]))
    n, c, h, w = x.shape
    if h % blocks[0] or w % blocks[1]:
        raise InputError(f"a map of {h} x {w} in blocks of {blocks}", mend="check the input size")
    return _phases(call, x, (n * blocks[0] * blocks[1], c, h // blocks[0], w // blocks[1]))


def batch_to_space(call: Call) -> Tensor:
    """The way back, and what the padding added is cut off."""
    x, blocks = call.tensor(), call.ints(1)
    crops = np.asarray(call.stored(2).values).reshape(-1, 2).tolist()
    n, c, h, w = x.shape
    if len(blocks) != 2 or min(blocks) < 1 or n % (blocks[0] * blocks[1]):
        raise InputError(f"blocks {blocks} of {n} images", mend="check the file")
    x = _phases(call, x, (n // (blocks[0] * blocks[1]), c, h * blocks[0], w * blocks[1]))
    for axis, (before, after) in zip((2, 3), crops, strict=True):
        x = pieces.sliced(call.writer, x, axis, before, x.shape[axis] - after)
    return x


def _phases(call: Call, x: Tensor, shape: tuple[int, int, int, int]) -> Tensor:
    """Every element goes to another place: one copy of the map."""
    copied = call.writer.add(L.Transpose(tuple(range(len(x.shape)))), x)
    return pieces.reshaped(call.writer, copied, shape, part="phases")


def reverse(call: Call) -> Tensor:
    x = call.tensor()
    for axis in call.ints(1):
        x = pieces.sliced(call.writer, x, call.axis(axis), -1, None, -1)
    return x


def shape_of(call: Call) -> Stored:
    """All shapes are known here, so asking for one is a constant."""
    return _constant(np.array(call.file_shape(), dtype=np.int64))


def rank_of(call: Call) -> Stored:
    return _constant(np.array(len(call.value().shape), dtype=np.int64))


def zeros_like(call: Call) -> Stored:
    return Stored(call.file_shape(), trainable=False)


def fill(call: Call) -> Stored:
    """A tensor of one value: its shape is known, and it is written when the network is loaded."""
    return Stored(tuple(call.ints(0)), trainable=False)


def top_k(call: Call) -> list[Value]:
    """The k largest of the last axis and where they were: every value is compared."""
    x, (k,) = call.tensor(), call.ints(1)
    shape = list(x.shape)
    shape[call.axis(-1)] = k
    return [call.writer.unknown(call.op.op, [x], tuple(shape)) for _ in call.op.outputs]


def _constant(values: np.ndarray) -> Stored:
    return Stored(values.shape, trainable=False, values=values)
