"""Tesla V100: fitted on PaddleClas's TensorRT latencies, networks left out in six folds.

``python -m validation.v100`` fits again and prints every figure.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.calibrate.problem import MeasuredRun
from costsim.network import Network
from validation.gpu_fit import ALL_CONSTANTS, device_only, left_out_errors, measured_run, random_folds, solve

DATA = Path(__file__).parent / "data" / "paddleclas_v100.csv"


def measurements() -> dict[tuple[str, int], float]:
    """(network, batch) to seconds; a batch that is slower than a larger one of its network is left out."""
    with DATA.open(encoding="utf-8") as lines:
        seconds = {(r["network"], int(r["batch"])): float(r["latency_ms"]) / 1e3 for r in csv.DictReader(lines)}
    contradicted = {
        (network, batch)
        for network, batch in seconds
        if any(n == network and b > batch and s < seconds[network, batch] for (n, b), s in seconds.items())
    }
    return {key: s for key, s in seconds.items() if key not in contradicted}


def run(settings: Mapping[str, str] | None = None) -> MeasuredRun:
    """All measurements, less the time the input takes to the device."""
    profile = device_only("v100", **(settings or {}))
    seconds = measurements()
    graphs = {key: Network(key[0], batch=key[1]).graph for key in seconds}
    host = profile.hardware.memory.host.bandwidth_bytes_per_s
    transfer_s = {
        key: 4 * n * c * h * w / host for key, (n, c, h, w) in ((k, g.input_shape) for k, g in graphs.items())
    }
    return measured_run(
        "PaddleClas on V100",
        profile,
        {_name(key): graph for key, graph in graphs.items()},
        {_name(key): s - transfer_s[key] for key, s in seconds.items()},
    )


def errors_of_left_out_networks() -> dict[str, float]:
    """log(predicted / measured) of each network and batch, from a fit that saw no batch of the network."""
    whole = run()
    folds = random_folds({name.split()[0] for name in whole.networks}, count=6)
    return left_out_errors(
        whole, [[n for n in whole.networks if n.split()[0] in fold] for fold in folds], ALL_CONSTANTS
    )


def _name(key: tuple[str, int]) -> str:
    return f"{key[0]} batch {key[1]}"


def main() -> None:
    values, in_sample = solve(run(), ALL_CONSTANTS)
    print("constants:", {k.split(".")[1]: float(f"{v:.3g}") for k, v in values.items()})
    left_out = errors_of_left_out_networks()
    for title, errors in (("in sample", in_sample), ("networks left out", left_out)):
        print(f"{title}: {ErrorSummary.of(list(errors.values()))}")
    for name, error in sorted(left_out.items(), key=lambda item: -abs(item[1]))[:12]:
        print(f"  {name:32s} {error:+.2f} log")
    print("90 % interval:", [round(r, 2) for r in interval_ratios(list(left_out.values()))])


if __name__ == "__main__":
    main()
