"""MobileNetV3 (Howard et al. 2019, arXiv 1905.02244), Tables 1 and 2."""

from __future__ import annotations

from typing import Any

from costsim.graph import LayerGraph, NetBuilder
from costsim.networks.common import make_divisible, published
from costsim.networks.inverted_residual import SqueezeExcite, inverted_residual
from costsim.networks.zoo import Family

RE, HS = "relu", "hard_swish"

# kernel, expanded channels, output channels, squeeze-excite, activation, stride
LARGE = (
    (3, 16, 16, False, RE, 1),
    (3, 64, 24, False, RE, 2),
    (3, 72, 24, False, RE, 1),
    (5, 72, 40, True, RE, 2),
    (5, 120, 40, True, RE, 1),
    (5, 120, 40, True, RE, 1),
    (3, 240, 80, False, HS, 2),
    (3, 200, 80, False, HS, 1),
    (3, 184, 80, False, HS, 1),
    (3, 184, 80, False, HS, 1),
    (3, 480, 112, True, HS, 1),
    (3, 672, 112, True, HS, 1),
    (5, 672, 160, True, HS, 2),
    (5, 960, 160, True, HS, 1),
    (5, 960, 160, True, HS, 1),
)
SMALL = (
    (3, 16, 16, True, RE, 2),
    (3, 72, 24, False, RE, 2),
    (3, 88, 24, False, RE, 1),
    (5, 96, 40, True, HS, 2),
    (5, 240, 40, True, HS, 1),
    (5, 240, 40, True, HS, 1),
    (5, 120, 48, True, HS, 1),
    (5, 144, 48, True, HS, 1),
    (5, 288, 96, True, HS, 2),
    (5, 576, 96, True, HS, 1),
    (5, 576, 96, True, HS, 1),
)

# rows, channels of the last convolution, features of the layer before the classifier
SIZES: dict[str, tuple[Any, int, int]] = {"large": (LARGE, 960, 1280), "small": (SMALL, 576, 1024)}

WIDTHS = (0.35, 0.5, 0.75, 1.25)

SMALL_NOTE = (
    "the first arXiv version prints 66 M multiply-adds and 1280 features before the classifier, which recounts to "
    "56.9 M; here stands the later version's 1024 (56 M)",
)


def mobilenet_v3(
    *,
    name: str = "mobilenet_v3",
    size: str = "large",
    width: Any = 1.0,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
) -> LayerGraph:
    """Searched inverted residuals with squeeze-excite and hard-swish.

    ``width`` scales all channels but the features before the classifier, rounded to multiples
    of 8; a bottleneck expands its scaled input by the table's ratio, which alone gives the printed
    counts of 0.75x and 0.5x. A squeeze-excite has a quarter of the expanded channels. The small
    network's first published count (66 M) was never reproducible; the later 56 M is.
    """
    rows, last, features = published(SIZES, size, "size")
    net = NetBuilder(name, notes=SMALL_NOTE if size == "small" else ())
    x = net.input(*input_shape)
    with net.block("conv1"):
        x = net.conv_bn(x, make_divisible(16 * width), 3, HS, stride=2)
    c_in = 16
    for number, (kernel, expanded, c_out, squeezed, act, stride) in enumerate(rows, start=1):
        c_mid = make_divisible(x.c * expanded / c_in)
        with net.block(f"bneck{number}"):
            x = inverted_residual(
                net, x, make_divisible(c_out * width),
                c_mid=c_mid if expanded != c_in else None,
                kernel=kernel, stride=stride, act=act,
                squeeze_excite=SqueezeExcite(make_divisible(c_mid / 4), gate="hard_sigmoid") if squeezed else None,
                shortcut=stride == 1 and c_in == c_out,
            )  # fmt: skip
        c_in = c_out
    with net.block("conv_last"):
        x = net.conv_bn(x, make_divisible(last * width), 1, HS)
    with net.block("classifier"):
        x = net.act(net.linear(net.global_pool(x), features), HS)
        net.linear(net.dropout(x), classes)
    return net.graph


FAMILY = Family(
    mobilenet_v3,
    {f"mobilenet_v3_{size}": {"size": size} for size in SIZES}
    | {f"mobilenet_v3_{size}_{w:g}x": {"size": size, "width": w} for size in SIZES for w in WIDTHS},
)
