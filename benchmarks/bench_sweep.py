"""Sweep rates: points a second on one core, two workers over one, cost and memory as a sweep grows.

Rates are the best of spaced repeats, in processor time, so that a busy machine does not change them;
the speed-up of two workers is wall time and wants two idle cores.
"""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from costsim.sweep.allocator import keep_freed_memory
from costsim.sweep.engine import CHUNK_POINTS, Engine
from costsim.sweep.run import sweep
from costsim.sweep.spec import load_spec

REPEATS = 4

HARDWARE = {
    "network": "resnet50",
    "hw": "rpi4b",
    "axes": {"hardware.memory.dram.bandwidth": "8 GB/s .. 64 GB/s x 4096", "hardware.clock": "1 GHz .. 3 GHz x 1024"},
}

SPACES: dict[str, dict[str, Any]] = {
    "hardware only, ResNet-50 on a CPU": HARDWARE,
    "hardware only, ResNet-50 on a GPU": {
        "network": "resnet50",
        "hw": "gtx_1080ti",
        "axes": {
            "hardware.memory.dram.bandwidth": "100 GB/s .. 900 GB/s x 256",
            "hardware.clock": "1 GHz .. 2 GHz x 256",
        },
    },
    "hardware only, ResNet-50 on an accelerator": {
        "network": "resnet50",
        "hw": "embedded_buffer",
        "axes": {
            "hardware.memory.dram.bandwidth": "1 GB/s .. 16 GB/s x 256",
            "hardware.clock": "100 MHz .. 1 GHz x 256",
        },
    },
    "width and resolution, MobileNet v1 on a CPU": {
        "network": "mobilenet_v1_1x",
        "hw": "rpi4b",
        "axes": {"network.width": "0.25 .. 2 step 0.01", "input_size": "96 .. 320 step 1"},
    },
    "groups and width, ShuffleNet v1 on a CPU": {
        "network": "shufflenet_v1_g3_1x",
        "hw": "rpi4b",
        "axes": {"network.groups": [2, 3, 4, 8], "network.width": "0.5 .. 2.1 step 0.0001"},
    },
}

LARGEST_POINTS = 1_000_000


def rate(spec: dict[str, Any]) -> float:
    """Points a second of a whole chunk, the best of the repeats; different points each time."""
    engine = Engine(load_spec(spec))
    best = 0.0
    for repeat in range(REPEATS):
        start = time.process_time()
        engine.price(repeat * CHUNK_POINTS, (repeat + 1) * CHUNK_POINTS)
        best = max(best, CHUNK_POINTS / (time.process_time() - start))
        time.sleep(0.2)
    return best


def seconds(spec: dict[str, Any], workers: int) -> float:
    """Wall time of a whole sweep, its files included."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        sweep(spec, Path(folder) / "out", workers=workers)
        return time.perf_counter() - start


def grown(points: int) -> tuple[float, int]:
    """Processor time and largest memory of a sweep of so many points; for a process of its own."""
    spec = load_spec(HARDWARE, points)
    with tempfile.TemporaryDirectory() as folder:
        sweep(load_spec(HARDWARE, 100), Path(folder) / "first")  # imports are no part of the cost
        start = time.process_time()
        sweep(spec, Path(folder) / "out")
        return time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    keep_freed_memory()
    for name, spec in SPACES.items():
        print(f"{name:<46} {rate(spec):>12,.0f} network-points/s on one core")
    points = 10_000
    while points <= LARGEST_POINTS:
        with multiprocessing.get_context("spawn").Pool(1) as alone:
            cpu_s, peak_kib = alone.apply(grown, (points,))
        print(f"whole sweep of {points:>9,} points {cpu_s / points * 1e6:>24.2f} us/point, {peak_kib / 1024:.0f} MiB")
        points *= 10
    one, two = (seconds(HARDWARE, workers) for workers in (1, 2))
    print(f"two workers over one, {one:.0f} s of work {one / two:>28.2f} times as fast")


if __name__ == "__main__":
    main()
