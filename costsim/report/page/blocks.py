"""The network as its author drew it: stages of blocks, who reads whom, and what each costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from costsim.analysis import Analysis

Record = dict[str, Any]

NO_BLOCK = "(no block)"
"""What layers outside all blocks are listed under."""


def block_graph(analysis: Analysis) -> list[Record]:
    """Stages in execution order, each with its blocks; ``reads`` names the blocks a block reads from.

    ``heat`` is a block's time over that of the costliest block.
    """
    reads = _reads(analysis)
    most_ms = max((r["latency_ms"] for r in analysis.block_records), default=0.0) or 1.0
    stages: dict[str, Record] = {}
    previous = None
    for record in analysis.block_records:
        path = record["block"]
        stage_name, _, rest = path.partition(".")
        stage = stages.setdefault(stage_name, {"name": stage_name or NO_BLOCK, "share": 0.0, "blocks": []})
        stage["share"] += record["share_ratio"]
        stage["blocks"].append(
            {
                "path": path or NO_BLOCK,
                "name": rest or stage_name or NO_BLOCK,
                "ms": record["latency_ms"],
                "share": record["share_ratio"],
                "ops": record["ops"],
                "heat": record["latency_ms"] / most_ms,
                "reads": sorted(source or NO_BLOCK for source in reads.get(path, ())),
                "follows": previous in reads.get(path, ()) and bool(stage["blocks"]),
            }
        )
        previous = path
    return list(stages.values())


def _reads(analysis: Analysis) -> dict[str, set[str]]:
    """Block to the other blocks whose tensors its ops read."""
    ops = analysis.simulation.ops
    reads: dict[str, set[str]] = {}
    for label, producers in zip(ops.labels, ops.producers, strict=True):
        sources = {ops.labels[row].block for row in producers if row >= 0} - {label.block}
        reads.setdefault(label.block, set()).update(sources)
    return reads
