"""Windows taken apart into a gather and a product: what convolutions run as that no layer of their own stands for.

A convolution whose kernel is computed at run time, and one over more than two dimensions, is the gather of its
windows (im2col, vol2col) and a matrix product; pooling over more than two dimensions is the gather and a reduction.
Multiply-accumulates, parameters and weight bytes are those of the convolution; the gather's bytes are counted too,
as runtimes without a direct kernel write them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import pieces
from costsim.importers.writer import GraphWriter, Stored, Value


def windows(writer: GraphWriter, x: Tensor, taps: int, positions: int) -> Tensor:
    """(n, c, taps, positions) of ``x`` (n, c, ...): what a kernel of so many taps reads at every position."""
    n, c, *lengths = x.shape
    flat = pieces.reshaped(writer, x, (n, c, prod(lengths)), part="flat")
    gathered = writer.add(L.IndexSelect(taps * positions, 2), flat, part="windows")
    return pieces.reshaped(writer, gathered, (n, c, taps, positions), part="apart")


def convolved(
    writer: GraphWriter, x: Tensor, weight: Value, bias: Value | None, groups: int, output: Sequence[int]
) -> Tensor:
    """A convolution of any rank with a stored or computed weight (out, in / groups, *kernel)."""
    _, c_in, *kernel = weight.shape
    if x.shape[1] != c_in * groups:
        raise InputError(f"its weight needs {c_in * groups} channels, the input has {x.shape[1]}", mend="check it")
    return multiplied(writer, windows(writer, x, prod(kernel), prod(output[2:])), weight, bias, groups, output)


def multiplied(
    writer: GraphWriter, columns: Tensor, weight: Value, bias: Value | None, groups: int, output: Sequence[int]
) -> Tensor:
    """Gathered windows (n, c, taps, positions) times the kernels, as a map of the shape ``output``."""
    c_out, c_in, *_ = weight.shape
    n, _, taps, positions = columns.shape
    if groups == 1 and isinstance(weight, Stored):
        rows = pieces.reshaped(writer, columns, (n, c_in * taps, positions), part="rows")
        rows = pieces.transposed(writer, rows, (0, 2, 1), part="rows")
        own = isinstance(bias, Stored)
        y = pieces.transposed(writer, writer.add(L.Linear(c_out, bias=own), rows), (0, 2, 1), part="maps")
        y = pieces.reshaped(writer, y, output, part="maps")
        return y if own or bias is None else _biased(writer, y, bias)
    kernels = _matrix(writer, weight, (groups, c_out // groups, c_in * taps))
    columns = pieces.reshaped(writer, columns, (n, groups, c_in * taps, positions), part="columns")
    y = pieces.reshaped(writer, writer.add(L.MatMul(), kernels, columns), output, part="maps")
    return y if bias is None else _biased(writer, y, bias)


def deformed(
    writer: GraphWriter,
    x: Tensor,
    weight: Value,
    read: Sequence[Tensor],
    bias: Value | None,
    groups: int,
    output: Sequence[int],
) -> Tensor:
    """A deformable convolution: samples are gathered by bilinear interpolation, then multiplied as a convolution does.

    ``read`` are the offsets and perhaps the mask.
    """
    sampled = (x.shape[0], x.shape[1], prod(weight.shape[2:]), prod(output[2:]))
    corners = 4 * 2 + len(read) - 1  # four corners weighted and summed, then the mask
    columns = writer.unknown("DeformConv sampling", [x, *read], sampled, flops=corners * prod(sampled))
    return multiplied(writer, columns, weight, bias, groups, output)


def sampled(writer: GraphWriter, op: str, x: Tensor, grid: Tensor, nearest: bool) -> Tensor:
    """Samples of a map or a volume at computed places; every corner around one is weighted and added."""
    shape = (*x.shape[:2], *grid.shape[1:-1])
    corners = 2 ** (len(x.shape) - 2)
    return writer.unknown(op, [x, grid], shape, flops=0 if nearest else 2 * corners * prod(shape))


def transposed(
    writer: GraphWriter, x: Tensor, weight: Value, bias: Value | None, groups: int, output: Sequence[int]
) -> Tensor:
    """A transposed convolution of any rank with a weight (in, out / groups, *kernel)."""
    c_in, c_out, *kernel = weight.shape
    n, positions = x.shape[0], prod(x.shape[2:])
    shape = (groups, c_out * prod(kernel), c_in // groups)
    if isinstance(weight, Stored):
        kernels = _matrix(writer, weight, shape)
    else:
        turned = pieces.reshaped(writer, weight, (groups, shape[2], shape[1]), part="kernels")
        kernels = pieces.transposed(writer, turned, (0, 2, 1), part="kernels")
    maps = pieces.reshaped(writer, x, (n, groups, c_in // groups, positions), part="columns")
    products = writer.add(L.MatMul(), kernels, maps)
    flat = pieces.reshaped(writer, products, (n, prod(products.shape[1:])), part="flat")
    summed = writer.add(L.ScatterAdd(prod(output[1:])), flat, part="sum")
    y = pieces.reshaped(writer, summed, output, part="maps")
    return y if bias is None else _biased(writer, y, bias)


def windows_summed(writer: GraphWriter, columns: Tensor, output: Sequence[int]) -> Tensor:
    """Windows (n, channels * taps, positions) added back into a map or volume of the shape ``output`` (col2im)."""
    n = output[0] if len(columns.shape) == 3 else 1
    flat = pieces.reshaped(writer, columns, (n, prod(columns.shape) // n), part="flat")
    return pieces.reshaped(writer, writer.add(L.ScatterAdd(prod(output) // n), flat), output)


def pooled(writer: GraphWriter, x: Tensor, function: str, kernel: Sequence[int], output: Sequence[int]) -> Tensor:
    """Maximum or mean over windows of any rank."""
    columns = windows(writer, x, prod(kernel), prod(output[2:]))
    over = {"max": "max", "avg": "mean"}[function]
    return pieces.reshaped(writer, pieces.reduced(writer, columns, over, [2], keepdims=False), output, part="maps")


def resized(writer: GraphWriter, x: Tensor, size: Sequence[int], mode: str) -> Tensor:
    """A volume (n, c, d, h, w) enlarged: its planes first, then their number, since interpolation is separable."""
    n, c, depth, *plane = x.shape
    planes = pieces.reshaped(writer, x, (n, c * depth, *plane), part="planes")
    planes = pieces.resized(writer, planes, size[1:], mode)
    stacked = pieces.reshaped(writer, planes, (n, c, depth, prod(size[1:])), part="stack")
    return pieces.reshaped(
        writer, pieces.resized(writer, stacked, (size[0], prod(size[1:])), mode), (n, c, *size), part="volume"
    )


def _matrix(writer: GraphWriter, weight: Value, shape: tuple[int, ...]) -> Tensor:
    if isinstance(weight, Stored):
        return writer.constant(replace(weight, shape=shape))
    return pieces.reshaped(writer, weight, shape, part="kernels")


def _biased(writer: GraphWriter, y: Tensor, bias: Value) -> Tensor:
    shape = (y.shape[1], *(1,) * (len(y.shape) - 2))
    aligned = replace(bias, shape=shape) if isinstance(bias, Stored) else pieces.reshaped(writer, bias, shape)
    return pieces.arithmetic(writer, "add", [y, aligned])
