"""ncnn's layers that give a blob another shape: parts of it, its axes in another order, more around it."""

from __future__ import annotations

from itertools import pairwise
from math import prod

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers.ncnn.expression import evaluated
from costsim.importers.ncnn.param_file import ABSENT, ParamLayer
from costsim.importers.pieces import joined, padded, repeated, reshaped, transposed
from costsim.importers.writer import GraphWriter

# Permute's key 0 to the new order of the axes (n, c, h, w), outermost first
PERMUTATIONS = {
    2: ((0, 1, 2), (0, 2, 1)),
    3: ((0, 1, 2, 3), (0, 1, 3, 2), (0, 2, 1, 3), (0, 2, 3, 1), (0, 3, 1, 2), (0, 3, 2, 1)),
}

# The same for (n, c, d, h, w), by the names of the axes, innermost first
VOLUMES = (
    "whdc", "hwdc", "wdhc", "dwhc", "hdwc", "dhwc", "whcd", "hwcd", "wchd", "cwhd", "hcwd", "chwd",
    "wdch", "dwch", "wcdh", "cwdh", "dcwh", "cdwh", "hdcw", "dhcw", "hcdw", "chdw", "dchw", "cdhw",
)  # fmt: skip


AXES = {1: "w", 2: "hw", 3: "chw", 4: "cdhw"}
"""The axes of a blob by how many it has, outermost first."""

MADE_AXES = {1: "hw", 2: "chw", 3: "cdhw", 4: ""}
"""The axes of a blob with one more, by how many it had (src/layer/expanddims.cpp)."""

FLAGS = {"w": 0, "h": 1, "d": 11, "c": 2}
"""The keys of Squeeze and ExpandDims that say of an axis whether it goes, or comes."""

CUT = {"w": (0, 3, 6), "h": (1, 4, 7), "d": (13, 14, 15), "c": (2, 5, 8)}
"""The keys of Crop for where an axis begins, how long it gets, and how much is cut off behind."""


