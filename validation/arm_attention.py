"""The vision transformer of ncnn's benchmark: the pace of fully connected layers over rows, by core.

``python -m validation.arm_attention`` fits ``linear_rows_bytes_per_cycle`` and, where a core was measured on more than
one board, ``linear_rows_contention_ratio``, leaves every board out once, and prints the errors; ``--apply`` writes them
into the core files. Every row is of the same network, so errors are of boards left out, never of networks.

All rows are older than Tencent/ncnn d4f599f2c (2026-05-09), which put Gemm in the place of the InnerProduct they ran.
"""

from __future__ import annotations

import sys
from functools import cache

import numpy as np

from costsim.calibrate.errors import ErrorSummary
from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.hardware.vary import vary
from costsim.simulate import device_for, lower_for
from costsim.units import round_significant
from validation.apply import SOURCE, edited
from validation.arm_runs import PROFILES, all_measurements, core_of, network, profile_path

NETWORK = "vision_transformer"

CORES = {"a53": ("a53",), "a72": ("a72", "a73", "a57"), "a55": ("a55",), "a76": ("a76", "a78")}
"""Result to the endings of the core files that take its rate."""

RATES, CONTENTIONS = (grid.ravel() for grid in np.meshgrid(np.geomspace(0.3, 30, 80), np.linspace(0.0, 0.6, 13)))
"""Pairs that are tried: bytes a cycle, and the slowdown by each further thread."""


@cache
def log_errors(core: str) -> dict[tuple[str, int], np.ndarray]:
    """(board, threads) to log(predicted / measured) with each pair."""
    table = all_measurements()
    found = {}
    for row in table[table.network == NETWORK].itertuples():
        if core_of(row.board) not in CORES[core]:
            continue
        run = RunConfig(row.dtype, int(row.threads))
        board = load_profile(profile_path(row.board))
        tried = {"fitted.linear_rows_bytes_per_cycle": RATES, "fitted.linear_rows_contention_ratio": CONTENTIONS}
        profile = vary(board, tried)
        ops = lower_for(network(NETWORK), board, run)
        seconds = device_for(profile).costs(ops, profile, run).latency_s.sum(axis=0)
        found[row.board, int(row.threads)] = np.log(seconds / (row.latency_ms / 1e3))
    return found


def best(core: str, without: str | None = None) -> int:
    """Index of the pair with the least mean absolute error, on all boards but one."""
    errors = [np.abs(e) for (board, _), e in log_errors(core).items() if board != without]
    if not errors:
        return len(RATES) // 2
    one_board = len({board for board, _ in log_errors(core)}) == 1  # nothing tells threads from the pace
    allowed = CONTENTIONS == 0.0 if one_board else np.ones_like(RATES, dtype=bool)
    return int(np.argmin(np.where(allowed, np.mean(errors, axis=0), np.inf)))


def left_out() -> dict[tuple[str, int], float]:
    """(board, threads) to log(predicted / measured) at the rate of the other boards; cores of one board have none."""
    return {
        at: float(errors[best(core, without=at[0])])
        for core in CORES
        if len({board for board, _ in log_errors(core)}) > 1
        for at, errors in log_errors(core).items()
    }


def figure(errors: dict[tuple[str, int], float]) -> str:
    """What boards left out come to."""
    summary = ErrorSummary.of(list(errors.values()))
    return (
        f"{summary.count} latencies, mean error {summary.mean_ratio:.1%}, median {summary.median_ratio:.1%}, "
        f"within 10 % {summary.within_10_percent_ratio:.0%}"
    )


def apply() -> None:
    """Both constants of every core into its file."""
    for core, endings in CORES.items():
        boards = sorted({board for board, _ in log_errors(core)})
        if not boards:
            continue
        text = f"{SOURCE}: {NETWORK} on {', '.join(boards)}, one network"
        for ending in endings:
            with edited(PROFILES / f"_cortex_{ending}.yaml") as tree:
                tree["sources"]["fit_rows"] = {"kind": "fitted", "text": text}
                found = {"bytes_per_cycle": RATES, "contention_ratio": CONTENTIONS}
                for name, grid in found.items():
                    value = float(round_significant(float(grid[best(core)]), 3))
                    tree["fitted"][f"linear_rows_{name}"] = {"value": value, "source": "fit_rows"}


def main(arguments: list[str]) -> None:
    """Print; write the core files if asked."""
    errors = left_out()
    for (board, threads), error in errors.items():
        print(f"{board}, {threads} threads: {np.expm1(error):+.0%}")
    print({core: (round(float(RATES[best(core)]), 2), round(float(CONTENTIONS[best(core)]), 2)) for core in CORES})
    print(figure(errors))
    if "--apply" in arguments:
        apply()


if __name__ == "__main__":
    main(sys.argv[1:])
