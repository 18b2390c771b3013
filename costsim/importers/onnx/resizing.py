"""ONNX ops that make an axis longer or shorter: by padding or cropping, by interpolation."""

from __future__ import annotations

from math import floor

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.importers import pieces, unfold
from costsim.importers.onnx.call import Call

INTERPOLATION = {"nearest": "nearest", "linear": "bilinear", "bilinear": "bilinear", "cubic": "bicubic"}


def pad(call: Call) -> Tensor:
    x = call.tensor()
    pads = call.ints(1, "pads", since=11) or call.get("paddings") or []
    axes = [int(a) for a in call.numbers(3)] if call.has(3) else list(range(len(x.shape)))
    if len(pads) != 2 * len(axes):
        raise InputError(f"{len(pads)} pads for {len(axes)} axes", mend="export it again")
    before, after = [0] * len(x.shape), [0] * len(x.shape)
    for i, axis in enumerate(axes):
        before[pieces.axis_of(axis, x.shape)], after[pieces.axis_of(axis, x.shape)] = pads[i], pads[i + len(axes)]
    return pieces.padded(call.writer, x, before, after)


def centred(call: Call) -> Tensor:
    """CenterCropPad: as much added or cut off before each axis as behind it."""
    x, wanted = call.tensor(), [int(d) for d in call.numbers(1)]
    before, after = [0] * len(x.shape), [0] * len(x.shape)
    for axis, length in zip(call.get("axes", range(len(x.shape))), wanted, strict=True):
        axis = pieces.axis_of(axis, x.shape)
        more = length - x.shape[axis]
        before[axis], after[axis] = more // 2, more - more // 2
    return pieces.padded(call.writer, x, before, after)


def resize(call: Call) -> Tensor:
    """Resize by scales or to sizes, and its predecessor Upsample."""
    x, mode = call.tensor(), INTERPOLATION.get(call.get("mode", "nearest"), "bilinear")
    scales_at = 2 if call.op == "Resize" and call.opset >= 11 else 1
    axes = call.get("axes", list(range(len(x.shape))))
    size = list(x.shape)
    if call.op == "Resize" and call.has(3):
        wanted = [int(length) for length in call.numbers(3)]
        policy = call.get("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            factors = [length / x.shape[axis] for axis, length in zip(axes, wanted, strict=True)]
            factor = min(factors) if policy == "not_larger" else max(factors)
            wanted = [floor(x.shape[axis] * factor + 0.5) for axis in axes]
        for axis, length in zip(axes, wanted, strict=True):
            size[axis] = length
    else:
        scales = call.get("scales") or call.numbers(scales_at)
        for axis, scale in zip(axes, scales, strict=True):
            size[axis] = floor(size[axis] * scale + 1e-6)
    if tuple(size[:2]) != x.shape[:2] or len(size) > 5:
        for axis, length in enumerate(size):
            x = pieces.resized_along(call.writer, x, axis, length, mode)
        return x
    if len(size) == 5:
        return unfold.resized(call.writer, x, size[2:], mode)
    return pieces.resized(call.writer, x, size[2:], mode)
