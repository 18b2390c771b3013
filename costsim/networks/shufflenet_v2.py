"""ShuffleNet V2 (Ma et al. 2018, arXiv 1807.11164), Table 5 and appendix Table 2 and Figure 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Dim
from costsim.networks.common import make_divisible
from costsim.networks.reactivation import Pruning, reactivate
from costsim.networks.zoo import Family

# width: (stage 2, stage 3, stage 4, conv5) channels, Table 5
WIDTHS = {
    "0.5x": (48, 96, 192, 1024),
    "1x": (116, 232, 464, 1024),
    "1.5x": (176, 352, 704, 1024),
    "2x": (244, 488, 976, 2048),
}

# depth: (stages, conv6), units of the stages, channels of the 3x3 stem convolutions; appendix Table 2
DEPTHS: dict[str, dict[str, Any]] = {
    "50": {"channels": (244, 488, 976, 1952, 2048), "repeats": (3, 4, 6, 3), "stem": (64,)},
    "164": {"channels": (340, 680, 1360, 2720, 2048), "repeats": (10, 10, 23, 10), "stem": (64, 64, 128)},
}

# Widths of the VarGNet paper's comparison, named by stage-2 channels (arXiv 1907.05653, Table 4)
VARGNET_COMPARISON = (60, 108, 154, 196, 228, 270, 312)

SE_REDUCTION = 16
"""Never published for this network; that of SENet (arXiv 1709.01507)."""

SE_NOTE = ("the squeeze-excite's reduction was never published; 16, as in SENet, is assumed",)


@dataclass(frozen=True)
class UnitOptions:
    """What the paper's variants change inside a unit."""

    even_downsampling: bool = False
    residual: bool = False
    se_reduction: int | None = None
    extra_depthwise: bool = False
    reactivation: Pruning | None = None


def shufflenet_v2(
    *,
    name: str = "shufflenet_v2",
    channels: tuple[Any, ...] = WIDTHS["1x"],
    width: Any = 1.0,
    repeats: tuple[int, ...] = (4, 8, 4),
    stem: tuple[int, ...] = (24,),
    even_downsampling: bool = False,
    residual: bool = False,
    se_reduction: int | None = None,
    extra_depthwise: bool = False,
    reactivation: Pruning | None = None,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
    notes: tuple[str, ...] = (),
) -> LayerGraph:
    """Channel split, a bottleneck without groups, concatenation and shuffle: no element-wise add.

    ``channels`` are the outputs of the stages and of the last 1x1 convolution, ``width`` scales
    the stages (rounded so that halves and groups divide), ``repeats`` are the units per stage, ``stem`` the first
    3x3 convolutions. In the stride-2 unit of the paper the shortcut keeps the input's channels,
    which alone gives the published multiply-adds; ``even_downsampling`` gives both branches half
    of the output, as torchvision does and as the VarGNet paper's own widths need.

    Variants (appendix Figure 2): ``residual`` adds the branch's input to its output,
    ``se_reduction`` scales it by a squeeze-excite (reduction unpublished), ``extra_depthwise`` is
    the detection form with one more 3x3 depthwise before the first pointwise. ``reactivation`` is
    SFR-ShuffleNetV2 (arXiv 2104.04382): the branch's output also updates the half passed by.
    """
    *stages, last = channels
    options = UnitOptions(even_downsampling, residual, se_reduction, extra_depthwise, reactivation)
    divisor = 2 * (reactivation.groups if reactivation else 1)
    net = NetBuilder(name, notes=notes + (SE_NOTE if se_reduction else ()))
    x = net.input(*input_shape)
    with net.block("stem"):
        for number, c_out in enumerate(stem):
            x = net.conv_bn(x, c_out, 3, stride=2 if number == 0 else 1)
        x = net.max_pool(x, 3, 2, padding=1)
    # a fourth stage runs at the stem's resolution, as ResNet's conv2_x does
    strides = (1, 2, 2, 2)[4 - len(stages) :]
    for stage, (c_out, units, stride) in enumerate(zip(stages, repeats, strides, strict=True), start=2):
        for unit in range(units):
            with net.block(f"stage{stage}"), net.block(f"unit{unit + 1}"):
                if unit == 0:
                    x = downsampling_unit(net, x, make_divisible(c_out * width, divisor), options, stride)
                else:
                    x = basic_unit(net, x, options)
    with net.block("conv_last"):
        x = net.conv_bn(x, last, 1)
    net.classifier(x, classes, bias=even_downsampling)  # the authors' released models have none
    return net.graph


def basic_unit(net: NetBuilder, x: Tensor, options: UnitOptions) -> Tensor:
    """Half of the channels pass through; the other half runs the branch."""
    half = x.c // 2
    kept, worked = net.split(x, half, half)
    y = bottleneck(net, worked, half, half, 1, options, shortcut=worked if options.residual else None)
    if options.reactivation:
        kept = net.add_tensors(kept, reactivate(net, y, half, options.reactivation))
    return net.shuffle(net.concat(kept, y), 2)


def downsampling_unit(net: NetBuilder, x: Tensor, c_out: Dim, options: UnitOptions, stride: int = 2) -> Tensor:
    """Both branches see all channels; their outputs are concatenated."""
    c_shortcut = c_out // 2 if options.even_downsampling else x.c
    shortcut = net.depthwise_bn(x, 3, act=None, stride=stride)
    shortcut = net.conv_bn(shortcut, c_shortcut, 1)
    y = bottleneck(net, x, c_out // 2, c_out - c_shortcut, stride, options)
    return net.shuffle(net.concat(shortcut, y), 2)


def bottleneck(
    net: NetBuilder,
    x: Tensor,
    c_mid: Dim,
    c_out: Dim,
    stride: int,
    options: UnitOptions,
    shortcut: Tensor | None = None,
) -> Tensor:
    """Pointwise, depthwise 3x3, pointwise: the branch of both units."""
    if options.extra_depthwise:
        x = net.depthwise_bn(x, 3, act=None)
    y = net.conv_bn(x, c_mid, 1)
    y = net.depthwise_bn(y, 3, act=None, stride=stride)
    y = net.conv_bn(y, c_out, 1, act=None if shortcut else "relu")
    if options.se_reduction:
        y = net.squeeze_excite(y, make_divisible(y.c / options.se_reduction, 1))
    return net.act(net.add_tensors(shortcut, y)) if shortcut else y


def _variants() -> dict[str, dict[str, Any]]:
    se: dict[str, Any] = {"se_reduction": SE_REDUCTION}
    forms: dict[str, dict[str, Any]] = {
        "": {},
        "_torchvision": {"even_downsampling": True},
        "_residual": {"residual": True},
        "_se": se,
        "_se_residual": {"residual": True, **se},
        "_detection": {"extra_depthwise": True},
    }
    variants = {
        f"shufflenet_v2_{width}{suffix}": {"channels": channels, **form}
        for width, channels in WIDTHS.items()
        for suffix, form in forms.items()
    }
    for c in VARGNET_COMPARISON:
        channels = (c, 2 * c, 4 * c, 1024 if c <= 196 else 2048)
        variants[f"shufflenet_v2_c{c}"] = {"channels": channels, "even_downsampling": True}
    variants["shufflenet_v2_50"] = DEPTHS["50"]
    variants["shufflenet_v2_164"] = {**DEPTHS["164"], "residual": True}
    variants["shufflenet_v2_164_se"] = {**variants["shufflenet_v2_164"], **se}
    return variants


FAMILY = Family(shufflenet_v2, _variants())
