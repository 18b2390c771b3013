"""HarDNet (Chao et al. 2019, arXiv 1909.00948), Table 2."""

from __future__ import annotations

from typing import NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.common import published
from costsim.networks.zoo import Family

ACT = "relu6"


class Size(NamedTuple):
    """Channels of the stem; for every block its layers, growth, output channels and whether the map is halved."""

    stem: int
    factor: float
    layers: tuple[int, ...]
    growths: tuple[int, ...]
    widths: tuple[int, ...]
    halved: tuple[bool, ...]
    depthwise: bool = False


def _sizes() -> dict[str, Size]:
    s39 = Size(48, 1.6, (4, 16, 8, 4), (16, 20, 64, 160), (96, 320, 640, 1024), (True, True, True, False), True)
    s68 = Size(
        64, 1.7, (8, 16, 16, 16, 4), (14, 16, 20, 40, 160), (128, 256, 320, 640, 1024), (True, False, True, True, False)
    )
    s85 = Size(
        96, 1.7, (8, 16, 16, 16, 16, 4), (24, 24, 28, 36, 48, 256), (192, 256, 320, 480, 720, 1280),
        (True, False, True, False, True, False),
    )  # fmt: skip
    return {"39ds": s39, "68ds": s68._replace(depthwise=True), "68": s68, "85": s85}


SIZES = _sizes()


def hardnet(
    *,
    name: str = "hardnet68",
    size: str = "68",
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Dense blocks whose layers read only those a power of two before them; each such link widens a layer.

    The ``ds`` form has pointwise and depthwise pairs for 3x3 convolutions.
    """
    row = published(SIZES, size, "size")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, row.stem // 2, 3, ACT, stride=2)
        x = net.conv_bn(x, row.stem, 1 if row.depthwise else 3, ACT)
        x = net.depthwise_bn(x, 3, act=None, stride=2) if row.depthwise else net.max_pool(x, 3, 2, padding=1)
    blocks = zip(row.layers, row.growths, row.widths, row.halved, strict=True)
    for number, (layers, growth, width, halved) in enumerate(blocks, start=1):
        with net.block(f"block{number}"):
            x = net.conv_bn(_harmonic(net, x, layers, growth, row), width, 1, ACT)
            if halved:
                x = net.depthwise_bn(x, 3, act=None, stride=2) if row.depthwise else net.max_pool(x, 2)
    with net.block("classifier"):
        net.linear(net.dropout(net.global_pool(x)), classes)
    return net.graph


def _harmonic(net: NetBuilder, x: Tensor, layers: int, growth: int, row: Size) -> Tensor:
    """All odd layers and the last one, joined."""
    outputs = [x]
    for layer in range(1, layers + 1):
        links = [layer - 2**k for k in range(layer.bit_length()) if layer % 2**k == 0]
        width = int(int(growth * row.factor ** (len(links) - 1) + 1) / 2) * 2
        read = [outputs[link] for link in links]
        y = net.concat(*read) if len(read) > 1 else read[0]
        if row.depthwise:
            outputs.append(net.depthwise_bn(net.conv_bn(y, width, 1, ACT), 3, act=None))
        else:
            outputs.append(net.conv_bn(y, width, 3))
    return net.concat(*(y for layer, y in enumerate(outputs) if layer % 2 or layer == layers))


FAMILY = Family(hardnet, {f"hardnet{size}": {"size": size} for size in SIZES})
