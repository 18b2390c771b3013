"""What a CPU runtime makes of each op: multiplications issued, values loaded, buffers written.

Work does not know how fast anything is; ``costsim.devices.cpu.pricing`` prices it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np

from costsim.devices.cpu.attention import Attention
from costsim.devices.cpu.layout import Layout
from costsim.devices.cpu.machine import Number
from costsim.devices.cpu.profile import CpuFitted
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


class Sustains(IntEnum):
    """The fitted share of the peak that a kernel's arithmetic sustains."""

    PRODUCT = 0
    GATHERED = 1
    """A matrix product over several pixels of the input, whose rows are gathered."""
    UNPACKED = 2
    """One that reads packs of channels and writes none."""
    DEPTHWISE = 3
    DIRECT = 4
    DIRECT_DEPTHWISE = 5
    INT8 = 6
    INT8_DEPTHWISE = 7
    INT8_WINOGRAD = 8

    @property
    def in_int8(self) -> bool:
        """Whether the peak is that of int8."""
        return self >= Sustains.INT8

    def ratio(self, fitted: CpuFitted) -> Number:
        """Share of the peak; a number, or ``(points,)``."""
        if self is Sustains.DEPTHWISE:
            return fitted.depthwise_ratio
        if self in (Sustains.DIRECT, Sustains.DIRECT_DEPTHWISE):
            assert fitted.blocked is not None  # profiles have both or neither
            return fitted.blocked.direct_ratio if self is Sustains.DIRECT else fitted.blocked.depthwise_ratio
        if self.in_int8:
            assert fitted.int8 is not None  # profiles that run int8 have it
            names = {Sustains.INT8: "gemm", Sustains.INT8_DEPTHWISE: "depthwise", Sustains.INT8_WINOGRAD: "winograd"}
            return getattr(fitted.int8, f"{names[self]}_ratio")
        slower = {Sustains.GATHERED: fitted.spatial_ratio, Sustains.UNPACKED: fitted.unpacked_ratio}
        return fitted.gemm_ratio * slower.get(self, 1.0)


@dataclass(frozen=True)
class Rows:
    """Rows of a table for one image, and how their tensors lie."""

    ops: OpTable
    layout: Layout
    attention: Attention
    converted_bytes: Array
    """Read and written by passes between int8 and floats, ``(ops, points)`` (``costsim.devices.cpu.precision``)."""
    repacked_bytes: Array
    """The same of passes that change packs of channels (``costsim.devices.cpu.packs``)."""

    def take(self, rows: np.ndarray) -> Rows:
        """These rows alone."""
        taken = self.ops.take(rows), self.layout.take(rows), self.attention.take(rows)
        return Rows(*taken, self.converted_bytes[rows], self.repacked_bytes[rows])


@dataclass(frozen=True)
class Work:
    """Per op, for one image, ``(ops, points)``; in elements unless said otherwise."""

    macs: Array
    """Multiply-accumulates issued: padded to tiles, reduced by Winograd."""
    loads: Array
    """Loaded from the first cache level into vector registers."""
    l2_reads: Array
    """Read from the second cache level into the first."""
    items: Array
    """Units that are divided among threads [count]."""
    weight_bytes: Array
    """Weights as streamed: transformed for Winograd, in the format they are kept in [bytes]."""
    elem_bytes: Array | float = 0.0
    """Of one value as the kernel computes with it; a kernel's 0 becomes what the op's tensors have [bytes]."""
    sustains: Array | float = Sustains.PRODUCT
    """Which share of the peak the arithmetic sustains: a number of ``Sustains``."""
    rereads: Array | float = 0.0
    """Read again from a buffer that is not cut to fit a cache, beyond the first reading."""
    reread_from: Array | float = 0.0
    """That buffer as a whole: what has to stay in a cache for rereads to be cheap."""
    packed: Array | float = 0.0
    """Written into panels and padded copies of the input."""
    transformed: Array | float = 0.0
    """Written by Winograd transforms."""
    tiles: Array | float = 0.0
    """Register tiles of direct kernels [count]."""
    products: Array | float = 0.0
    """Groups that are dispatched one after another, each a matrix product of its own [count]."""
    weight_streams: Array | float = 0.0
    """How often all weights are streamed: once where a matrix is multiplied by a vector, 0 where panels hold them."""
    calls: Array | float = 0.0
    """Direct kernels looked up [count]."""
    passes: Array | float = 1.0
    """How often the op passes over its tensors [count]."""

    def take(self, rows: np.ndarray) -> Work:
        """The work of these rows; every column is an array."""
        return Work(**{name: column[rows] for name, column in vars(self).items()})

    @property
    def scratch_bytes(self) -> Array:
        """Written and read beside the op's tensors."""
        return np.asarray(self.packed + self.transformed) * self.elem_bytes

    @classmethod
    def gathered(cls, ops: OpTable, parts: list[tuple[np.ndarray, np.ndarray, Work]]) -> Work:
        """One work of all ``ops`` from ``(row numbers, mask of (row, point), work)`` that never overlap."""
        columns = {}
        for field in fields(cls):
            values = [getattr(work, field.name) for _, _, work in parts]
            wide = [array.shape[1] for array in (*(takes for _, takes, _ in parts), *values) if np.ndim(array)]
            column = np.zeros((len(ops), max(wide)))
            for (where, takes, _), value in zip(parts, values, strict=True):
                if np.ndim(value) or value != 0.0:
                    column[where] = value if takes.all() else np.where(takes, value, column[where])
            columns[field.name] = column
        own = columns["elem_bytes"]
        columns["elem_bytes"] = np.where(own > 0, own, ops.elem_bytes) if own.any() else ops.elem_bytes
        return cls(**columns)
