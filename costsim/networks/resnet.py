"""ResNet (arXiv 1512.03385), ResNeXt (arXiv 1611.05431, Table 1) and SE-ResNet (arXiv 1709.01507)."""

from __future__ import annotations

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.networks.common import published
from costsim.networks.zoo import Family

# depth: units of stages conv2_x to conv5_x, and whether they are bottlenecks
DEPTHS = {
    18: ((2, 2, 2, 2), False),
    34: ((3, 4, 6, 3), False),
    50: ((3, 4, 6, 3), True),
    101: ((3, 4, 23, 3), True),
    152: ((3, 8, 36, 3), True),
}

WIDTHS = (64, 128, 256, 512)
"""Channels of the 3x3 convolutions in each stage; a bottleneck puts out four times as many."""


def resnet(
    *,
    name: str = "resnet",
    depth: int = 50,
    stride_in_3x3: bool = True,
    groups: int = 1,
    width_per_group: int = 64,
    se_reduction: int | None = None,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Residual units, plain (18, 34) or bottleneck (50, 101, 152), with projection shortcuts.

    A bottleneck that halves the map does so in its first 1x1 convolution in the paper
    (``resnet50_v1``: 3.86 G multiply-accumulates) and in the 3x3 in most later code (``resnet50``:
    4.09 G); papers mix both. Plain units have no 1x1 to choose: 18 and 34 have one form.
    ResNeXt groups the 3x3 into ``groups`` of ``width_per_group`` channels (at stage conv2_x),
    SE-ResNet scales each unit's output by a squeeze-excite before the addition.
    """
    repeats, bottleneck = published(DEPTHS, depth, "depth")
    net = NetBuilder(name)
    x = net.input(*input_shape)
    with net.block("conv1"):
        x = net.max_pool(net.conv_bn(x, 64, 7, stride=2), 3, 2, padding=1)
    for stage, (width, units) in enumerate(zip(WIDTHS, repeats, strict=True), start=2):
        for unit in range(units):
            stride = 2 if unit == 0 and stage > 2 else 1
            with net.block(f"conv{stage}_x"), net.block(f"unit{unit + 1}"):
                if bottleneck:
                    y = bottleneck_branch(
                        net, x, 4 * width, width * groups * width_per_group // 64, stride, groups, stride_in_3x3
                    )
                else:
                    y = plain_branch(net, x, width, stride)
                if se_reduction:
                    y = net.squeeze_excite(y, y.c // se_reduction)
                x = residual(net, x, y, stride, projected=unit == 0 and (stage > 2 or bottleneck))
    net.classifier(x, classes)
    return net.graph


def bottleneck_branch(
    net: NetBuilder, x: Tensor, c_out: int, c_mid: int, stride: int, groups: int = 1, stride_in_3x3: bool = True
) -> Tensor:
    """1x1 down, 3x3, 1x1 up."""
    first, second = (1, stride) if stride_in_3x3 else (stride, 1)
    y = net.conv_bn(x, c_mid, 1, stride=first)
    y = net.conv_bn(y, c_mid, 3, stride=second, groups=groups)
    return net.conv_bn(y, c_out, 1, act=None)


def plain_branch(net: NetBuilder, x: Tensor, c_out: int, stride: int) -> Tensor:
    """Two 3x3."""
    return net.conv_bn(net.conv_bn(x, c_out, 3, stride=stride), c_out, 3, act=None)


def residual(net: NetBuilder, x: Tensor, branch: Tensor, stride: int, projected: bool) -> Tensor:
    """The sum of branch and shortcut, which is a 1x1 convolution where shapes change."""
    shortcut = net.conv_bn(x, branch.c, 1, act=None, stride=stride) if projected else x
    return net.act(net.add_tensors(branch, shortcut))


def _with_v1(name: str, depths: tuple[int, ...], **options: int) -> dict[str, dict[str, object]]:
    variants: dict[str, dict[str, object]] = {}
    for depth in depths:
        variants[f"{name}{depth}"] = {"depth": depth, **options}
        if DEPTHS[depth][1]:
            variants[f"{name}{depth}_v1"] = {"depth": depth, "stride_in_3x3": False, **options}
    return variants


RESNET = Family(resnet, _with_v1("resnet", tuple(DEPTHS)))
SE_RESNET = Family(resnet, _with_v1("se_resnet", (50,), se_reduction=16))
RESNEXT = Family(
    resnet,
    {
        "resnext50_32x4d": {"depth": 50, "groups": 32, "width_per_group": 4},
        "resnext101_32x4d": {"depth": 101, "groups": 32, "width_per_group": 4},
        "resnext101_64x4d": {"depth": 101, "groups": 64, "width_per_group": 4},
    },
)
