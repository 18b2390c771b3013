"""What ops cost where all run at the same time, each on its share of the cores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from costsim.devices.accelerator.pricing import cost_table, energy_of
from costsim.devices.accelerator.profile import AcceleratorProfile
from costsim.devices.accelerator.work import work_of
from costsim.devices.base import RunConfig
from costsim.scheduling import fill_ratio
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array


def pipeline_costs(ops: OpTable, profile: AcceleratorProfile, run: RunConfig) -> CostTable:
    """Costs of a planned table, a row each: every row waits in its own way.

    The cores are dealt out by work, so that all stages take the same time for an image::

        interval = sum of the ops' times on all cores
        latency  = images interval + fill interval / parts + weights / link + parts swap      (parts > 1: turns)

    The sum is what a fluid division of the cores gives; ``dispatch``, of every image, stands for what whole cores
    leave idle. ``fill`` is ``fill_ratio``. Ignores: stalls of unequal stages.
    """
    plan, work = ops.plan, work_of(ops, profile).of_every_row()
    assert plan is not None
    table = cost_table(work, plan.activation_bytes, plan.weight_bytes, profile, run.threads)
    overheads, networks, parts = table.overheads, ops.networks, _parts(ops)
    turns = networks.largest(parts.astype(float))[networks.of_row] + 1
    begins = (networks.place == 0)[:, None] | (parts != np.roll(parts, 1, axis=0))
    overheads["dispatch"] = overheads["dispatch"] * ops.n
    interval = networks.total(table.without(("invoke", "convert", "swap")))[networks.of_row] / ops.n
    overheads["swap"] = overheads["swap"] + (begins & (turns > 1)) * profile.fitted.swap_s
    overheads["fill"] = _fill(ops) * interval / turns
    offchip_bytes = plan.activation_bytes + plan.weight_bytes
    return replace(
        table,
        traffic={"dram": offchip_bytes, "onchip": work.onchip_bytes},
        energy_parts_j=energy_of(work, profile, offchip_bytes, table.latency_s),
    )


def _parts(ops: OpTable) -> np.ndarray:
    """``(ops, points)`` number of the part each op is in, from 0 in each network."""
    assert ops.plan is not None
    group = ops.plan.group
    starts = np.array(ops.starts)
    parts: np.ndarray = group - group[starts][ops.networks.of_row]
    return parts


def _fill(ops: OpTable) -> Array:
    return np.concatenate([_network_fill(network) for network in ops.split()])


def _network_fill(ops: OpTable) -> Array:
    each = [fill_ratio(ops.at_point(point) if ops.points > 1 else ops) for point in range(ops.points)]
    return np.stack(each, axis=1)


def parts_in_words(ops: OpTable) -> str:
    """How a planned network of one point lies on the pipeline."""
    parts = int(_parts(ops).max()) + 1
    if parts == 1:
        return "fits: all ops run at the same time, their weights stay on chip"
    return f"{parts} parts take turns and load their weights at every turn: larger batches share that"