def slices(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> list[Tensor]:
    axis = axis_of(layer.integer(1), x)
    parts, start, length = [], 0, x.shape[axis]
    sizes = layer.integers(0)
    if not sizes and layer.integers(2):  # where the parts but the first begin
        cuts = [0, *(i + length if i < 0 else i for i in layer.integers(2)), length]
        sizes = tuple(stop - begin for begin, stop in pairwise(cuts))
    if len(sizes) != len(layer.outputs):
        raise InputError(f"{len(sizes)} sizes for {len(layer.outputs)} outputs", mend="check key -23300")
    for index, size in enumerate(sizes):
        share = (length - start) // (len(sizes) - index) if size == ABSENT else size
        parts.append(writer.add(L.Slice(start, start + share, axis), x, part=f"part{index + 1}"))
        start += share
    return parts


def reshape(writer: GraphWriter, layer: ParamLayer, *blobs: Tensor) -> Tensor:
    x = blobs[0]
    if 6 in layer.texts:  # sizes as an expression, the innermost first
        sizes = list(reversed(evaluated(layer.texts[6], blobs)))
        if -1 in sizes:
            sizes[sizes.index(-1)] = prod(x.shape[1:]) // max(1, -prod(sizes))
        return reshaped(writer, x, (x.shape[0], *sizes))
    wanted = [layer.integer(key, ABSENT) for key in (2, 11, 1, 0)]  # c, d, h, w
    given = list(reversed(x.shape[1:]))
    sizes = [size for size in wanted if size != ABSENT]
    kept = [given[len(sizes) - 1 - i] if size == 0 else size for i, size in enumerate(sizes)]
    if -1 in kept:
        kept[kept.index(-1)] = prod(given) // max(1, -prod(kept))
    return reshaped(writer, x, (x.shape[0], *kept))


def permute(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    orders = PERMUTATIONS.get(len(x.shape) - 1)
    if len(x.shape) == 5:
        order = VOLUMES[layer.integer(0)][::-1]
        return transposed(writer, x, (0, *(1 + "cdhw".index(axis) for axis in order)))
    return transposed(writer, x, orders[layer.integer(0)]) if orders else x


def flatten(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return x if len(x.shape) == 2 else writer.add(L.Flatten(), x)


def squeeze(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Without the axes of one element that are listed or flagged, or without all of them, as older files mean it."""
    names = AXES[len(x.shape) - 1]
    axes = {axis_of(axis, x) for axis in layer.integers(3)}
    axes = axes or {i for i, name in enumerate(names, start=1) if layer.integer(FLAGS[name])}
    drop = {i for i, d in enumerate(x.shape) if i and d == 1 and (i in axes or not axes)}
    kept = tuple(d for i, d in enumerate(x.shape) if i not in drop)
    return reshaped(writer, x, kept if len(kept) > 1 else (*kept, 1))


def expand_dims(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    shape = list(x.shape[1:])
    if len(shape) == 3 and shape[1:] == [1, 1]:  # pooled over all of a map, which leaves a vector in ncnn
        del shape[1:]
    flagged = [i for i, name in enumerate(MADE_AXES[len(shape)]) if layer.integer(FLAGS[name])]
    axes = layer.integers(3) or tuple([0, 2] if flagged == [0, 1] and len(shape) == 1 else flagged)
    for axis in sorted(axis % (len(shape) + len(axes)) for axis in axes):
        shape.insert(axis, 1)
    return reshaped(writer, x, (x.shape[0], *shape))


def padding(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    top, bottom, left, right, front, behind = (layer.integer(key) for key in (0, 1, 2, 3, 7, 8))
    rank = len(x.shape)
    sides = [(front, behind), (top, bottom), (left, right)][-(rank - 1) :]
    before, after = ([0] * (rank - len(sides)) + [side[i] for side in sides] for i in (0, 1))
    return padded(writer, x, before, after)


def crop(writer: GraphWriter, layer: ParamLayer, x: Tensor, *like: Tensor) -> Tensor:
    """One slice for each axis that gets shorter."""
    rank = len(x.shape)
    spans = [(0, length) for length in x.shape]
    starts, ends, axes = (
        evaluated(layer.texts[text], [x, *like]) if text in layer.texts else layer.integers(key)
        for key, text in ((9, 19), (10, 20), (11, 21))
    )
    if starts:
        for axis, start, end in zip(axes or tuple(range(len(starts))), starts, ends, strict=True):
            axis = axis_of(axis, x)
            spans[axis] = _span(start, end, x.shape[axis])
    else:
        names = AXES[rank - 1]
        offsets, behind = ([layer.integer(CUT[name][at]) for name in names] for at in (0, 2))
        wanted = like[0].shape[1:] if like else [layer.integer(CUT[name][1], ABSENT) for name in names]
        for axis, (offset, length, less) in enumerate(zip(offsets, wanted, behind, strict=True), start=1):
            end = x.shape[axis] - less if length in (ABSENT, 0) else offset + length
            spans[axis] = (offset, end)
    for axis, span in enumerate(spans):
        if span != (0, x.shape[axis]):
            x = writer.add(L.Slice(*span, axis), x)
    return x


def axis_of(axis: int, x: Tensor) -> int:
    """Axes of blobs are counted without the batch."""
    rank = len(x.shape) - 1
    if not -rank <= axis < rank:
        raise InputError(f"axis {axis} of a blob with {rank} dimensions", mend="check the file")
    return axis % rank + 1


def _span(start: int, end: int, length: int) -> tuple[int, int]:
    start = 0 if start == ABSENT else start + length if start < 0 else start
    end = length if end == ABSENT else end + length if end < 0 else min(end, length)
    return start, end


def tile(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Repeats of every axis, outermost first, or of one axis."""
    rank = len(x.shape) - 1
    repeats = list(layer.integers(2))
    if not repeats:
        repeats = [1] * rank
        repeats[layer.integer(0)] = layer.integer(1, 1)
    missing = rank - len(repeats)
    return repeated(writer, x, [1, *[1] * missing, *repeats], "Tile")


def flipped(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    for axis in layer.integers(0) or range(len(x.shape) - 1):
        axis = axis_of(axis, x)
        x = writer.add(L.IndexSelect(x.shape[axis], axis), x)
    return x


def copied_to(writer: GraphWriter, layer: ParamLayer, x: Tensor, source: Tensor) -> Tensor:
    """A blob with a part of it written over: both at hand, then one by one."""
    n = x.shape[0]
    both = joined(writer, [reshaped(writer, t, (n, prod(t.shape[1:])), part="row") for t in (x, source)], 1)
    written = writer.add(L.IndexSelect(prod(x.shape[1:]), 1), both)
    return reshaped(writer, written, x.shape, part="written")
