"""GTX 1080 Ti: fitted on Tables 1 to 4 and Figure 2 of the ShuffleNet V2 paper, held against its Table 8.

``python -m validation.gtx_1080ti`` fits again and prints every figure.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.calibrate.paper import PaperRow, paper_rows, reconstructed_rows
from costsim.calibrate.problem import MeasuredRun
from costsim.calibrate.protocol import SHUFFLENET_V2
from costsim.hardware import load_profile
from costsim.network import Network
from costsim.reproduce.bench import published
from validation.gpu_fit import device_only, left_out_errors, measured_run, predicted_s, solve
from validation.shufflenetv2 import Ordering, orderings, shown, winners

PROFILE = "gtx_1080ti"
MICRO_TABLES = ("T1", "T2", "T3", "T4")

MICRO = tuple(row for row in paper_rows("gpu") if row.is_micro)
PUBLISHED = tuple(row for row in paper_rows("gpu") if not row.is_micro)


@dataclass(frozen=True)
class Prediction:
    """Predicted and measured seconds by the name of the cell."""

    predicted_s: dict[str, float]
    measured_s: dict[str, float]

    @property
    def log_errors(self) -> dict[str, float]:
        return {name: float(np.log(s / self.measured_s[name])) for name, s in self.predicted_s.items()}


def micro_run() -> MeasuredRun:
    """Tables 1 to 4 as the fit takes them: at the priors, input on the device."""
    measured_s = {row.name: row.latency_s for row in MICRO}
    return measured_run("Tables 1 to 4", device_only(PROFILE), {row.name: row.graph for row in MICRO}, measured_s)


def copy_rates() -> dict[str, float]:
    """Network to bytes/s of its input's copy to the device, as Figure 2 has it.

    The figure prints the share of the time spent on "data" at batch 8. The rest of the time is taken from
    the profile, whose rates are those of Tables 1 to 4, so that no speed of Table 8 enters.
    """
    profile = load_profile(PROFILE, {"input_from": "device"})
    shares = {
        row["network"]: float(row["percent"]) / 100
        for row in published("shufflenetv2_figure2.csv")
        if (row["platform"], row["component"]) == ("GPU", "Data")
    }
    rates = {}
    for name, share in shares.items():
        graph = Network(name, batch=SHUFFLENET_V2["F2", "GPU"].batch).graph
        rest_s = predicted_s(profile, graph)
        rates[name] = 4 * math.prod(graph.input_shape) / (rest_s * share / (1 - share))
    return rates


def copy_rate() -> float:
    """What the networks of Figure 2 say together: their geometric mean, in bytes/s."""
    return float(np.exp(np.mean(np.log(list(copy_rates().values())))))


def predict(rows: Collection[PaperRow]) -> Prediction:
    """What the shipped profile says of some rows."""
    profile = load_profile(PROFILE)
    return Prediction(
        {row.name: float(row.simulate(profile).costs.latency_s.sum()) for row in rows},
        {row.name: row.latency_s for row in rows},
    )


def violated(prediction: Prediction) -> list[Ordering]:
    """Orderings of the paper of which the predictions show the contrary."""
    return [o for o in orderings("gpu") if o.found(prediction.predicted_s) > 0]


def errors_by_left_out_table() -> dict[str, float]:
    """Errors of Tables 1 to 4, as log(predicted / measured), each from a fit on the three others."""
    run = micro_run()
    return left_out_errors(run, [[n for n in run.networks if n.startswith(table)] for table in MICRO_TABLES])


def _line(title: str, log_errors: Iterable[float]) -> str:
    s = ErrorSummary.of(list(log_errors))
    within = f"{s.within_10_percent_ratio:.0%} within 10 %"
    return f"{title:44s} {s.count:3d}: mean {s.mean_ratio:.1%}, median {s.median_ratio:.1%}, {within}"


def main() -> None:
    values, in_sample = solve(micro_run())
    print("constants fitted on Tables 1 to 4:", {k.split(".")[1]: float(f"{v:.3g}") for k, v in values.items()})
    rates = {name: f"{rate / 1e9:.2f} GB/s" for name, rate in copy_rates().items()}
    print(f"copy of the input by Figure 2: {rates}, together {copy_rate() / 1e9:.2f} GB/s")
    print(_line("Tables 1 to 4, in sample", in_sample.values()))
    left_out = errors_by_left_out_table()
    print(_line("Tables 1 to 4, each table left out", left_out.values()))
    micro = predict(MICRO)
    print(_line("Tables 1 to 4, shipped profile", micro.log_errors.values()))
    print(f"orderings of G1 to G4: {shown(micro.predicted_s, 'gpu')}", *violated(micro))

    published, guessed = predict(PUBLISHED), predict(reconstructed_rows("gpu"))
    print(_line("Table 8, published definitions", published.log_errors.values()))
    print(_line("Table 8, reconstructed definitions", guessed.log_errors.values()))
    for prediction in (published, guessed):
        for name, seconds in prediction.predicted_s.items():
            measured = prediction.measured_s[name]
            print(f"  {name:52s} {measured * 1e3:6.2f} ms, predicted {seconds * 1e3:6.2f} ms, {seconds / measured:.2f}")
    print("winners, measured: ", winners(PUBLISHED, published.measured_s))
    print("winners, predicted:", winners(PUBLISHED, published.predicted_s))
    unseen = [*left_out.values(), *published.log_errors.values(), *guessed.log_errors.values()]
    print("90 % interval from errors on what the fit has not seen:", [round(r, 2) for r in interval_ratios(unseen)])


if __name__ == "__main__":
    main()
