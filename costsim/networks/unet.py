"""U-Net (Ronneberger et al. 2015, arXiv 1505.04597), Figure 1."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.zoo import Family

WIDTHS = (64, 128, 256, 512, 1024)


def unet(
    *,
    name: str = "unet",
    bilinear: bool = False,
    input_shape: tuple[int, int, int, int] = (1, 1, 512, 512),
    classes: int = 2,
) -> LayerGraph:
    """Pairs of 3x3 on the way down and up, joined at every scale, with 2x2 transposed convolutions on the way up.

    Maps keep their size at 3x3 convolutions, as nearly everyone runs it; the paper's lose two pixels. The
    ``bilinear`` form interpolates on the way up, has half the channels in the deepest pair, and batch norms.
    """
    net = NetBuilder(name)
    x = net.input(*input_shape)
    maps: list[Tensor] = []
    for level, width in enumerate(WIDTHS, start=1):
        with net.block(f"down{level}"):
            x = net.max_pool(x, 2) if maps else x
            x = _pair(net, x, width // 2 if bilinear and level == len(WIDTHS) else width, bilinear)
            maps.append(x)
    for level, side in reversed(list(enumerate(maps[:-1], start=1))):
        with net.block(f"up{level}"):
            x = net.upsample(x, 2, "bilinear") if bilinear else net.deconv(x, side.c, 2, stride=2, padding=0, bias=True)
            c_out = side.c // 2 if bilinear and level > 1 else side.c
            x = _pair(net, net.concat(side, x), c_out, bilinear)
    with net.block("classifier"):
        net.conv(x, classes, 1, bias=True)
    return net.graph


def _pair(net: NetBuilder, x: Tensor, c_out: int, normed: bool) -> Tensor:
    for _ in range(2):
        x = net.conv(x, c_out, 3, bias=True)
        x = net.act(net.bn(x) if normed else x)
    return x


FAMILY = Family(unet, {"unet": {}, "unet_bilinear": {"bilinear": True, "input_shape": (1, 3, 512, 512), "classes": 19}})
