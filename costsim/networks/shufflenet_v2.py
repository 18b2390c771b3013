"""ShuffleNet V2 (Ma et al. 2018, arXiv 1807.11164), Tables 5 and 6 and appendix Figure 2."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.zoo import Family

REPEATS = (4, 8, 4)
"""Units of stages 2 to 4, the stride-2 unit included (Table 5)."""

# width: (stage 2, stage 3, stage 4, conv5) channels, Table 5
WIDTHS = {
    "0.5x": (48, 96, 192, 1024),
    "1x": (116, 232, 464, 1024),
    "1.5x": (176, 352, 704, 1024),
    "2x": (244, 488, 976, 2048),
}

# Widths of the VarGNet paper's comparison, named by stage-2 channels (arXiv 1907.05653, Table 4)
VARGNET_COMPARISON = (60, 108, 154, 196, 228, 270, 312)


def shufflenet_v2(
    *,
    name: str = "shufflenet_v2",
    channels: tuple[int, int, int, int],
    even_downsampling: bool = False,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Channel split, a bottleneck without groups, concatenation and shuffle: no element-wise add.

    ``channels`` are the outputs of stages 2, 3, 4 and of conv5. In the stride-2 unit of the paper
    the shortcut keeps the input's channels, which alone gives the published multiply-adds;
    ``even_downsampling`` gives both branches half of the output, as torchvision does.
    """
    *stages, conv5 = channels
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("stem"):
        x = net.conv_bn(x, 24, 3, stride=2)
        x = net.max_pool(x, 3, 2, padding=1)
    for stage, (c_out, units) in enumerate(zip(stages, REPEATS, strict=True), start=2):
        for unit in range(units):
            with net.block(f"stage{stage}"), net.block(f"unit{unit + 1}"):
                x = downsampling_unit(net, x, c_out, even_downsampling) if unit == 0 else basic_unit(net, x)
    with net.block("conv5"):
        x = net.conv_bn(x, conv5, 1)
    net.classifier(x, classes, bias=even_downsampling)  # the authors' released models have none
    return net.graph


def basic_unit(net: NetBuilder, x: Tensor) -> Tensor:
    """Half of the channels pass through; the other half runs the branch."""
    half = x.c // 2
    kept, worked = net.split(x, half, half)
    y = net.conv_bn(worked, half, 1)
    y = net.depthwise_bn(y, 3, act=None)
    y = net.conv_bn(y, half, 1)
    return net.shuffle(net.concat(kept, y), 2)


def downsampling_unit(net: NetBuilder, x: Tensor, c_out: int, even: bool) -> Tensor:
    """Both branches see all channels at stride 2; their outputs are concatenated."""
    c_shortcut = c_out // 2 if even else x.c
    shortcut = net.depthwise_bn(x, 3, act=None, stride=2)
    shortcut = net.conv_bn(shortcut, c_shortcut, 1)
    y = net.conv_bn(x, c_out // 2, 1)
    y = net.depthwise_bn(y, 3, act=None, stride=2)
    y = net.conv_bn(y, c_out - c_shortcut, 1)
    return net.shuffle(net.concat(shortcut, y), 2)


def _variants() -> dict[str, dict[str, object]]:
    variants: dict[str, dict[str, object]] = {}
    for width, channels in WIDTHS.items():
        variants[f"shufflenet_v2_{width}"] = {"channels": channels}
        variants[f"shufflenet_v2_{width}_torchvision"] = {"channels": channels, "even_downsampling": True}
    for c in VARGNET_COMPARISON:
        channels = (c, 2 * c, 4 * c, 1024 if c <= 196 else 2048)
        variants[f"shufflenet_v2_c{c}"] = {"channels": channels, "even_downsampling": True}
    return variants


FAMILY = Family(shufflenet_v2, _variants())
