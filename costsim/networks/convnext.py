"""ConvNeXt (Liu et al. 2022, arXiv 2201.03545), Table 9, and ConvNeXt V2 (Woo et al. 2023, arXiv 2301.00808)."""

from __future__ import annotations

from typing import Any, NamedTuple

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph import layers as L
from costsim.networks.common import published
from costsim.networks.transformer import channels_first, channels_last, dense, layer_norm, map_norm, scale
from costsim.networks.zoo import Family


class Size(NamedTuple):
    """Channels of the first stage, which every further one doubles, and blocks of each."""

    width: int
    depths: tuple[int, int, int, int]


SIZES = {
    "atto": Size(40, (2, 2, 6, 2)),
    "femto": Size(48, (2, 2, 6, 2)),
    "pico": Size(64, (2, 2, 6, 2)),
    "nano": Size(80, (2, 2, 8, 2)),
    "tiny": Size(96, (3, 3, 9, 3)),
    "small": Size(96, (3, 3, 27, 3)),
    "base": Size(128, (3, 3, 27, 3)),
    "large": Size(192, (3, 3, 27, 3)),
}

BELOW_TINY = (
    "the paper of ConvNeXt starts at tiny: the smaller sizes are those of ConvNeXt V2, as timm has them for V1",
)


def convnext(
    *,
    name: str = "convnext_tiny",
    size: str = "tiny",
    version: int = 1,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """A depthwise 7x7, layer norm and two fully connected layers a block, no batch norm anywhere.

    ``version`` 2 has global response normalisation between the two in the place of the layer scale behind them.
    """
    width, depths = published(SIZES, size, "size")
    net = NetBuilder(name, notes=BELOW_TINY if version == 1 and width < SIZES["tiny"].width else ())
    x = net.input(*input_shape)
    for stage, depth in enumerate(depths, start=1):
        with net.block(f"stage{stage}"):
            with net.block("downsample"):
                x = _downsampled(net, x, width * 2 ** (stage - 1), first=stage == 1)
            for number in range(1, depth + 1):
                with net.block(f"block{number}"):
                    x = net.add_tensors(x, _branch(net, x, version))
    with net.block("classifier"):
        dense(net, layer_norm(net, net.flatten(net.global_pool(x))), classes)
    return net.graph


def _downsampled(net: NetBuilder, x: Tensor, c_out: int, first: bool) -> Tensor:
    """Patches of 4x4 with a norm behind them; later a norm and patches of 2x2."""
    if first:
        return map_norm(net, net.conv(x, c_out, 4, stride=4, padding=0, bias=True))
    return net.conv(map_norm(net, x), c_out, 2, stride=2, padding=0, bias=True)


def _branch(net: NetBuilder, x: Tensor, version: int) -> Tensor:
    y = channels_last(net, net.conv(x, x.c, 7, groups=x.c, bias=True))
    y = net.act(dense(net, layer_norm(net, y), 4 * x.c), "gelu")
    if version == 2:
        y = response_norm(net, y)
    y = channels_first(net, dense(net, y, x.c))
    return y if version == 2 else scale(net, y, x.c)


def response_norm(net: NetBuilder, x: Tensor) -> Tensor:
    """Global response normalisation: every channel by its norm over the map, relative to the mean of all channels."""
    width: Any = x.shape[-1]
    norm = net.act(net.add(L.Reduce((1, 2), "sum"), net.act(x, "square")), "sqrt")
    relative = net.add(L.Arithmetic("div"), norm, net.add(L.Reduce((3,), "mean"), norm))
    with net.block("response"):
        y = net.add(L.Add(const_elems=width), scale(net, net.multiply(x, relative), width))
    return net.add_tensors(x, y)


V1 = Family(convnext, {f"convnext_{size}": {"size": size} for size in SIZES})
V2 = Family(convnext, {f"convnext_v2_{size}": {"size": size, "version": 2} for size in SIZES if size != "small"})
