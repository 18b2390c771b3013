"""GPUNet (Wang et al. 2022, "GPUNet: Searching Deployable Convolution Neural Networks for GPUs"), as released.

Source: NVIDIA/DeepLearningExamples, PyTorch/Classification/GPUNet, configs/batch1/GV100 and models/gpunet_modules.py.
"""

from __future__ import annotations

import re
from functools import cache

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.common import make_divisible

STEM_AND_TAIL = {"0": (320, 32, "swish", 1280), "1": (288, 24, "swish", 1280), "2": (384, 32, "swish", 1280),
                 "p0": (224, 32, "relu", 1984), "p1": (224, 32, "relu", 1984)}  # fmt: skip
"""Side of the image, channels and activation of the first convolution, channels of the last one."""

LAYERS = {
    "0": "2 x c 32 k3; f 32 k3 s2 e5; f 32 k3 e5; f 64 k3 s2 e5; 2 x f 64 k3 e5; i 256 k3 s2 e5 swish; "
    "2 x i 256 k3 e5 swish; i 704 k3 s2 e5 se; i 704 k3 e5 se",
    "1": "c 24 k3; f 64 k3 s2 e4 swish; f 64 k3 e4 swish; f 96 k3 s2 e4 swish; f 96 k3 e4 swish; "
    "i 160 k3 s2 e2 swish se; 4 x i 288 k3 e5; i 448 k3 s2 e4 se; 3 x i 448 k3 e4 se",
    "2": "3 x c 32 k3; f 32 k5 s2 e6 swish se; f 112 k3 s2 e3 swish; 2 x f 112 k3 e3 swish; i 144 k3 s2 e6 swish; "
    "5 x i 144 k3 e6 swish; 4 x i 160 k5 e3; i 224 k3 s2 e3 swish se; 7 x i 224 k3 e3 swish se; 7 x i 832 k5 e2",
    "p0": "2 x c 32 k3; c 64 k3 s2; i 96 k3 s2 e8; 2 x i 96 k3 e7.67; i 256 k3 s2 e7.67; i 256 k5 e4.25; "
    "i 256 k3 e4.75; i 704 k3 s2 e8; i 704 k5 e3.82; i 704 k3 e3.36; i 704 k3 e2.55; i 704 k3 s2 e5.73",
    "p1": "2 x c 32 k3; c 64 k5 s2; 2 x i 64 k3 e8; i 96 k5 s2 e8; i 96 k5 e8; i 256 k5 s2 e8; i 256 k5 e7.5; "
    "i 256 k3 e7.88; i 704 k5 s2 e7.88; i 704 k5 e8; i 704 k3 e7.41; i 704 k5 e8; i 704 k5 s2 e7.95",
}
"""``c`` a convolution, ``i`` an inverted residual, ``f`` one with its first two convolutions fused; output channels,
kernel, stride 2, expansion, swish instead of ReLU, squeeze-excite."""

ROW = re.compile(r"(?:(\d+) x )?([cfi]) (\d+) k(\d)( s2)?(?: e([\d.]+))?( swish)?( se)?")


@cache
def gpunet(variant: str) -> LayerGraph:
    """The network of a variant: ``0``, ``1``, ``2``, ``p0`` or ``p1``."""
    side, stem, act, tail = STEM_AND_TAIL[variant]
    net = NetBuilder(f"gpunet_{variant}", source="NVIDIA/DeepLearningExamples")
    x = net.conv_bn(net.input(1, 3, side, side), stem, 3, act, stride=2, padding=1)
    for times, kind, channels, kernel, halves, expansion, swish, excites in ROW.findall(LAYERS[variant]):
        for _ in range(int(times or 1)):
            size, stride = int(kernel), 2 if halves else 1
            x = _layer(net, x, kind, int(channels), size, stride, float(expansion or 1), "swish" if swish else "relu",
                       bool(excites))  # fmt: skip
    x = net.global_pool(net.conv_bn(x, tail))
    net.linear(net.flatten(x), 1000)
    return net.graph


def _layer(net: NetBuilder, x: Tensor, kind: str, channels: int, kernel: int, stride: int, expansion: float, act: str,
           excites: bool) -> Tensor:  # fmt: skip
    spatial = {"stride": stride, "padding": kernel // 2}
    if kind == "c":
        return net.conv_bn(x, channels, kernel, act, **spatial)
    middle = int(make_divisible(x.c * expansion))
    if kind == "f":
        inner = net.conv_bn(x, middle, kernel, act, **spatial)
    else:
        inner = net.depthwise_bn(net.conv_bn(x, middle, 1, act), kernel, act, **spatial)
    if excites:
        inner = net.squeeze_excite(inner, round(middle * 0.25 / expansion))
    y = net.conv_bn(inner, channels, 1, None)
    return net.add_tensors(y, x) if stride == 1 and x.c == channels else y
