"""ATen ops that replace parts of a tensor: slices, listed elements, elements under a mask.

What is made is a new tensor, all of it written: the old elements and the new ones, side by side or one by one.
"""

from __future__ import annotations

from dataclasses import replace

from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import elements, pieces
from costsim.importers.torch.call import Call
from costsim.importers.writer import GraphWriter, Stored, Value


def index_add(call: Call) -> Tensor:
    """Channels added into others by an index list; into a tensor just made, it is that sum alone."""
    onto, source = call["self"], call.tensor("source")
    if pieces.axis_of(int(call["dim"]), call.shape) != 1 or call.get("alpha", 1) != 1:
        return call.writer.unknown(call.op, [source], call.shape)
    added = call.writer.add(L.ScatterAdd(call.shape[1]), source)
    fresh = isinstance(onto, Stored) and not onto.trainable
    return added if fresh else call.writer.add(L.Add(), call.tensor("self"), added)


def copied(call: Call) -> Value:
    """The source, in the shape of what it is written over."""
    source = call["src"]
    return (
        source if source.shape == call.shape else pieces.expanded(call.writer, call.tensor("src"), call.shape, "copy")
    )


def scattered(call: Call) -> Value:
    """A tensor with some positions of one axis replaced: what is kept before, the new ones, what is kept behind."""
    writer, source = call.writer, call.tensor("src")
    axis = pieces.axis_of(int(call["dim"]), call.shape)
    if call.op == "select_scatter":
        start = int(call["index"]) % call.shape[axis]
        picked = range(start, start + 1)
        source = pieces.reshaped(writer, source, (*call.shape[:axis], 1, *call.shape[axis + 1 :]), part="unsqueeze")
    else:
        picked = range(call.shape[axis])[call.get("start") : call.get("end") : call.get("step", 1)]
    if len(picked) == call.shape[axis]:
        return source
    kept, length = call["self"], call.shape[axis]
    if picked.step > 1:  # interleaved: both at hand, then one by one
        return writer.add(L.IndexSelect(length, axis), pieces.joined(writer, [call.tensor("self"), source], axis))
    parts = [_part(writer, kept, axis, 0, picked[0]), source, _part(writer, kept, axis, picked[-1] + 1, length)]
    return pieces.joined(writer, [part for part in parts if part is not None], axis)


def _part(writer: GraphWriter, x: Value, axis: int, start: int, stop: int) -> Value | None:
    if start >= stop:
        return None
    if isinstance(x, Tensor):
        return pieces.sliced(writer, x, axis, start, stop)
    return replace(x, shape=(*x.shape[:axis], stop - start, *x.shape[axis + 1 :]))


def replaced(call: Call) -> Value:
    """index_put, scatter, index_copy and their like: elements at listed places are those of another tensor."""
    return elements.replaced(call.writer, call["self"], _source(call))


def accumulated(call: Call) -> Value:
    """scatter_add and its like: elements of another tensor are joined with those at listed places."""
    return elements.accumulated(call.writer, call["self"], _source(call))


def _source(call: Call) -> Tensor | None:
    """The tensor of new elements; none where they are a number, or constants."""
    values = [call.get(name) for name in ("values", "src", "source")]
    return next((x for x in values if isinstance(x, Tensor)), None)


def put(call: Call) -> Value:
    """index_put, which may add."""
    return accumulated(call) if call.get("accumulate") else replaced(call)


def under_mask(call: Call) -> Value:
    """masked_scatter: where a mask says so the next element of another tensor."""
    return pieces.arithmetic(call.writer, "select", [call["self"], call["mask"], call.tensor("self")])
