"""DRAM bytes and latency of 20 networks on 64 buffer sizes from 16 KiB to 16 MiB: VarGNet's figure.

python benchmarks/bench_buffer_sweep.py [FILE.csv]
"""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

import numpy as np

from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.hardware.vary import vary
from costsim.networks.zoo import build
from costsim.simulate import simulate

NETWORKS = (
    "alexnet", "condensenet_74_g4", "densenet121", "efficientnet_b0", "googlenet", "mnasnet_b1", "mobilenet_v1_1x",
    "mobilenet_v2_1x", "mobilenet_v3_large", "proxylessnas_mobile", "resnet18", "resnet50", "resnext50_32x4d",
    "shufflenet_v1_g3_1x", "shufflenet_v2_1x", "squeezenet_1_1", "vargnet_v1_g8_1x", "vargnet_v2_g8_1x", "vgg16",
    "xception",
)  # fmt: skip

SIZES = np.geomspace(16 * 2**10, 16 * 2**20, 64)


def main() -> None:
    profile = load_profile("embedded_buffer")
    swept, run = vary(profile, {"hardware.memory.onchip.size": SIZES}), RunConfig.of(profile)
    graphs = [build(name) for name in NETWORKS]
    start, rows = time.perf_counter(), []
    for graph in graphs:
        costs = simulate(graph, swept, run).costs
        dram_mib, latency_ms = costs.traffic["dram"].sum(axis=0) / 2**20, costs.latency_s.sum(axis=0) * 1e3
        assert (np.diff(dram_mib) <= 1e-9).all(), graph.name
        assert (np.diff(latency_ms) <= 1e-9).all(), graph.name
        rows += [(graph.name, int(s), m, ms) for s, m, ms in zip(SIZES, dram_mib, latency_ms, strict=True)]
    seconds = time.perf_counter() - start
    print(f"{len(NETWORKS)} networks x {len(SIZES)} buffers in {seconds:.1f} s, no larger one slower or moving more")
    if len(sys.argv) > 1:
        with Path(sys.argv[1]).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["network", "onchip_bytes", "dram_mib", "latency_ms"])
            writer.writerows(rows)


if __name__ == "__main__":
    main()
