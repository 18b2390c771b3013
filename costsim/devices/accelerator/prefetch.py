"""Weights of ops to come, fetched while earlier ones keep the array busy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from costsim.devices.accelerator.pricing import cores_at_work, cost_table
from costsim.devices.accelerator.profile import AcceleratorProfile
from costsim.devices.accelerator.work import MovedRows
from costsim.tables.costtable import CostTable
from costsim.tables.schema import Array


def fetched_ahead(rows: MovedRows, is_first: np.ndarray, profile: AcceleratorProfile, threads: Any) -> CostTable:
    """Costs of rows in order, ``dram`` without what came in while the array was busy."""
    dram, buffer = profile.hardware.memory.dram, profile.hardware.memory.onchip
    assert dram is not None  # a profile without is refused
    table = cost_table(rows.work, rows.activation_bytes, rows.weight_bytes, profile, threads)
    bytes_per_s = dram.bandwidth_bytes_per_s * profile.fitted.dram_ratio
    weights_s = rows.weight_bytes / bytes_per_s
    room_s = buffer.size_bytes * cores_at_work(profile, threads) / bytes_per_s
    maps_s = table.limits["dram"] - weights_s
    waits = waits_s(table.without(("dram",)), maps_s, weights_s, room_s, is_first)
    return replace(table, ceilings={**table.ceilings, "dram": waits})


def waits_s(busy_s: Array, maps_s: Array, weights_s: Array, room_s: Array, is_first: np.ndarray) -> Array:
    """Seconds that rows wait for bytes from off chip, of which part of the weights came ahead, ``(rows, points)``.

        wait_i  = maps_i + weights_i - min(ahead_i, weights_i)
        ahead_i = min(room, ahead_(i-1) + busy_(i-1) - wait_(i-1)), from 0 at the start of a network

    All in seconds of the link off chip: ``busy_s`` of rows without it, ``maps_s`` and ``weights_s`` of their bytes,
    ``room_s`` of the memory that weights to come may take. A row then takes the larger of ``busy`` and ``wait``.

    Source: the recurrence of two engines that work through one list in order, one of them at most ``room`` ahead.
    Ignores that the room changes with the maps beside it. Expected error: no more than the bandwidth's own.
    """
    shape = np.broadcast_shapes(busy_s.shape, maps_s.shape, weights_s.shape)
    busy, maps, weights = (np.broadcast_to(seconds, shape) for seconds in (busy_s, maps_s, weights_s))
    waits = np.empty(shape)
    ahead = np.zeros(shape[1])
    for row, first in enumerate(is_first.tolist()):
        if first:
            ahead = np.zeros(shape[1])
        waits[row] = maps[row] + weights[row] - np.minimum(ahead, weights[row])
        ahead = np.minimum(room_s, np.maximum(ahead - weights[row], 0.0) + np.maximum(busy[row] - waits[row], 0.0))
    return waits
