"""ONNX's sequences of tensors: a list whose length and members are known while reading, so nothing runs for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.importers import pieces
from costsim.importers.onnx.call import Call
from costsim.importers.writer import Stored, Value


@dataclass(frozen=True)
class Items:
    """The members of a sequence, in order."""

    members: tuple[Any, ...]


def construct(call: Call) -> list[Any]:
    return [Items(tuple(x for x in call.inputs if x is not None))]


def split_to(call: Call) -> list[Any]:
    """Parts along an axis: of a size, of sizes that are listed, or single ones, whose axis may go."""
    x, keeps = call.value(0), bool(call.get("keepdims", 1))
    axis = pieces.axis_of(int(call.get("axis", 0)), x.shape)
    length = x.shape[axis]
    if not call.has(1):
        sizes = [1] * length
    elif not call.stored(1).shape:
        size = int(call.numbers(1)[0])
        if size < 1:
            raise InputError(f"parts of {size} elements", mend="check the file")
        sizes = [min(size, length - start) for start in range(0, length, size)]
    else:
        sizes = [int(size) for size in call.numbers(1)]
    if sum(sizes) != length or min(sizes, default=0) < 1:
        raise InputError(f"parts {sizes} of {length} elements", mend="check the input size")
    parts: list[Any] = []
    start = 0
    for size in sizes:
        part = _part(call, x, axis, start, start + size)
        parts.append(part if call.has(1) or keeps else _without(call, part, axis))
        start += size
    return [Items(tuple(parts))]


def _part(call: Call, x: Value, axis: int, start: int, stop: int) -> Value:
    if isinstance(x, Tensor):
        return pieces.sliced(call.writer, x, axis, start, stop)
    values = None if x.values is None else np.take(x.values, range(start, stop), axis)
    return replace(x, shape=(*x.shape[:axis], stop - start, *x.shape[axis + 1 :]), values=values)


def _without(call: Call, x: Value, axis: int) -> Value:
    """The tensor without an axis of one element."""
    shape = (*x.shape[:axis], *x.shape[axis + 1 :])
    if isinstance(x, Tensor):
        return pieces.reshaped(call.writer, x, shape, part="squeeze")
    return replace(x, shape=shape, values=None if x.values is None else x.values.reshape(shape))


def at(call: Call) -> list[Any]:
    members = _members(call)
    return [members[_position(call, 1, len(members))]]


def insert(call: Call) -> list[Any]:
    members = list(_members(call))
    at_end = len(call.inputs) < 3 or call.inputs[2] is None
    members.insert(len(members) if at_end else _position(call, 2, len(members) + 1), call.inputs[1])
    return [Items(tuple(members))]


def erase(call: Call) -> list[Any]:
    members = list(_members(call))
    at_end = len(call.inputs) < 2 or call.inputs[1] is None
    del members[len(members) - 1 if at_end else _position(call, 1, len(members))]
    return [Items(tuple(members))]


def length(call: Call) -> list[Any]:
    return [Stored((), trainable=False, values=np.array(len(_members(call)), dtype=np.int64), elem_type=7)]


def concatenated(call: Call) -> list[Any]:
    """All members along an axis they have, or along a new one."""
    members = list(_members(call))
    if not members:
        raise InputError("joins an empty sequence", mend="check the file")
    axis = int(call.attributes["axis"])
    if int(call.get("new_axis", 0)):
        rank = len(members[0].shape) + 1
        axis = axis + rank if axis < 0 else axis
        members = [_with(call, x, axis) for x in members]
    if all(isinstance(x, Stored) for x in members):
        return [_joined(members, axis)]
    return [pieces.joined(call.writer, members, axis)]


def _joined(members: list[Stored], axis: int) -> Stored:
    axis = pieces.axis_of(axis, members[0].shape)
    shape = list(members[0].shape)
    shape[axis] = sum(x.shape[axis] for x in members)
    known = all(x.values is not None for x in members)
    parameters = {key: count for x in members for key, count in (x.parameters or {}).items()}
    values = np.concatenate([x.values for x in members], axis) if known else None
    return replace(members[0], shape=tuple(shape), values=values, parameters=parameters)


def _with(call: Call, x: Value, axis: int) -> Value:
    """The tensor with one more axis of one element."""
    shape = (*x.shape[:axis], 1, *x.shape[axis:])
    if isinstance(x, Tensor):
        return pieces.reshaped(call.writer, x, shape, part="unsqueeze")
    return replace(x, shape=shape, values=None if x.values is None else x.values.reshape(shape))


def alias(call: Call) -> list[Any]:
    return [call.inputs[0]]


def is_there(call: Call) -> list[Any]:
    held = bool(call.inputs) and call.inputs[0] is not None
    return [Stored((), trainable=False, values=np.array(held), elem_type=9)]


def _members(call: Call) -> tuple[Any, ...]:
    held = call.inputs[0] if call.inputs else None
    if not isinstance(held, Items):
        raise InputError("its first input is no sequence of known length", mend="export it without sequences")
    return held.members


def _position(call: Call, index: int, count: int) -> int:
    position = int(call.numbers(index)[0])
    if not -count <= position < count:
        raise InputError(f"position {position} of a sequence of {count}", mend="check the input size")
    return position % count


ITEM_OPS: dict[str, Callable[[Call], list[Any]]] = {
    "ConcatFromSequence": concatenated,
    "Identity": alias,
    "Optional": alias,
    "OptionalGetElement": alias,
    "OptionalHasElement": is_there,
    "SequenceAt": at,
    "SequenceConstruct": construct,
    "SequenceEmpty": construct,
    "SequenceErase": erase,
    "SequenceInsert": insert,
    "SequenceLength": length,
    "SplitToSequence": split_to,
}
