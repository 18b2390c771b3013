"""Layers of ncnn beside the two-dimensional convolutions, as pnnx writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.importers import load_network

MAP = "Input x 0 1 x 0=6 1=6 2=4"

KINDS = {
    "convolution over a sequence": (
        ["Input x 0 1 x 0=32 1=4", "Convolution1D c 1 1 x y 0=6 1=5 4=2 5=1 6=120"], 6 * 4 * 5 * 32, 126),
    "depthwise over a sequence": (
        ["Input x 0 1 x 0=32 1=4", "ConvolutionDepthWise1D c 1 1 x y 0=4 1=3 3=2 4=1 6=12 7=4"], 4 * 3 * 16, 12),
    "convolution over a volume": (
        ["Input x 0 1 x 0=8 1=8 11=4 2=3", "Convolution3D c 1 1 x y 0=6 1=3 3=2 4=1 5=1 6=486"],
        6 * 3 * 27 * 2 * 4 * 4, 492),
    "grouped over a volume": (
        ["Input x 0 1 x 0=8 1=8 11=4 2=4", "ConvolutionDepthWise3D c 1 1 x y 0=4 1=1 6=4 7=4"], 4 * 256, 4),
    "pooling over a volume": (
        ["Input x 0 1 x 0=8 1=8 11=4 2=3", "Pooling3D p 1 1 x a 0=0 1=2 2=2", "InnerProduct f 1 1 a y 0=2 2=192"],
        192, 192),
    "slices where parts begin": (
        [MAP, "Slice s 1 3 x a b c 1=0 -23302=2,1,3", "Convolution v 1 1 b y 0=5 1=1 6=10",
         "Concat k 3 1 a y c z 0=0"], 2 * 5 * 36, 10),
    "remainder of two maps": ([MAP, "Split s 1 2 x a b", "BinaryOp m 2 1 a b y 0=13"], 0, 0),
    "attention to another sequence": (
        ["Input q 0 1 q 0=8 1=3", "Input m 0 1 m 0=8 1=9", "MultiHeadAttention a 2 1 q m y 0=8 1=4 2=64 3=8 4=8"],
        2 * 3 * 64 + 2 * 9 * 64 + 2 * 3 * 9 * 8, 288),
    "attention with a mask": (
        ["Input q 0 1 q 0=8 1=3", "Input m 0 1 m 0=3 1=3", "MultiHeadAttention a 2 1 q m y 0=8 1=1 2=64 3=8 4=8 5=1"],
        4 * 3 * 64 + 2 * 9 * 8, 288),
    "scaled products": (
        ["Input q 0 1 q 0=8 1=5 2=4", "Input k 0 1 k 0=8 1=7 2=2", "Input v 0 1 v 0=6 1=7 2=2",
         "Input m 0 1 m 0=7 1=5 2=1", "SDPA s 4 1 q k v m y 5=1"], 4 * 5 * 7 * 14, 0),
    "norm over maps": ([MAP, "LayerNorm n 1 1 x y 0=36"], 0, 72),
    "norm over rows": ([MAP, "LayerNorm n 1 1 x y 0=6"], 0, 12),
    "norm without weights": ([MAP, "LayerNorm n 1 1 x y 0=144 2=0"], 0, 0),
    "left matrix stored": (["Input x 0 1 x 0=8 1=7", "Gemm g 1 1 x y 3=1 4=1 7=5 9=8"], 5 * 8 * 7, 40),
    "sum of no kind": (["Input x 0 1 x 0=8 1=5", "Gemm g 1 1 x y 10=-1 5=1 6=1 8=3 9=8"], 120, 24),
    "sum of each column": (["Input x 0 1 x 0=8 1=5", "Gemm g 1 1 x y 10=4 5=1 6=1 8=3 9=8"], 120, 27),
    "tiles of one axis": ([MAP, "Tile t 1 1 x a 0=0 1=3", "Convolution v 1 1 a y 0=2 1=1 6=24"], 24 * 36, 24),
    "tiles of every axis": (
        [MAP, "Tile t 1 1 x a -23302=3,1,2,3", "Convolution v 1 1 a y 0=2 1=1 6=8"], 8 * 36 * 6, 8),
    "halves gated by each other": ([MAP, "GLU g 1 1 x a 0=0", "Convolution v 1 1 a y 0=3 1=1 6=6"], 3 * 2 * 36, 6),
    "halves of rows gated": ([MAP, "GLU g 1 1 x a 0=2", "InnerProduct f 1 1 a y 0=2 2=144"], 144, 144),
    "pixels as channels": ([MAP, "Focus f 1 1 x a", "Convolution v 1 1 a y 0=5 1=1 6=80"], 5 * 16 * 9, 80),
    "pixels as channels, by its other name": (
        [MAP, "YoloV5Focus f 1 1 x a", "Convolution v 1 1 a y 0=5 1=1 6=80"], 5 * 16 * 9, 80),
    "cells of a region by channels of their own": (
        ["Input x 0 1 x 0=6 1=6 2=36", "Input r 0 1 r 0=4", "PSROIPooling p 2 1 x r a 0=3 1=3 2=0.5 3=4",
         "Convolution v 1 1 a y 0=2 1=1 6=8"], 72, 8),
    "a signal and back": (
        ["Input x 0 1 x 0=64", "Spectrogram s 1 1 x a 0=32 2=16", "InverseSpectrogram i 1 1 a b 0=32 1=1 2=16",
         "InnerProduct v 1 1 b y 0=2 2=128"], 128, 128),
    "the largest two": ([MAP, "ArgMax m 1 1 x a 0=1 1=2", "Reshape r 1 1 a b 0=-1", "InnerProduct f 1 1 b y 0=3 2=12"],
                        12, 12),
    "a kernel computed at run time": (
        [MAP, "Input k 0 1 k 0=3 1=3 11=4 2=5", "Convolution c 2 1 x k y 0=5 1=3 4=1 19=1"], 5 * 4 * 9 * 36, 0),
    "a kernel and a bias computed at run time": (
        [MAP, "Input k 0 1 k 0=1 1=1 11=4 2=5", "Input b 0 1 b 0=5", "Convolution c 3 1 x k b y 0=5 1=1 5=1 19=1"],
        5 * 4 * 36, 0),
    "long short-term memory": (["Input x 0 1 x 0=8 1=5", "LSTM r 1 1 x y 0=6 1=192"], 5 * 24 * 14, 24 * 15),
    "projected both ways": (
        ["Input x 0 1 x 0=8 1=5", "LSTM r 1 1 x y 0=3 1=384 2=2 3=6"], 5 * 2 * (24 * 11 + 18), 2 * (24 * 12 + 18)),
    "last states": (
        ["Input x 0 1 x 0=8 1=5", "LSTM r 1 3 x y h c 0=3 1=192 3=6", "InnerProduct f 1 1 c z 0=2 2=12"],
        5 * (24 * 11 + 18) + 12, 24 * 12 + 18 + 12),
    "gated recurrence": (["Input x 0 1 x 0=8 1=5", "GRU r 1 1 x y 0=6 1=144"], 5 * 18 * 14, 18 * 14 + 24),
    "simple recurrence both ways": (
        ["Input x 0 1 x 0=8 1=5", "RNN r 1 1 x y 0=6 1=96 2=2"], 5 * 2 * 6 * 14, 2 * 6 * 15),
    "transposed over a sequence": (
        ["Input x 0 1 x 0=10 1=4", "Deconvolution1D c 1 1 x y 0=6 1=4 3=2 4=1 5=1 6=96 9=1"], 96 * 10, 102),
    "transposed by groups over a volume": (
        ["Input x 0 1 x 0=4 1=4 11=3 2=4", "DeconvolutionDepthWise3D c 1 1 x y 0=4 1=2 3=2 6=32 7=4"], 32 * 48, 32),
    "pooling over a sequence": (
        ["Input x 0 1 x 0=9 1=4", "Pooling1D p 1 1 x a 0=1 1=2 2=2", "InnerProduct f 1 1 a y 0=3 2=60"], 60, 60),
    "kernel over a sequence computed": (
        ["Input x 0 1 x 0=10 1=4", "Input k 0 1 k 0=3 1=4 2=6", "Convolution1D c 2 1 x k y 0=6 1=3 19=1"], 72 * 8, 0),
    "words": (["Input x 0 1 x 0=5", "Embed e 1 1 x a 0=8 1=11 3=88", "InnerProduct f 1 1 a y 0=2 2=16"], 80, 104),
    "an equation": (
        ["Input a 0 1 a 0=6 1=5", "Input b 0 1 b 0=7 1=6",
         "Einsum e 2 1 a b y -23300=9,105,106,44,106,107,45,62,105,107"], 5 * 6 * 7, 0),
    "places computed": (
        [MAP, "Input o 0 1 o 0=6 1=6 2=18", "DeformableConv2D d 2 1 x o y 0=5 1=3 4=1 5=1 6=180"], 180 * 36, 185),
    "windows as columns": ([MAP, "Unfold u 1 1 x a 1=3 4=1", "InnerProduct f 1 1 a y 0=2 2=72"], 72 * 36, 72),
    "root mean square": ([MAP, "RMSNorm n 1 1 x y 0=6"], 0, 6),
    "length": ([MAP, "Normalize n 1 1 x y 1=1 3=4"], 0, 4),
    "sum of each row": (["Input x 0 1 x 0=8 1=5", "Gemm g 1 1 x y 10=1 5=1 6=1 7=5 8=3 9=8"], 120, 29),
    "both matrices stored": (["Input c 0 1 c 0=3 1=5", "Gemm g 1 1 c y 4=1 5=1 7=5 8=3 9=8"], 120, 64),
    "query of another width": (
        ["Input q 0 1 q 0=6 1=3", "Input m 0 1 m 0=8 1=9", "MultiHeadAttention a 2 1 q m y 0=8 1=4 2=48 3=8 4=8"],
        2 * 3 * 48 + 2 * 9 * 64 + 2 * 3 * 9 * 8, 56 + 72 + 72 + 54),
    "keys and values kept": (
        ["Input q 0 1 q 0=8 1=1 2=2", "Input k 0 1 k 0=8 1=7 2=2", "Input v 0 1 v 0=8 1=7 2=2",
         "SDPA s 5 3 q q q k v y K V 7=1"], 2 * 2 * 8 * 8, 0),
    "sizes computed": (
        [MAP, 'Reshape r 1 1 x a 6="//(0w,2),*(0h,2),-1"', "Convolution v 1 1 a y 0=3 1=1 6=12"], 12 * 36, 12),
    "sizes of another blob": (
        ["Input l 0 1 l 0=9 1=3", MAP, 'Reshape r 2 1 l x a 6="-(1w,5),-(1h,3),9"',
         "Convolution v 1 1 a y 0=2 1=1 6=18"], 54, 18),
    "enlarged by words": ([MAP, 'Interp i 1 1 x a 0=1 9="*(0w,2),*(0h,3)"', "Convolution v 1 1 a y 0=1 1=1 6=4"],
                          4 * 12 * 18, 4),
    "cut by words": ([MAP, 'Crop c 1 1 x a 19="1" 20="-(0w,1)" 21="2"', "Convolution v 1 1 a y 0=1 1=1 6=4"], 96, 4),
    "axes of a volume": (
        ["Input x 0 1 x 0=6 1=5 11=4 2=3", "Permute p 1 1 x a 0=17", "Convolution3D c 1 1 a y 0=2 1=1 6=10"],
        10 * 72, 10),
    "one slope for all": ([MAP, "PReLU p 1 1 x y 0=1"], 0, 1),
    "a slope of each channel": ([MAP, "PReLU p 1 1 x y 0=4"], 0, 4),
    "axes added to a vector": (
        [MAP, "Pooling p 1 1 x a 0=1 4=1", "ExpandDims e 1 1 a b -23303=2,1,2", "Convolution v 1 1 b y 0=2 1=1 6=8"],
        8, 8),
    "logarithm of a sum of exponentials": (
        [MAP, "BinaryOp m 1 1 x a 0=14 1=1 2=1.5", "Convolution v 1 1 a y 0=2 1=1 6=8"], 8 * 36, 8),
    "one more row and column": (
        [MAP, "Deconvolution c 1 1 x a 0=3 1=3 3=2 4=1 18=1 6=108", "InnerProduct v 1 1 a y 0=2 2=864"],
        108 * 36 + 864, 972),
    "a transposed kernel computed at run time": (
        [MAP, "Input k 0 1 k 0=2 1=2 11=4 2=5", "Deconvolution c 2 1 x k y 0=5 1=2 3=2 28=1"], 5 * 4 * 4 * 36, 0),
    "frequencies of a signal": (
        ["Input x 0 1 x 0=64", "Spectrogram s 1 1 x a 0=32 1=2 2=16 3=32 4=1 5=0", "InnerProduct v 1 1 a y 0=2 2=102"],
        102, 102),
    "both parts of all frequencies": (
        ["Input x 0 1 x 0=64", "Spectrogram s 1 1 x a 0=32 2=16 8=0", "InnerProduct v 1 1 a y 0=2 2=640"], 640, 640),
    "mean and deviation": ([MAP, "StatisticsPooling s 1 1 x a 0=1", "InnerProduct v 1 1 a y 0=2 2=16"], 16, 16),
    "the diagonal": (["Input x 0 1 x 0=6 1=6", "Diag s 1 1 x a 0=1", "InnerProduct v 1 1 a y 0=2 2=10"], 10, 10),
    "a matrix of a diagonal": (["Input x 0 1 x 0=6", "Diag s 1 1 x a", "InnerProduct v 1 1 a y 0=2 2=12"], 72, 12),
    "running sums": ([MAP, "CumulativeSum s 1 1 x a 0=1", "Convolution v 1 1 a y 0=2 1=1 6=8"], 8 * 36, 8),
    "a vector and a matrix": (
        ["Input a 0 1 a 0=8", "Input b 0 1 b 0=6 1=8", "MatMul g 2 1 a b c", "InnerProduct v 1 1 c y 0=2 2=12"],
        60, 12),
    "two vectors": (["Input a 0 1 a 0=8", "Split s 1 2 a b c", "MatMul g 2 1 b c y"], 8, 0),
    "a stored map beside each image": (
        [MAP, "MemoryData k 0 1 k 0=6 1=6 2=2", "Concat c 2 1 x k a 0=0", "Convolution v 1 1 a y 0=2 1=1 6=12"],
        12 * 36, 12 + 72),
    "vector made a column by flags": (
        ["Input x 0 1 x 0=8", "ExpandDims e 1 1 x a 0=1 1=1", "Convolution v 1 1 a y 0=2 1=1 11=3 6=6"], 6 * 6, 6),
    "vector made a row by a flag": (
        ["Input x 0 1 x 0=8", "ExpandDims e 1 1 x a 1=1", "Gemm g 1 1 a y 5=1 6=1 8=3 9=8 10=-1"], 24, 24),
    "matrix made a map by a flag": (
        ["Input x 0 1 x 0=6 1=6", "ExpandDims e 1 1 x a 2=1", "Convolution v 1 1 a y 0=2 1=3 6=18"], 18 * 16, 18),
    "an axis that a flag drops": (
        ["Input x 0 1 x 0=8 1=1 2=1", "Squeeze s 1 1 x a 2=1", "Gemm g 1 1 a y 5=1 6=1 8=3 9=8 10=-1"], 24, 24),
    "vector enlarged to a map": (
        [MAP, "InnerProduct f 1 1 x a 0=5 2=720", "Interp i 1 1 a b 0=2 3=4 4=4",
         "Convolution v 1 1 b y 0=2 1=1 6=10"], 720 + 160, 730),
    "zeros around a sequence": (
        ["Input x 0 1 x 0=20 1=4", "Padding p 1 1 x a 2=4", "Convolution1D c 1 1 a y 0=6 1=5 6=120"], 120 * 20, 120),
    "zeros around a vector": (
        ["Input x 0 1 x 0=20", "Padding p 1 1 x a 2=2 3=2", "InnerProduct f 1 1 a y 0=3 2=72"], 72, 72),
    "zeros around a volume": (
        ["Input x 0 1 x 0=6 1=6 11=4 2=3", "Padding p 1 1 x a 0=1 1=1 2=1 3=1 7=1 8=1",
         "Convolution3D c 1 1 a y 0=2 1=3 6=162"], 162 * 4 * 36, 162),
    "part of a volume": (
        ["Input x 0 1 x 0=6 1=6 11=4 2=3", "Crop c 1 1 x a 13=1 14=2 3=-233 4=-233 5=-233",
         "Convolution3D v 1 1 a y 0=2 1=1 6=6"], 6 * 2 * 36, 6),
    "a volume that keeps its size": (
        ["Input x 0 1 x 0=6 1=6 11=4 2=3", "Convolution3D c 1 1 x y 0=2 1=3 4=-233 6=162"], 162 * 4 * 36, 162),
    "sizes in words": ([MAP, 'Reshape r 1 1 x a 6="0w,-1"', "InnerProduct f 1 1 a y 0=2 2=12"], 12 * 24, 12),
}  # fmt: skip


def read(
    folder: Path, lines: list[str], input_size: tuple[int, ...] | None = None, batch: int | None = None
) -> LayerGraph:
    blobs = sum(int(line.split()[3]) for line in lines)
    path = folder / "net.param"
    path.write_text("\n".join(["7767517", f"{len(lines)} {blobs}", *lines]) + "\n")
    return load_network(path, input_size, batch)


@pytest.mark.parametrize(("kind", "corners"), [(1, 4), (2, 0)])
def test_samples_are_interpolated_between_corners_or_not(kind: int, corners: int, tmp_path: Path) -> None:
    graph = read(tmp_path, [MAP, "Input g 0 1 g 0=2 1=5 2=7", f"GridSample s 2 1 x g y 0={kind}"])
    assert graph.unknown[0].layer.flops == 2 * corners * 4 * 35


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "computed" not in kind and kind != "both matrices stored"])
def test_three_images_take_three_times_the_products(kind: str, tmp_path: Path) -> None:
    """But for kernels that are computed, of which every image has its own, and for products of what is stored."""
    lines, macs, params = KINDS[kind]
    graph = read(tmp_path, lines, batch=3)
    assert (graph.total_macs, graph.total_params) == (3 * macs, params)


@pytest.mark.parametrize("kind", KINDS)
def test_layers_count_their_products_and_weights(kind: str, tmp_path: Path) -> None:
    lines, macs, params = KINDS[kind]
    graph = read(tmp_path, lines)
    assert (graph.total_macs, graph.total_params) == (macs, params)
    assert all(node.layer.flops for node in graph.unknown)


def test_a_second_image_keeps_its_channels(tmp_path: Path) -> None:
    lines = ["Input a 0 1 a 0=8 1=8 2=3", "Input b 0 1 b 0=8 1=8 2=1", "Convolution c 1 1 b y 0=4 1=1 6=4"]
    graph = read(tmp_path, lines, (3, 16, 16))
    assert graph.total_macs == 4 * 256


@pytest.mark.parametrize("lines, said", [
    (["pnnx.Input i 0 1 0 #0=(1,3,8,8)f32"], "ncnn.param"),
    ([MAP, "BinaryOp m 1 1 x y 0=99 1=1 2=3.0"], "operation 99"),
    ([MAP, 'Reshape r 1 1 x y 6="*(0w,b),-1"'], "makes no sense"),
    ([MAP, 'Reshape r 1 1 x y 6="*(0w)"'], "makes no sense"),
    ([MAP, 'Reshape r 1 1 x y 6="0w,1w"'], "makes no sense"),
    (["Input x 0 1 x 0=8 1=5", "LSTM r 1 1 x y 0=6 1=100"], "stores 100 weights"),
])  # fmt: skip
def test_what_cannot_be_read_says_the_way_out(lines: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        read(tmp_path, lines)
