"""Where a runtime that keeps neighbouring channels in packs has to pack a tensor anew.

ncnn keeps as many channels together as a vector holds where they fill whole packs, four where they fill those,
else one (src/net.cpp: ``convert_layout``). Every layer asks for the largest pack of what it reads. Layers without
kernels for packs read plain tensors of floats, so theirs are unpacked and cast, and packed again for whoever reads
them next. A join writes the smallest pack of its parts and packs the whole anew (concat_arm.cpp); a layer that
cuts channels unpacks what it cuts to the smallest pack of the parts (slice_arm.cpp).

Ignored: parts of one join in unlike packs, which are copied value by value; a cut by Crop, which unpacks the whole
tensor once for each part; channels that are spread over rows of a matrix.
"""

from __future__ import annotations

import numpy as np

from costsim.devices.cpu.kernels.packing import largest_pack
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.precision import HALF_BYTES, SINGLE_BYTES
from costsim.devices.kernels.edges import by_row
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

LARGEST_PACK = 8.0
"""Of any data type, int8 among them."""


def repacked_bytes(ops: OpTable, machine: CpuMachine) -> Array:
    """Bytes read and written by passes that change packs or cast, ``(ops, points)``; charged to the op that needs them.

        change = 2 bytes                 of each tensor it reads in another pack than the op needs
        cast   = elements (2 + 4)        of each that passes between half precision and an op without kernels for it
        join   = 2 output bytes          where a part has a smaller pack than the whole
        cut    = 2 output bytes          where the part has a smaller pack than the whole

    Source and what is ignored: the module. Error: not measured apart from whole networks.
    """
    plain_words = machine.runtime.plain_tensor_ops
    if plain_words is None:
        return np.zeros((len(ops), 1))
    pack = largest_pack(ops.c_out, np.minimum(machine.lanes(ops.elem_bytes), LARGEST_PACK))
    plain = ops.is_op(*plain_words)
    halves = (ops.elem_bytes == HALF_BYTES) & ~plain
    reader, producer = ops.edges
    inside = producer >= 0
    reader, producer = reader[inside], producer[inside]
    elems, size = ops.output_elems[producer], ops.output_bytes[producer]
    written, needed = (np.where(plain[row], 1.0, pack[producer]) for row in (producer, reader))
    edges = 2 * size * (written != needed)
    edges = edges + (HALF_BYTES + SINGLE_BYTES) * elems * (plain[reader] != plain[producer]) * (
        ops.elem_bytes[producer] == HALF_BYTES
    )
    entered = (HALF_BYTES + SINGLE_BYTES) * ops.input_elems * (halves & ops.reads_input[:, None])
    smallest = LARGEST_PACK - by_row(np.maximum, LARGEST_PACK - pack[producer], reader, len(ops))
    largest = by_row(np.maximum, pack[producer], reader, len(ops))
    joins = ops.is_op("concat") & (smallest < pack)
    cuts = ops.is_op("slice") & (pack < largest)
    return by_row(np.add, edges, reader, len(ops)) + entered + 2 * ops.output_bytes * (joins | cuts)
