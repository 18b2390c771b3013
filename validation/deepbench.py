"""DeepBench's dense convolutions on a GTX 1080 Ti: the GPU model refitted to them and cross-validated.

``python -m validation.deepbench`` prints the errors beside those of a plain roofline.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np

from costsim.calibrate.problem import Constant, MeasuredRun
from costsim.graph import LayerGraph, NetBuilder
from validation.gpu_fit import CONSTANTS, device_only, left_out_errors, measured_run, random_folds, solve

DATA = Path(__file__).parent / "data" / "deepbench_gtx_1080ti.csv"

DRAM = Constant("fitted.dram_ratio", 0.15, high=1.0)
MODEL = (*CONSTANTS, DRAM)
ROOFLINE = (Constant("fitted.matrix_ratio", 0.3, high=1.0), Constant("fitted.launch", 1.0), DRAM)

PLAIN = {
    "runtime.tiles": "[{pixels: 1, channels: 1}]",
    "runtime.winograd.fp32": "[]",
    "fitted.step_cycles": "0",
    "fitted.ramp": "0 us",
    "fitted.overlap": "64",  # of two limits the smaller adds at most 1 percent
    "hardware.memory.l2.bandwidth": "1e6 TB/s",
}
"""Settings that leave a roofline: no tiles, no waiting blocks, no Winograd, no L2."""


@cache
def layers() -> tuple[dict[str, str], ...]:
    with DATA.open(encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines))


def name(row: dict[str, str]) -> str:
    return "n{n} {c_in}x{h}x{w} -> {c_out}, {kernel_h}x{kernel_w}, stride {stride_h}, {algorithm}".format(**row)


def implicit_gemm() -> list[str]:
    """The layers cuDNN runs as matrix products."""
    return [name(row) for row in layers() if row["algorithm"].startswith("IMPLICIT")]


def layer_graph(row: dict[str, str]) -> LayerGraph:
    number = {key: int(value) for key, value in row.items() if key not in ("forward_ms", "algorithm")}
    net = NetBuilder(name(row), source="DeepBench")
    x = net.input(number["n"], number["c_in"], number["h"], number["w"])
    both = {key: (number[f"{key}_h"], number[f"{key}_w"]) for key in ("kernel", "stride", "pad")}
    net.conv(x, number["c_out"], both["kernel"], stride=both["stride"], padding=both["pad"])
    return net.graph


def run(**settings: str) -> MeasuredRun:
    """All layers; the fit starts nearer to a benchmark loop's own overhead."""
    profile = device_only("gtx_1080ti", **{"fitted.launch": "10 us", **settings})
    graphs = {name(row): layer_graph(row) for row in layers()}
    seconds: dict[str, list[float]] = {}
    for row in layers():
        seconds.setdefault(name(row), []).append(float(row["forward_ms"]) / 1e3)
    return measured_run("DeepBench", profile, graphs, {key: float(np.mean(s)) for key, s in seconds.items()})


def cross_validated(plain: bool = False) -> dict[str, float]:
    """log(predicted / measured) of each layer from a fit without its fold of five."""
    deepbench = run(**PLAIN) if plain else run()
    return left_out_errors(deepbench, random_folds(deepbench.networks), ROOFLINE if plain else MODEL)


def main() -> None:
    values, _ = solve(run(), MODEL)
    print("constants fitted on DeepBench:", {k.split(".")[1]: float(f"{v:.3g}") for k, v in values.items()})
    for title, errors in (("GPU model", cross_validated()), ("plain roofline", cross_validated(plain=True))):
        of_products = np.mean([abs(errors[key]) for key in implicit_gemm()])
        everything = np.mean(np.abs(list(errors.values())))
        print(f"{title}: mean |log error| {everything:.1%} on {len(errors)} layers, {of_products:.1%} on implicit GEMM")


if __name__ == "__main__":
    main()
