"""ShuffleNet (Zhang et al. 2017, arXiv 1707.01083), Table 1 and Figure 2."""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph.layers import Dim
from costsim.networks.common import make_divisible, published
from costsim.networks.zoo import Family

REPEATS = (4, 8, 4)
"""Units of stages 2 to 4, the stride-2 unit included."""

# groups: output channels of stage 2 at 1x; each later stage doubles them (Table 1)
STAGE2 = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}

# groups: width: channels of conv1, of the authors' released models (megvii-model/ShuffleNet-Series @ aa91feb)
RELEASED_STEMS = {
    3: {0.5: 12, 1.0: 24, 1.5: 24, 2.0: 48},
    8: {0.5: 16, 1.0: 24, 1.5: 24, 2.0: 48},
}

WIDTHS = (0.25, 0.5, 1.0, 1.5, 2.0)

UNPUBLISHED = (
    "conv1 and the rounding of this width were never published for this number of groups; conv1 is scaled like the "
    "stages and rounded to what the groups divide",
)
SE_NOTE = ("the squeeze-excite's reduction was never published; 16, as in SENet, gives the printed 527 M",)


def shufflenet_v1(
    *,
    name: str = "shufflenet_v1",
    groups: Any = 3,
    stage2: Any = None,
    width: Any = 1.0,
    stem: Any = None,
    se_reduction: int | None = None,
    input_shape: tuple[int, int, int, int] = (1, 3, 224, 224),
    classes: int = 1000,
    notes: tuple[str, ...] = (),
) -> LayerGraph:
    """Pointwise group convolutions with a channel shuffle between them, around a depthwise 3x3.

    ``width`` scales the stages (rounded so that ``groups`` divide every bottleneck). ``stem`` are
    the channels of conv1, which the paper gives at 1x only: wider and narrower ones are those of
    the authors' released models, published for 3 and 8 groups, else scaled like the stages.
    ``stage2`` overrides the 1x channels of stage 2, which the paper gives for 1, 2, 3, 4 and 8
    groups. Table 1 counts without the classifier, all later tables with it.
    """
    if stem is None:
        stem, notes = make_divisible(24 * width, groups), notes + UNPUBLISHED
    net = NetBuilder(name, notes=notes + (SE_NOTE if se_reduction else ()))
    if stage2 is None:
        stage2 = np.vectorize(lambda g: published(STAGE2, int(g), "width of stage 2 for groups ="))(groups)
    c_stage2 = make_divisible(stage2 * width, 4 * groups)
    x = net.input(*input_shape)
    with net.block("conv1"):
        x = net.conv_bn(x, stem, 3, stride=2)
        x = net.max_pool(x, 3, 2, padding=1)
    for stage, units in enumerate(REPEATS, start=2):
        for unit in range(units):
            with net.block(f"stage{stage}"), net.block(f"unit{unit + 1}"):
                c_out = c_stage2 * 2 ** (stage - 2)
                first_groups = 1 if stage == 2 and unit == 0 else groups  # too few channels to group (Section 3.2)
                x = shuffle_unit(net, x, c_out, groups, first_groups, unit == 0, se_reduction)
    net.classifier(x, classes, bias=False)  # as released
    return net.graph


def shuffle_unit(
    net: NetBuilder, x: Tensor, c_out: Dim, groups: Any, first_groups: Any, downsample: bool, se_reduction: int | None
) -> Tensor:
    """Figure 2b, or with ``downsample`` 2c: the pooled shortcut is concatenated instead of added."""
    c_branch = c_out - x.c if downsample else c_out
    y = net.conv_bn(x, c_out // 4, 1, groups=first_groups)
    y = net.shuffle(y, groups)
    y = net.depthwise_bn(y, 3, act=None, stride=2 if downsample else 1)
    y = net.conv_bn(y, c_branch, 1, act=None, groups=groups)
    if se_reduction:
        y = net.squeeze_excite(y, y.c // se_reduction)
    if downsample:
        return net.act(net.concat(net.avg_pool(x, 3, 2, padding=1), y))
    return net.act(net.add_tensors(x, y))


def _variants() -> dict[str, dict[str, Any]]:
    variants: dict[str, dict[str, Any]] = {}
    for groups in STAGE2:
        stems = {1.0: 24, **RELEASED_STEMS.get(groups, {})}
        for width in WIDTHS:
            options = {"groups": groups, "width": width, "stem": stems.get(width)}
            variants[f"shufflenet_v1_g{groups}_{width:g}x"] = options
    variants["shufflenet_v1_g3_2x_se"] = {**variants["shufflenet_v1_g3_2x"], "se_reduction": 16}
    return variants


FAMILY = Family(shufflenet_v1, _variants())
