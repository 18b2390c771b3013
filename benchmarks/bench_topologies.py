"""Distinct networks: random ones a second, and all cells of NAS-Bench-201 on six devices, with two workers.

Wall time of whole sweeps, workers and files included: it wants two idle cores.
"""

from __future__ import annotations

import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from costsim.sweep.run import sweep
from costsim.sweep.spec import load_spec

EXAMPLES = Path(__file__).parent.parent / "examples"

WORKERS = 2

NETWORKS = {"20 to 60 layers": 24, "50 to 140 layers": 60}
"""Sizes of random networks, every norm and activation counted, to their convolutions, poolings, sums and concats."""

DEVICES = ["rpi4b", "rpi5", "gtx_1080ti", "v100", "embedded_buffer", "ethos_u55_256"]


SEEDS = 9_999


def random_networks(hw: str, most: int) -> dict[str, Any]:
    axes = {"network.seed": f"1 .. {SEEDS}", "network.most": [most]}
    return {"network": {"python": "tests.random_networks:network"}, "hw": hw, "axes": axes}


def seconds(spec: dict[str, Any]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        sweep(spec, Path(folder) / "out", workers=WORKERS)
        return time.perf_counter() - start


def main() -> None:
    for size, most in NETWORKS.items():
        for hw in ("rpi4b", "gtx_1080ti"):
            took = seconds(random_networks(hw, most))
            print(f"random networks of {size:<17} on {hw:<10} {SEEDS / took:>10,.0f} networks/s on {WORKERS} workers")
    sys.path.insert(0, str(EXAMPLES))  # workers take it over
    cells = {**import_module("rank_cells").SPEC, "hw": DEVICES}
    points = load_spec(cells).space.points
    took = seconds(cells)
    print(f"{points // len(DEVICES):,} cells on {len(DEVICES)} devices {took:>33.1f} s, {points / took:,.0f} points/s")


if __name__ == "__main__":
    main()
