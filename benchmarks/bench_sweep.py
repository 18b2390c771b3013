"""Sweep rates: points a second on one core and two, cost and memory as a sweep grows.

Rates of one core are the best of spaced repeats of whole chunks, in processor time, so that a busy machine
does not change them much. Whole sweeps are timed with their files and their start; everything with two workers
is wall time and wants two idle cores. A network-point is one network on one device: totals and what bounds it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from costsim.allocator import keep_freed_memory
from costsim.sweep.engine import CHUNK_POINTS, Engine
from costsim.sweep.run import sweep
from costsim.sweep.spec import SweepSpec, load_spec

REPEATS = 6

SIDES = {10**4: (100, 100), 10**5: (250, 400), 10**6: (1000, 1000), 10**7: (2500, 4000)}
"""Points of a grid to its bandwidths and clocks."""


def hardware(hw: str, bandwidth: str, clock: str, sides: tuple[int, int] = (8192, 8192)) -> dict[str, Any]:
    """ResNet-50 on a device of any DRAM bandwidth and clock."""
    axes = {"hardware.memory.dram.bandwidth": f"{bandwidth} x {sides[0]}", "hardware.clock": f"{clock} x {sides[1]}"}
    return {"network": "resnet50", "hw": hw, "axes": axes}


CPU = ("rpi4b", "8 GB/s .. 64 GB/s", "1 GHz .. 3 GHz")
GPU = ("gtx_1080ti", "100 GB/s .. 900 GB/s", "1 GHz .. 2 GHz")
ACCELERATOR = ("embedded_buffer", "1 GB/s .. 16 GB/s", "100 MHz .. 1 GHz")

DEVICES: dict[str, dict[str, Any]] = {
    "hardware only, ResNet-50 on a CPU": hardware(*CPU),
    "hardware only, ResNet-50 on a GPU": hardware(*GPU),
    "hardware only, ResNet-50 on an accelerator": hardware(*ACCELERATOR),
}

NETWORKS: dict[str, dict[str, Any]] = {
    "width and resolution, MobileNet v1 on a CPU": {
        "network": "mobilenet_v1_1x",
        "hw": "rpi4b",
        "axes": {"network.width": "0.25 .. 2 step 0.001", "input_size": "96 .. 320 step 1"},
    },
    "groups and width, ShuffleNet v1 on a CPU": {
        "network": "shufflenet_v1_g3_1x",
        "hw": "rpi4b",
        "axes": {"network.groups": [2, 3, 4, 8], "network.width": "0.5 .. 2.1 step 0.00001"},
    },
}

A_MINUTE = 60.0


def rate(spec: dict[str, Any]) -> float:
    """Points a second of a whole chunk, the best of the repeats; different points each time."""
    engine = Engine(load_spec(spec))
    best = 0.0
    for repeat in range(REPEATS):
        indices = engine.spec.space.indices(repeat * CHUNK_POINTS, (repeat + 1) * CHUNK_POINTS)
        start = time.process_time()
        engine.totals(indices)
        best = max(best, CHUNK_POINTS / (time.process_time() - start))
        time.sleep(0.2)
    return best


def seconds(spec: SweepSpec, workers: int) -> float:
    """Wall time of a whole sweep, its files and the start of its workers included."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        sweep(spec, Path(folder) / "out", workers=workers)
        return time.perf_counter() - start


def grown(points: int, sampled: bool) -> tuple[float, int]:
    """Processor time and largest memory of a sweep of so many points; for a process of its own."""
    spec = load_spec(hardware(*CPU, SIDES[points]), points if sampled else None)
    with tempfile.TemporaryDirectory() as folder:
        sweep(load_spec(hardware(*CPU), 100), Path(folder) / "first")  # imports are no part of the cost
        start = time.process_time()
        sweep(spec, Path(folder) / "out")
        return time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def print_growth(largest: int) -> None:
    """Cost per point and memory of ever larger sweeps, as a grid and as a Latin hypercube sample."""
    for sampled in (False, True):
        before_s, before = 0.0, 0
        for points in (p for p in SIDES if p <= largest):
            with multiprocessing.get_context("spawn").Pool(1) as alone:
                cpu_s, peak_kib = alone.apply(grown, (points, sampled))
            name = f"whole sweep, {'sample' if sampled else 'grid'} of {points:,} points"
            further = (cpu_s - before_s) / (points - before)
            print(
                f"{name:<46} {cpu_s:>8.2f} s, {cpu_s / points * 1e6:.2f} us/point, "
                f"{further * 1e6:.2f} us for each further one, {peak_kib / 1024:.0f} MiB"
            )
            before_s, before = cpu_s, points


def print_workers(name: str, spec: dict[str, Any], work_s: float) -> None:
    """A sweep of about ``work_s`` of one worker's time, by one worker and by two."""
    points = min(int(rate(spec) * work_s), load_spec(spec).space.points)
    space = load_spec(spec, points)
    one, two = seconds(space, 1), seconds(space, 2)
    print(f"{name:<46} {points / two:>12,.0f} /s by two workers, {one / two:.2f} times one ({one:.0f} s of work)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=10**6, metavar="POINTS", help="the largest sweep, up to 10^7")
    parser.add_argument("--work", type=float, default=A_MINUTE, metavar="SECONDS", help="of one worker, for two")
    given = parser.parse_args()
    keep_freed_memory()
    for name, spec in {**DEVICES, **NETWORKS}.items():
        print(f"{name:<46} {rate(spec):>12,.0f} network-points/s on one core")
    print_growth(given.largest)
    for name, spec in {**DEVICES, **NETWORKS}.items():
        print_workers(name, spec, given.work)


if __name__ == "__main__":
    main()
