"""What was found of other runtimes on ARM: into the core files, and as text for docs/accuracy.md.

``python -m validation.arm_runtimes_report`` prints the figures; ``--apply`` writes rates and intervals of
``validation.arm_runtimes``, ``--write`` replaces the section in docs/accuracy.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.simulate import simulate
from costsim.units import format_quantity, round_significant
from validation.apply import edited, log_errors
from validation.arm_report import replace_section
from validation.arm_runs import PROFILES, profile_path
from validation.arm_runtimes import END_TO_END, graph, measurements, results

HEADING = "## Other runtimes on ARM CPUs"

SHARED = {"a72": ("a72", "a73"), "a76": ("a76", "a78")}
"""Cores whose rates others take that nothing was measured on: the same vector units."""

PROJECTS = {
    "xnnpack": "google/XNNPACK README, NXP/eiq-model-zoo @ 58c2b002, Arm's model cards for Raspberry Pi 5",
    "paddle_lite": "PaddlePaddle/Paddle-Lite docs/performance/benchmark.md @ 4a3bdbe",
    "tengine": "OAID/Tengine benchmark pages",
    "tnn": "Tencent/TNN benchmark pages, v0.1",
}


def apply() -> None:
    """The rates of every runtime into the files of its cores."""
    found = results()
    for name, outcome in found.items():
        runtime, core = name.split()
        for ending in SHARED.get(core, (core,)):
            if ending == core or f"{runtime} {ending}" not in found:
                _write(ending, runtime, outcome)


def _write(core: str, runtime: str, outcome: dict[str, Any]) -> None:
    path, runs = PROFILES / f"_cortex_{core}.yaml", outcome["runs"]
    every, key = log_errors(runs), f"fit_{runtime}"
    boards = ", ".join(dict.fromkeys(run["board"] for run in runs))
    mean = ErrorSummary.of(every).mean_ratio
    note = f"{PROJECTS[runtime]}: {len(every)} latencies on {boards}; mean error of networks left out {mean:.1%}"
    rates: dict[str, Any] = {"source": key}
    for field, value in outcome["rates"].items():
        *block, word = field.split(".")[1:]
        place = rates.setdefault(block[0], {}) if block else rates
        place[word] = (
            format_quantity(value, "s", 3) if word.endswith("overhead") else float(round_significant(value, 4))
        )
    low, high = interval_ratios(every)
    measured = list(dict.fromkeys(run["dtype"] for run in runs))
    card = {
        "status": "derived",
        "data": f"rates of {runtime} on the core, not on each board: {note}",
        "dtypes": measured,
        "low_ratio": float(round_significant(low, 3)),
        "high_ratio": float(round_significant(high, 3)),
    }
    layer: dict[str, Any] = {"sources": {key: {"kind": "fitted", "text": note}}, "calibration": card, "fitted": rates}
    if "fp16" in measured:
        layer["runtime"] = {"dtypes": ["fp32", "fp16", "int8"]}
    with edited(path) as tree:
        tree.setdefault("runtimes", {})[runtime] = layer


def section() -> str:
    """All of it, in Markdown."""
    return "\n".join([HEADING, "", *_lines()]) + "\n"


def _lines() -> Iterator[str]:
    yield (
        "`--runtime xnnpack | paddle_lite | tengine | tnn` on any ARM board. Rates are fitted by runtime and core, "
        "from those of ncnn on that core, on the latencies of the projects' own pages. "
        "Each error is of a network left out on all boards: `python -m validation.arm_runtimes`, "
        "`python -m validation.arm_runtimes_report`."
    )
    yield ""
    yield "| runtime | core | boards | data types | latencies | mean error | median | within 10 % | in the fit |"
    yield "|---|---|---|---|---|---|---|---|---|"
    found = results()
    for name, outcome in found.items():
        yield _row(*name.split(), outcome["runs"])
    for runtime in PROJECTS:
        runs = [run for name, outcome in found.items() if name.startswith(runtime) for run in outcome["runs"]]
        yield _row(f"**{runtime}**", "all", runs)
    yield ""
    ends = ", ".join(f"{name} {dtype} {error:+.0%}" for name, dtype, error in end_to_end())
    yield f"Detectors on a Raspberry Pi 5, published end to end and in no fit: {ends}."


def end_to_end() -> Iterator[tuple[str, str, float]]:
    """Errors on what was published with pre- and post-processing."""
    for row in measurements().itertuples():
        if row.network in END_TO_END and row.board == "rpi5":
            profile = load_profile(profile_path(row.board), runtime=row.runtime)
            done = simulate(graph(row.network, row.input), profile, RunConfig(row.dtype, int(row.threads)))
            yield row.network, row.dtype, float(done.costs.latency_s.sum() / (row.latency_ms / 1e3) - 1)


def _row(runtime: str, core: str, runs: list[dict[str, Any]]) -> str:
    left_out, seen = ErrorSummary.of(log_errors(runs)), ErrorSummary.of(log_errors(runs, "seen"))
    boards = ", ".join(dict.fromkeys(run["board"] for run in runs)) if core != "all" else ""
    dtypes = ", ".join(sorted({run["dtype"] for run in runs}))
    return (
        f"| {runtime} | {core} | {boards} | {dtypes} | {left_out.count} | {left_out.mean_ratio:.1%} "
        f"| {left_out.median_ratio:.1%} | {left_out.within_10_percent_ratio:.0%} | {seen.mean_ratio:.1%} |"
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
