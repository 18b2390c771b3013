"""DeepBench's dense convolutions and matrix products on a GTX 1080 Ti: the GPU model refitted and cross-validated.

``python -m validation.deepbench`` prints the errors beside those of a plain roofline.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np

from costsim.calibrate.errors import ErrorSummary
from costsim.calibrate.fit import Fit, fit
from costsim.calibrate.problem import Constant, MeasuredRun
from costsim.graph import LayerGraph, NetBuilder
from costsim.hardware import Profile, load_profile
from validation.gpu_fit import CONSTANTS, device_only, left_out_errors, measured_run, random_folds, solve

DATA = Path(__file__).parent / "data" / "deepbench_gtx_1080ti.csv"

PRODUCTS = Path(__file__).parent / "data" / "deepbench_gemm_gtx_1080ti.csv"
TRANSPOSED = ("NN", "TN")
"""BLAS's words for how the two operands lie; kernels for each differ by up to 2, so that they are fitted apart."""

DRAM = Constant("fitted.dram_ratio", 0.15, high=1.0)
MODEL = (*CONSTANTS, DRAM)
OF_PRODUCTS = (
    Constant("fitted.product_ratio", 0.15, high=1.0),
    Constant("fitted.product_step_ratio", 0.7),
    *(constant for constant in CONSTANTS if constant.path in ("fitted.overlap", "fitted.launch", "fitted.ramp")),
    DRAM,
)
SHIPPED = OF_PRODUCTS[:2]
"""What the profile takes from DeepBench; the rest of it stays as the paper's networks have it."""
ROOFLINE = (Constant("fitted.matrix_ratio", 0.3, high=1.0), Constant("fitted.launch", 1.0), DRAM)

PLAIN = {
    "runtime.tiles": "[{pixels: 1, channels: 1}]",
    "runtime.winograd.fp32": "[]",
    "fitted.step_ratio": "0",
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


def product_run(transposed: str, profile: Profile) -> MeasuredRun:
    """Matrix products whose operands lie as said: m output channels of n images with k inputs each."""
    seconds: dict[str, float] = {}
    graphs: dict[str, LayerGraph] = {}
    with PRODUCTS.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["transposed"] != transposed:
                continue
            label = "{transposed} {m}x{n}x{k}".format(**row)
            net = NetBuilder(label, source="DeepBench")
            net.linear(net.flatten(net.input(int(row["n"]), int(row["k"]), 1, 1)), int(row["m"]))
            seconds[label], graphs[label] = float(row["time_ms"]) / 1e3, net.graph
    return measured_run(f"products {transposed}", profile, graphs, seconds)


def products_cross_validated(transposed: str) -> dict[str, float]:
    """log(predicted / measured) of each product from a fit without its fold of five."""
    products = product_run(transposed, device_only("gtx_1080ti", **{"fitted.launch": "5 us"}))
    return left_out_errors(products, random_folds(products.networks), OF_PRODUCTS)


def shipped_products() -> Fit:
    """The two constants of matrix products in the shipped profile, fitted on all of them."""
    profile = load_profile("gtx_1080ti", {"input_from": "device", "dispatch": "0 us"})
    return fit([product_run(transposed, profile) for transposed in TRANSPOSED], SHIPPED, [])


def main() -> None:
    values, _ = solve(run(), MODEL)
    print("constants fitted on DeepBench:", {k.split(".")[1]: float(f"{v:.3g}") for k, v in values.items()})
    for title, errors in (("GPU model", cross_validated()), ("plain roofline", cross_validated(plain=True))):
        of_products = np.mean([abs(errors[key]) for key in implicit_gemm()])
        everything = np.mean(np.abs(list(errors.values())))
        print(f"{title}: mean |log error| {everything:.1%} on {len(errors)} layers, {of_products:.1%} on implicit GEMM")
    for transposed in TRANSPOSED:
        errors = list(products_cross_validated(transposed).values())
        print(f"matrix products {transposed}, cross-validated: {ErrorSummary.of(errors)}")
    shipped = shipped_products()
    print(
        "constants of products:",
        {path: f"{value:.3g}" for path, value in shipped.factors[0].items()},
        "times the profile's",
    )
    for transposed, logs in zip(TRANSPOSED, shipped.log_errors, strict=True):
        print(f"  {transposed} by the profile: {ErrorSummary.of(list(logs.values()))}")


if __name__ == "__main__":
    main()
