"""Ethos-U: costsim beside Arm's compiler Vela on the same int8 networks.

For every network and configuration: total cycles and peak SRAM over Vela's, Spearman's rank correlation of single
ops, and how many times faster the whole network is planned and costed (Vela's time is its command's, start-up
and code generation included).

    pip install costsim[oracles]; python benchmarks/bench_vela.py [NETWORK ...]
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from once import seconds_once

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the writer of files lies with the validation

from costsim.devices import RunConfig
from costsim.hardware import Profile, load_profile
from costsim.networks.zoo import build
from costsim.simulate import Simulation, simulate
from validation import tflite_int8

NETWORKS = sys.argv[1:] or ("mobilenet_v1_1x", "mobilenet_v2_1x", "resnet50", "densenet121")

CONFIGURATIONS = {
    "ethos_u55_128": ("ethos-u55-128", "Ethos_U55_High_End_Embedded", "Shared_Sram"),
    "ethos_u55_256": ("ethos-u55-256", "Ethos_U55_High_End_Embedded", "Shared_Sram"),
    "ethos_u65_512": ("ethos-u65-512", "Ethos_U65_Client_Server", "Dedicated_Sram_384KB"),
}

AMPLE = {"memory.onchip.size": "16 MiB"}
"""Vela does not bound the SRAM of the U55 modes; ResNet-50 and DenseNet need more than the profile's 4 MiB."""


def main() -> None:
    print(
        f"{'network':18}{'configuration':15}{'cycles':>9}{'SRAM':>9}{'rank':>8}{'ours ms':>9}{'Vela s':>8}{'faster':>8}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for network in NETWORKS:
            model = Path(folder) / f"{network}.tflite"
            tflite_int8.write(build(network), model)
            for profile in CONFIGURATIONS:
                compare(network, profile, model)


def compare(network: str, hw: str, model: Path) -> None:
    profile = load_profile(hw, AMPLE if "u55" in hw else None)
    seconds, simulation = timed(network, profile)
    vela_seconds, vela_cycles, vela_sram_kib, vela_ops = vela(model, *CONFIGURATIONS[hw])
    ours = simulation.costs.latency_s[:, 0] * profile.hardware.clock_hz
    assert simulation.ops.plan is not None
    sram_kib = simulation.ops.plan.buffer_bytes.max() / 1024
    common = [(ours[i], vela_ops[op.name]) for i, op in enumerate(simulation.ops.labels) if op.name in vela_ops]
    rank = pd.DataFrame(common).corr(method="spearman").iloc[0, 1]
    print(
        f"{network:18}{hw:15} {ours.sum() / vela_cycles:9.3f}{sram_kib / vela_sram_kib:9.3f}{rank:9.3f}"
        f"{seconds * 1e3:9.1f}{vela_seconds:9.2f}{vela_seconds / seconds:9.0f}",
        flush=True,
    )


def timed(network: str, profile: Profile) -> tuple[float, Simulation]:
    """Seconds to lower, plan and cost a network nothing is remembered of, the least of five, and the result."""
    graph, run = build(network), RunConfig.of(profile)
    return min(seconds_once(graph, profile, run) for _ in range(5)), simulate(graph, profile, run)


def vela(model: Path, accelerator: str, system: str, memory: str) -> tuple[float, float, float, dict[str, float]]:
    """(seconds, total cycles, KiB of SRAM, cycles by op name) of one run of Vela's command."""
    out = model.parent / "out"
    command = [str(Path(sys.executable).with_name("vela")), str(model), "--accelerator-config", accelerator]
    command += ["--config", "Arm/vela.ini", "--system-config", system, "--memory-mode", memory]
    start = time.perf_counter()
    subprocess.run([*command, "--verbose-performance", "--output-dir", str(out)], check=True, capture_output=True)
    seconds = time.perf_counter() - start
    with (out / f"{model.stem}_summary_{system}.csv").open(newline="") as lines:
        summary = next(csv.DictReader(lines))
    with (out / f"{model.stem}_per-layer.csv").open(newline="") as lines:
        ops: dict[str, float] = {}
        for row in csv.DictReader(lines):
            ops[row["Name"].strip()] = ops.get(row["Name"].strip(), 0.0) + float(row["Op Cycles"])
    return seconds, float(summary["cycles_total"]), float(summary["sram_memory_used"]), ops


if __name__ == "__main__":
    main()
