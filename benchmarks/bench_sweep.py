"""Sweep rates: points a second on one core, and of two workers over one.

Prints, for every kind of sweep, network-points a second (best of spaced repeats).
"""

from __future__ import annotations

import time

from costsim.sweep.engine import CHUNK_POINTS, Engine
from costsim.sweep.spec import load_spec

REPEATS = 4

SPACES = {
    "hardware only, ResNet-50 on a CPU": {
        "network": "resnet50",
        "hw": "rpi4b",
        "axes": {"hardware.memory.dram.bandwidth": "8 GB/s .. 64 GB/s x 256", "hardware.clock": "1 GHz .. 3 GHz x 256"},
    },
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
        "axes": {"network.groups": [2, 3, 4, 8], "network.width": "0.5 .. 2.1 step 0.001"},
    },
}


def rate(spec: dict[str, object]) -> float:
    """Points a second of a whole chunk, the best of the repeats; different points each time."""
    engine = Engine(load_spec(spec))
    best = 0.0
    for repeat in range(REPEATS):
        start = time.perf_counter()
        engine.price(repeat * CHUNK_POINTS, (repeat + 1) * CHUNK_POINTS)
        best = max(best, CHUNK_POINTS / (time.perf_counter() - start))
        time.sleep(0.2)
    return best


def main() -> None:
    for name, spec in SPACES.items():
        print(f"{name:<46} {rate(spec):>12,.0f} network-points/s on one core")


if __name__ == "__main__":
    main()
