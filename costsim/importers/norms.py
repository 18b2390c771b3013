"""Normalisations with what scales and shifts them, stored or computed. For every door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers.pieces import arithmetic, reshaped
from costsim.importers.writer import GraphWriter, Stored, Value


def rms_normed(writer: GraphWriter, x: Tensor, dims: int, scale: Value | None) -> Tensor:
    """Division by the root mean square over the last ``dims`` dimensions, perhaps with a scale."""
    if dims == 1 and isinstance(scale, Stored):
        return writer.add(L.RmsNorm(), x)
    return _scaled(writer, writer.add(L.RmsNorm(affine=False), x), [scale])


def layer_normed(writer: GraphWriter, x: Tensor, dims: int, weights: Sequence[Value | None]) -> Tensor:
    """Normalisation over the last ``dims`` dimensions, with a scale and perhaps a shift, stored or computed."""
    if dims == 1 and weights and all(isinstance(w, Stored) for w in weights):
        return writer.add(L.LayerNorm(), x)
    return _scaled(writer, writer.add(L.LayerNorm(affine=False), x), weights)


def channels_scaled(writer: GraphWriter, y: Tensor, weights: Sequence[Value | None]) -> Tensor:
    """A norm's result times a scale of each channel plus a shift, which are computed."""
    ones = (1,) * (len(y.shape) - 2)
    return _scaled(writer, y, [w if w is None else _shaped(writer, w, (w.shape[-1], *ones)) for w in weights])


def _shaped(writer: GraphWriter, weight: Value, shape: tuple[int, ...]) -> Value:
    return replace(weight, shape=shape) if isinstance(weight, Stored) else reshaped(writer, weight, shape)


def _scaled(writer: GraphWriter, y: Tensor, weights: Sequence[Value | None]) -> Tensor:
    """Times the first weight and plus the second, where they are."""
    for function, weight in zip(("mul", "add"), weights, strict=False):
        y = y if weight is None else arithmetic(writer, function, [y, weight])
    return y
