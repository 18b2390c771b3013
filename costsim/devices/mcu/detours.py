"""Shapes that keep an op off the fastest loop of its kernel library, and what that loop would take less.

CMSIS-NN (arm_convolve_wrapper_s8, arm_depthwise_conv_wrapper_s8): convolutions of one pixel are multiplied as the map
lies, but not with a stride; the fast depthwise kernel takes one output a channel and windows without gaps; sums go over
blocks of values, depthwise channels over blocks of lanes, and what fills none is computed one after another or wasted.
Ignores that releases after 5 walk strided maps of such convolutions without a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from costsim.devices.base import Detour, RunConfig
from costsim.devices.mcu.kernels import is_generic_depthwise, issued_macs, window_elems
from costsim.devices.mcu.profile import McuProfile
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

Seconds = Callable[[OpTable, McuProfile], Array]
"""``(ops, points)`` what a table takes on a profile."""


def detours_of(ops: OpTable, profile: McuProfile, run: RunConfig, seconds: Seconds) -> Sequence[Detour]:
    """The detours of a table of one network and point, each with the time it would be spared alone."""
    if run.dtype == "fp32":
        return ()  # float loops have no lanes, and no library here has other loops for them
    now = seconds(ops, profile)
    return [
        replace(detour, saved_s=np.where(mask, now - instead, 0.0)[:, 0])
        for detour, mask, instead in _tried(ops, profile, seconds)
        if mask.any()
    ]


def _tried(ops: OpTable, profile: McuProfile, seconds: Seconds) -> Iterator[tuple[Detour, np.ndarray, Array]]:
    runtime, none = profile.runtime, np.zeros(0)
    unfilled = issued_macs(ops, runtime) > ops.macs
    filled = {"depth_block": 1.0, "channel_block": 1.0, "padded_rows": 1.0}
    without_rest = profile.model_copy(update={"runtime": runtime.model_copy(update=filled)})
    multiple = int(max(runtime.channel_block, runtime.padded_rows, runtime.depth_block))
    lanes = Detour(
        f"lanes idle at channels that are no multiple of {multiple}",
        f"make channels a multiple of {multiple}",
        none,
        multiple,
    )
    yield lanes, unfilled, seconds(ops, without_rest)

    strided = ops.convolves & ~ops.is_depthwise & (window_elems(ops, runtime) > 0) & (ops.kernel_h * ops.kernel_w == 1)
    halved = replace(
        ops,
        stride_h=np.where(strided, 1.0, ops.stride_h),
        stride_w=np.where(strided, 1.0, ops.stride_w),
        h_in=np.where(strided, ops.h_out, ops.h_in),
        w_in=np.where(strided, ops.w_out, ops.w_in),
    )
    copied = Detour(
        "1x1 convolutions with a stride, whose windows are copied", "move the stride to the layer before", none
    )
    yield copied, strided, seconds(halved, profile)

    if runtime.generic_depthwise:
        generic = is_generic_depthwise(ops)
        spread = np.where(generic, ops.c_out_per_group, 1.0)
        plain = replace(
            ops,
            groups=ops.groups * spread,
            c_out_per_group=ops.c_out_per_group / spread,
            dilation_h=np.where(generic, 1.0, ops.dilation_h),
            dilation_w=np.where(generic, 1.0, ops.dilation_w),
        )
        slow = Detour(
            "depthwise convolutions with several outputs a channel or dilated windows",
            "use one output a channel and windows without gaps",
            none,
        )
        yield slow, generic, seconds(plain, profile)
