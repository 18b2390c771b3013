"""Latencies of microcontrollers with what is predicted left out: networks, boards, boards known by three networks.

``python -m validation.mcu_left_out`` prints, for every library on the core its rates belong to, each network by rates
solved without it; for every other board, what the rates of that core say with one factor from datasheets, CoreMark a
megahertz times multiply-accumulates a cycle; and the same boards by a factor from three of their networks. Rates are
solved anew by least squares of the ratios, drawn towards another library's: nine rates cannot be told from three to
six networks.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from costsim.devices import device_for
from costsim.devices.mcu.profile import McuProfile
from costsim.hardware import load_profile
from validation.mcu import INT8, measurements, priced

RATES = (
    "conv_cycles_per_mac", "pointwise_cycles_per_mac", "depthwise_cycles_per_mac", "linear_cycles_per_mac",
    "output_cycles", "window_cycles", "weight_cycles", "element_cycles", "op_cycles",
)  # fmt: skip
DRAWN = 0.05
"""Weight of a rate's distance from that of the other library, beside one of a latency's."""
OTHER = {"x_cube_ai": "cmsis_nn", "x_cube_ai_10": "x_cube_ai", "tinyengine": "x_cube_ai", "cmsis_nn": "x_cube_ai"}
"""Towards whose rates, times one factor, a library's are drawn; tflite-micro's towards one rate for all products."""
FITTED_ON = {
    "x_cube_ai": ("stm32h743", "nucleo_h7a3zi"), "x_cube_ai_10": ("stm32h747", "nucleo_h7a3zi"),
    "tinyengine": ("stm32h743",), "tflite_micro": ("stm32h743",), "cmsis_nn": ("nucleo_l4r5zi",),
}  # fmt: skip
COREMARK_PER_MHZ = {"Cortex-M4": 3.42, "Cortex-M33": 4.02, "Cortex-M7": 5.01, "Cortex-M85": 6.28}
"""Arm's product pages of the cores."""


def per_rate(row: pd.Series, profile: McuProfile) -> np.ndarray:
    """Seconds of a row's network by every rate of its library, each at one cycle; latency is linear in them."""
    made = priced(row, profile)
    seconds = []
    for rate in RATES:
        at = [profile.fitted.model_copy(update={rate: value}) for value in (1.0, 2.0)]
        parts = [made.profile.model_copy(update={"fitted": fitted}) for fitted in at]
        low, high = (float(device_for(part).costs(made.ops, part, INT8).latency_s.sum()) for part in parts)
        seconds.append(high - low)
    return np.array(seconds)


def towards(runtime: str, board: str) -> np.ndarray:
    """The rates a library's are drawn to, before they are scaled."""
    if runtime == "tflite_micro":
        return np.array([1.0, 1.0, 1.0, 1.0, 0.2, 0.02, 0.002, 0.1, 40.0])
    return np.array([getattr(load_profile(board, runtime=OTHER[runtime]).fitted, rate) for rate in RATES])


def solved(seconds: np.ndarray, measured_s: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Rates that meet the measured times, none negative: least squares of predicted over measured less 1."""
    by_prior = seconds @ prior / measured_s
    scaled = np.maximum(prior / np.exp(np.log(by_prior).mean()), 1e-9)
    left = np.vstack([seconds / measured_s[:, None] * scaled, np.sqrt(DRAWN) * np.eye(len(scaled))])
    right = np.concatenate([np.ones(len(measured_s)), np.full(len(scaled), np.sqrt(DRAWN))])
    return np.asarray(nnls(left, right)[0] * scaled)


def networks_left_out(rows: pd.DataFrame) -> list[float]:
    """Predicted over measured of every row by rates solved from the rows of other networks."""
    profiles = [load_profile(row.board, runtime=row.runtime) for _, row in rows.iterrows()]
    seconds = np.vstack([per_rate(row, p) for (_, row), p in zip(rows.iterrows(), profiles, strict=True)])
    measured_s = rows.latency_ms.to_numpy() / 1e3
    prior, names = towards(rows.runtime.iloc[0], rows.board.iloc[0]), rows.network.to_numpy()
    ratios = []
    for row, name in enumerate(names):
        others = names != name
        ratios.append(float(seconds[row] @ solved(seconds[others], measured_s[others], prior) / measured_s[row]))
    return ratios


def speed(profile: McuProfile) -> float:
    """What a core does of CMSIS-NN's work in a cycle, by its datasheet: CoreMark times multiply-accumulates a cycle."""
    return COREMARK_PER_MHZ[profile.hardware.core] * profile.hardware.macs_per_cycle["int8"]


def boards_left_out(table: pd.DataFrame) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """Board, library, and predicted over measured: by the core's datasheet, by three networks of its own."""
    for (board, runtime), rows in table.groupby(["board", "runtime"], sort=False):
        if board in FITTED_ON[runtime]:
            continue
        profile = load_profile(board, runtime=runtime)
        home = load_profile(FITTED_ON[runtime][0], runtime=runtime)
        fitted = home.fitted.model_copy(update={"core_cycles": 1.0})
        at_home = profile.model_copy(update={"fitted": fitted})
        ratios = np.array([float(priced(row, at_home).costs.latency_s.sum()) for _, row in rows.iterrows()])
        ratios /= rows.latency_ms.to_numpy() / 1e3
        by_core = ratios / speed(profile) * speed(home)
        rest = []
        for chosen in combinations(range(len(ratios)), 3):
            factor = np.exp(-np.log(ratios[list(chosen)]).mean())
            rest += [ratios[i] * factor for i in range(len(ratios)) if i not in chosen]
        yield str(board), str(runtime), by_core, np.array(rest)


def error(ratios: np.ndarray) -> str:
    """Mean error of predicted over measured, in words."""
    return f"{np.abs(np.asarray(ratios) - 1).mean():.1%}" if len(ratios) else "-"


def main() -> None:
    """Print both tables."""
    table = measurements()
    for runtime, boards in FITTED_ON.items():
        for board in boards:
            rows = table[(table.runtime == runtime) & (table.board == board)]
            if len(rows) > 1:
                ratios = networks_left_out(rows)
                each = ", ".join(
                    f"{r.network.removeprefix('mlperf_tiny_')} {x:.2f}"
                    for (_, r), x in zip(rows.iterrows(), ratios, strict=True)
                )
                print(f"{board:14} {runtime:12} networks left out {error(np.array(ratios)):>6}   {each}", flush=True)
    for board, runtime, by_core, by_three in boards_left_out(table):
        print(
            f"{board:14} {runtime:12} by its core {error(by_core):>6}   by three networks {error(by_three):>6}",
            flush=True,
        )


if __name__ == "__main__":
    main()
