"""ncnn's layers for sound and statistics: spectra, running sums, means with deviations, diagonals."""

from __future__ import annotations

from math import prod

from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import elements, fourier, pieces
from costsim.importers.ncnn.param_file import ParamLayer
from costsim.importers.writer import GraphWriter


def spectrogram(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Frames of a signal as frequencies (src/layer/spectrogram.cpp: sums over the frame, no fast transform)."""
    length = layer.integer(0)
    step, centred = layer.integer(2, length // 4), layer.integer(5, 1)
    frames = (x.shape[-1] + (length // 2 * 2 if centred else 0) - length) // step + 1
    frequencies = length // 2 + 1 if layer.integer(8, 1) else length
    parts = () if layer.integer(1) else (2,)  # key 1 is the power; without one both parts are kept
    return fourier.direct(writer, layer.type, x, (x.shape[0], frequencies, frames, *parts), length)


def inverse_spectrogram(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """The signal whose frames these are (src/layer/inversespectrogram.cpp: sums over all frequencies of a frame)."""
    length, frames = layer.integer(0), x.shape[2]
    step, centred = layer.integer(2, length // 4), layer.integer(5, 1)
    samples = (frames - 1) * step + (length % 2 if centred else length)
    shape = (x.shape[0], samples) if layer.integer(1) else (x.shape[0], samples, 2)
    return writer.unknown(layer.type, [x], shape, flops=8 * length * length * frames * x.shape[0])


def cumulative_sum(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return writer.unknown(layer.type, [x], x.shape, flops=prod(x.shape))


def statistics_pooling(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """The mean of every channel, and where key 0 asks for it its standard deviation."""
    axes = list(range(2, len(x.shape)))
    mean = pieces.reduced(writer, x, "mean", axes, keepdims=False)
    if not layer.integer(0):
        return mean
    distance = writer.add(L.Activation("square"), x, part="squares")
    variance = pieces.reduced(writer, distance, "mean", axes, keepdims=False)
    deviation = writer.add(L.Activation("sqrt"), variance, part="deviation")
    return writer.add(L.Concat(1), mean, deviation)


def diagonal(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """The diagonal of a matrix, or a matrix with a vector on it."""
    offset = layer.integer(0)
    if len(x.shape) == 3:
        made = elements.diagonal(writer, x, 1, 2, offset)
        assert isinstance(made, Tensor)
        return made
    side = x.shape[1] + abs(offset)
    return pieces.reshaped(writer, writer.add(L.ScatterAdd(side * side), x), (x.shape[0], side, side))
