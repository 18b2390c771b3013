"""Distinct topologies a second: random networks, and the cells of NAS-Bench-201 on six devices, with two workers."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from costsim.sweep.run import sweep
from costsim.sweep.spec import load_spec

EXAMPLES = Path(__file__).parent.parent / "examples"

RANDOM: dict[str, Any] = {
    "network": {"python": "tests.random_networks:network"},
    "hw": "rpi4b",
    "axes": {"network.seed": "0 .. 8191"},
}

DEVICES = ["rpi4b", "rpi5", "gtx_1080ti", "v100", "embedded_buffer", "ethos_u55_256"]


def seconds(spec: dict[str, Any], workers: int = 2) -> tuple[float, int]:
    """Wall time of a whole sweep, its files included, and its points."""
    parsed = load_spec(spec)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        sweep(parsed, Path(folder) / "out", workers=workers)
        return time.perf_counter() - start, parsed.space.points
