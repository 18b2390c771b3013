"""Q1: channels that do not fill the device's tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from costsim.devices import device_for
from costsim.edit.equal_macs import round_widths
from costsim.guidelines.base import Case, Suspicion
from costsim.tables.optable import MAC

FULL_RATIO = 0.95
"""From this share of the tiles' work on, nothing is said."""


def tile_quantisation(case: Case) -> Iterator[Suspicion]:
    """Widths such as {widths} leave {idle:.0%} of tiles of {tile} channels idle.

    Arithmetic units take output channels in fixed numbers: the rows of a register tile, of a
    thread block, of an array of multipliers. A width that is no multiple is padded up to one, in
    time if not in memory.

    Priced against the network with its free widths rounded to multiples of the tile and scaled so
    that it keeps its multiply-accumulates within 1 %; where whole multiples cannot, against the
    same ops with their channels folded into full tiles: fewer pixels, more channels, equal work.
    """
    ops, profile = case.simulation.ops, case.simulation.profile
    tile = device_for(profile).channel_tile(profile, case.simulation.run)
    if tile <= 1:
        return
    dense = (ops.kind[:, 0] == MAC) & (ops.c_in_per_group[:, 0] > 1) & (ops.h_out * ops.w_out > 1)[:, 0]
    channels, macs = ops.c_out_per_group[:, 0], ops.macs[:, 0]
    padded = np.ceil(channels / tile) * tile
    for region in case.regions:
        rows = case.rows(region.nodes)
        rows = rows[dense[rows]]
        used = macs[rows].sum() / (macs[rows] * padded[rows] / channels[rows]).sum() if len(rows) else 1.0
        if used >= FULL_RATIO:
            continue
        uneven = sorted({int(c) for c in channels[rows] if c % tile}, key=lambda c: c % tile / tile)
        evidence = {"tile": tile, "idle": 1 - used, "widths": ", ".join(map(str, uneven[:3]))}
        instruction = f"round widths to multiples of {tile}, at equal MACs"
        edit = partial(round_widths, multiple=tile)
        nodes = tuple(name for row in rows for name in ops.labels[row].layers)
        yield Suspicion(region.name, nodes, evidence, edit, partial(_saved_s, case, rows, padded), instruction)


def _saved_s(case: Case, rows: np.ndarray, padded: np.ndarray) -> float:
    """What the rows save with full tiles over fewer pixels."""
    ops = case.simulation.ops
    fold = np.ones(len(ops))
    fold[rows] = padded[rows] / ops.c_out_per_group[rows, 0]
    full = replace(ops, c_out_per_group=ops.c_out_per_group * fold[:, None], h_out=ops.h_out / fold[:, None])
    return float((case.latency_s - case.reprice(full))[rows].sum())
