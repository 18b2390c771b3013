"""V1 and V3: what does not fit the memory in front of DRAM goes through it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from costsim.guidelines.base import Case, Suspicion
from costsim.guidelines.regions import Region


def maps_between_blocks(case: Case) -> Iterator[Suspicion]:
    """Ops at block borders hold maps of up to {maps_KiB:,.0f} KiB, {level} has {buffer_KiB:,.0f} KiB:
    {moved_KiB:,.0f} KiB cross the borders.

    A block whose input and output stay small can be computed from the on-chip buffer alone; only the
    maps between blocks pass through DRAM (VarGNet, arXiv 1907.05653, Section 3). That holds for a
    device that runs a block as one piece. On others every map is between ops.

    Priced against the same device with an unlimited buffer: what the ops at block borders save.
    """
    yield from _beyond_buffer(case, at_border=True)


def buffer_fit(case: Case) -> Iterator[Suspicion]:
    """Ops with up to {working_KiB:,.0f} KiB of maps and weights do not fit {buffer_KiB:,.0f} KiB of {level}.

    What an op reads, writes and multiplies with has to pass the buffer. Beyond it maps are cut into
    parts, rows at the cuts are read again, weights are loaded more than once, or the map goes to
    DRAM and back.

    Priced against the same device with an unlimited buffer: what the ops inside blocks save.
    """
    yield from _beyond_buffer(case, at_border=False)


def _beyond_buffer(case: Case, *, at_border: bool) -> Iterator[Suspicion]:
    ops, buffer = case.simulation.ops, case.buffer
    if buffer is None:
        return
    maps = (ops.input_bytes + ops.output_bytes)[:, 0]
    working = maps + ops.weight_bytes[:, 0]
    for region in case.regions:
        passing = {row for row in _border_rows(case, region) if maps[row] > buffer.size_bytes}
        rows = [r for r in case.rows(region.nodes) if working[r] > buffer.size_bytes and (r in passing) == at_border]
        if not rows:
            continue
        evidence = {
            "level": buffer.level,
            "buffer_KiB": buffer.size_bytes / 1024,
            "maps_KiB": float(np.max(maps[rows])) / 1024,
            "working_KiB": float(np.max(working[rows])) / 1024,
            "moved_KiB": float(np.sum(maps[rows])) / 1024,
            "ops": len(rows),
        }
        what = "maps at block borders" if at_border else "maps and weights of an op"
        instruction = (
            f"keep {what} within {buffer.size_bytes / 1024:,.0f} KiB: a smaller input, or fewer channels there"
        )
        nodes = tuple(name for row in rows for name in ops.labels[row].layers)
        yield Suspicion(region.name, nodes, evidence, saved_s=partial(_saved_s, case, rows), instruction=instruction)


def _border_rows(case: Case, region: Region) -> set[int]:
    """Rows that read from another block or are read by one."""
    ops = case.simulation.ops
    blocks = [label.block for label in ops.labels]
    border = set()
    for row in case.rows(region.nodes):
        neighbours = [*(p for p in ops.producers[row] if p >= 0), *ops.consumers[row]]
        if any(blocks[other] != blocks[row] for other in neighbours):
            border.add(int(row))
    return border


def _saved_s(case: Case, rows: list[int]) -> float:
    return float((case.latency_s - case.unlimited_s)[rows].sum())
