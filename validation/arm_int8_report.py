"""What was found of ncnn in int8: into the profiles, and as text for docs/accuracy.md.

``python -m validation.arm_int8_report`` prints the figures; ``--apply`` writes rates and cards of
``validation.arm_int8``, ``--write`` replaces the section in docs/accuracy.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.units import round_significant
from validation import arm_runs
from validation.apply import SOURCE, calibration_block, edited, log_errors
from validation.arm_int8 import GROUPS, measurements, results
from validation.arm_report import replace_section
from validation.arm_report import results as float_results
from validation.arm_runs import PROFILES, profile_path

HEADING = "## ARM CPUs in int8"

TOLD_APART = 0.1
"""Pairs of a float and an int8 latency that differ by more have a sign."""


def apply() -> None:
    """The rates of every group into its core files or boards, and a card for each measured board."""
    for name, found in results().items():
        group, every = GROUPS[name], log_errors(found["runs"])
        boards = list(dict.fromkeys(run["board"] for run in found["runs"]))
        note = (
            f"{SOURCE}, int8 rows: {len(every)} latencies on {len(boards)} boards ({', '.join(boards)}); "
            f"mean error of networks left out {ErrorSummary.of(every).mean_ratio:.1%}"
        )
        for core in group.cores:
            write_rates(PROFILES / f"_cortex_{core}.yaml", found["rates"], note)
        for board in boards:
            own = log_errors([run for run in found["runs"] if run["board"] == board])
            data = f"{SOURCE}: {len(own)} latencies in int8"
            card = calibration_block(data, own, interval_ratios(every))
            write_rates(profile_path(board), found["rates"] if group.boards else {}, note, card)


def write_rates(path: Path, rates: dict[str, float], note: str, card: dict[str, Any] | None = None) -> None:
    """The ``fitted.int8`` of a profile with its source, and the card of int8; the rest stays as it is."""
    with edited(path) as tree:
        if rates:
            tree["sources"]["fit_int8"] = {"kind": "fitted", "text": note}
            values = {name: float(round_significant(value, 4)) for name, value in rates.items()}
            tree["fitted"]["int8"] = {"source": "fit_int8", **values}
        if card is not None:
            tree["calibration"].setdefault("by_dtype", {})["int8"] = card


def signs() -> Iterator[tuple[bool, bool]]:
    """Whether int8 was slower and whether it was predicted so, networks left out of both fits, for pairs told apart."""
    floats = {
        (run["board"], run["threads"], network): error
        for core in arm_runs.CORES
        for run in float_results(core)["runs"]
        for network, error in run["log_error_left_out"].items()
    }
    measured = {
        (row.board, row.threads, row.network): row.latency_ms
        for table in (arm_runs.measurements(), measurements())
        for row in table.itertuples()
    }
    for found in results().values():
        for run in found["runs"]:
            for name, error in run["log_error_left_out"].items():
                at = run["board"], run["threads"]
                plain = (*at, name.removesuffix("_int8"))
                if plain not in floats:
                    continue
                ratio = float(np.log(measured[*at, name] / measured[plain]))
                if abs(np.expm1(ratio)) > TOLD_APART:
                    yield ratio > 0, ratio + error - floats[plain] > 0


def section() -> str:
    """All of it, in Markdown."""
    return "\n".join([HEADING, "", *_lines()]) + "\n"


def _lines() -> Iterator[str]:
    yield (
        "The int8 rows of the same runs, six networks. Rates of the int8 kernels are fitted apart, those of floats "
        "stay as fitted; each error is of a network left out of the fit of int8 (its twin was in that of floats): "
        "`python -m validation.arm_int8`, `python -m validation.arm_int8_report`. Kernels differ by generation of "
        "ncnn, so boards measured with an old one are fitted apart and say so."
    )
    yield ""
    yield "| kernels | boards | latencies | mean error | median | within 10 % | of the networks in the fit |"
    yield "|---|---|---|---|---|---|---|"
    found = results()
    for name, group in found.items():
        yield _row(GROUPS[name].title, group["runs"])
    yield _row("**all**", [run for group in found.values() for run in group["runs"]])
    pairs = list(signs())
    right = sum(was == said for was, said in pairs)
    yield ""
    yield (
        f"Whether int8 is faster than floats: right in {right} of {len(pairs)} pairs that differ by more than 10 % "
        f"({right / len(pairs):.0%}), with the network left out of both fits."
    )


def _row(title: str, runs: list[dict[str, Any]]) -> str:
    left_out = ErrorSummary.of(log_errors(runs))
    seen = ErrorSummary.of(log_errors(runs, "seen"))
    boards = len({run["board"] for run in runs})
    return (
        f"| {title} | {boards} | {left_out.count} | {left_out.mean_ratio:.1%} | {left_out.median_ratio:.1%} "
        f"| {left_out.within_10_percent_ratio:.0%} | {seen.mean_ratio:.1%} |"
    )


def main(arguments: list[str]) -> None:
    """Print the section; write profiles or the page if asked."""
    if "--apply" in arguments:
        apply()
    print(section())
    if "--write" in arguments:
        replace_section(HEADING, section())


if __name__ == "__main__":
    main(sys.argv[1:])
