"""Depthwise convolution with channels packed into vectors.

One channel pack at a time, rows of inputs kept in registers over a strip of outputs, as in ncnn's
convolutiondepthwise_3x3_pack4.h and XNNPACK's dwconv kernels.

Ignored: border handling inside the kernel and the reload of weights for every row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costsim.devices.cpu.kernels.packed import padded_copy
from costsim.devices.cpu.kernels.winograd import HALF_BYTES
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.work import Rows, Sustains, Work
from costsim.tables.schema import Array

STRIP = 4.0
"""Neighbouring outputs that share loaded inputs."""


SMALL_PACK = 4.0
"""Channels kept together where they do not fill a vector of more."""


def largest_pack(channels: Array, lanes: Any) -> Array:
    """Channels computed together: a vector's, four, or one, whatever divides them."""
    return np.where(np.mod(channels, lanes) == 0, lanes, np.where(np.mod(channels, SMALL_PACK) == 0, SMALL_PACK, 1.0))


def loads_per_output(kernel_h: Array, kernel_w: Array, stride_w: Array, dilation_w: Array) -> Array:
    """Input values loaded for one output when ``STRIP`` outputs of a row share theirs."""
    span = np.minimum((STRIP - 1) * stride_w + dilation_w * (kernel_w - 1) + 1, STRIP * kernel_w)
    return kernel_h * span / STRIP


class Depthwise:
    """Depthwise convolutions over plain tensors."""

    def applies(self, rows: Rows, machine: CpuMachine) -> np.ndarray:
        """Mask ``(ops, points)``."""
        return rows.ops.is_depthwise

    def work(self, rows: Rows, machine: CpuMachine) -> Work:
        """One pack of channels at a time over the whole map; every pack takes a vector, filled or not.

            outputs = ceil(c_out / pack) lanes h_out w_out
            macs    = outputs taps
            loads   = outputs (loads_per_output + 1)       2 taps + 1 without a kernel of that size

        Source: ncnn src/layer/arm/convolutiondepthwise_3x3_pack4.h and its general loop.
        Ignores: what the module ignores. Error: not measured apart from whole networks.
        """
        ops, runtime, lanes = rows.ops, machine.runtime, machine.lanes(rows.ops.elem_bytes)
        in_packs = runtime.half_depthwise_in_packs & (ops.elem_bytes == HALF_BYTES)
        pack = np.where(in_packs, largest_pack(ops.c_out, lanes), lanes)
        packs = np.ceil(ops.c_out / pack)
        outputs = packs * lanes * ops.h_out * ops.w_out
        taps = ops.kernel_h * ops.kernel_w
        shared = loads_per_output(ops.kernel_h, ops.kernel_w, ops.stride_w, ops.dilation_w)
        dedicated = (ops.kernel_h == ops.kernel_w) & np.isin(ops.kernel_h, runtime.depthwise_kernels) & (pack == lanes)
        anew = 2 * taps * np.where(runtime.scalar_depthwise, lanes, 1.0)  # inputs and weights, tap by tap
        return Work(
            macs=outputs * taps,
            loads=outputs * (np.where(dedicated, shared, anew) + 1),
            l2_reads=ops.input_elems + ops.output_elems,
            packed=padded_copy(ops),
            items=packs,
            weight_bytes=ops.weight_bytes,
            sustains=Sustains.DEPTHWISE,
        )
