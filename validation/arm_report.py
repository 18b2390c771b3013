"""The figures of the ARM boards, as text for docs/accuracy.md.

``python -m validation.arm_report`` prints them; with ``--write`` it replaces the section "ARM CPUs" there.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.files import write_text
from costsim.hardware import load_profile
from validation import arm_attention, arm_never_fitted, arm_unfitted
from validation.arm import RESULTS
from validation.arm_runs import CORES, predicted_s
from validation.paper import PROFILE, errors_by_left_out_table, micro_run, predictions
from validation.shufflenetv2 import shown, winners

PAGE = Path(__file__).parents[1] / "docs" / "accuracy.md"
HEADING = "## ARM CPUs"

FP32, FP16 = ("a53", "a57", "a72"), ("a55", "a76")


def results(core: str) -> dict[str, Any]:
    """What ``validation.arm`` found."""
    return json.loads((RESULTS / f"arm_{core}.json").read_text())


def section() -> str:
    """All of it, in Markdown."""
    parts = [HEADING, "", *_head(), "", *_by_core(), "", *_by_run(), "", *_orderings()]
    parts += ["", *_unseen(), "", *_few_shot(), "", *_paper()]
    return "\n".join(parts) + "\n"


def _head() -> Iterator[str]:
    yield (
        "ncnn's benchmark on 29 clusters of ARM boards (Tencent/ncnn benchmark/README.md @ a4d2ea1d): runs on one "
        "known core type with at least 14 networks, convolutional networks only, latencies that spread less than 30 %. "
        "A fit shares one set of constants over all boards with the same core and has six a board. Each error is of a "
        "network that was left out of all runs, with two others: `python -m validation.arm`, "
        "`python -m validation.arm_report`."
    )


def _by_core() -> Iterator[str]:
    yield "| cores | runs | latencies | median over runs of the mean error | within 10 % | in the 90 % interval |"
    yield "|---|---|---|---|---|---|"
    groups = [(CORES[core].title, (core,)) for core in CORES]
    groups += [("**fp32 cores: A53, A57, A72, A73**", FP32), ("**fp16 cores: A55, A76, A78**", FP16)]
    for title, cores in groups:
        runs = [run["log_error_left_out"] for core in cores for run in results(core)["runs"]]
        means = [ErrorSummary.of(list(errors.values())).mean_ratio for errors in runs]
        every = ErrorSummary.of(np.concatenate([list(errors.values()) for errors in runs]))
        covered = np.mean([hit for core in cores for hit in coverage(core)])
        yield (
            f"| {title} | {len(runs)} | {every.count} | {np.median(means):.1%} | {every.within_10_percent_ratio:.0%} "
            f"| {covered:.0%} |"
        )


def coverage(core: str) -> list[bool]:
    """Whether each left-out latency lies in the interval made of the residuals of all other networks."""
    runs = [run["log_error_left_out"] for run in results(core)["runs"]]
    hits = []
    for name in {name for errors in runs for name in errors}:
        low, high = interval_ratios([e for errors in runs for other, e in errors.items() if other != name])
        hits += [low <= np.exp(-errors[name]) <= high for errors in runs if name in errors]
    return hits


def _by_run() -> Iterator[str]:
    yield "| board | threads | networks | mean error | within 10 % | worst |"
    yield "|---|---|---|---|---|---|"
    for core in CORES:
        for run in results(core)["runs"]:
            errors = run["log_error_left_out"]
            summary = ErrorSummary.of(list(errors.values()))
            worst = max(errors, key=lambda name: abs(errors[name]))
            yield (
                f"| {run['board']} | {run['threads']} | {summary.count} | {summary.mean_ratio:.1%} "
                f"| {summary.within_10_percent_ratio:.0%} | {worst} {np.expm1(errors[worst]):+.0%} |"
            )


def _few_shot() -> Iterator[str]:
    medians = json.loads((RESULTS / "few_shot.json").read_text())
    every = [value for values in medians.values() for value in values]
    yield (
        "**Five networks measured, the rest predicted** (`python -m validation.few_shot`): five at random fit the "
        "constants of the board, its core's being known; median error of the others, median over runs"
    )
    yield ""
    for title, values in medians.items():
        yield f"- {title}: {np.median(values):.1%}, worst run {max(values):.1%}"
    yield f"- All {len(every)} runs: {np.median(every):.1%}"


def _unseen() -> Iterator[str]:
    yield "**Networks in no fit**, GoogLeNet and RegNetY-400MF on all boards (`python -m validation.arm_never_fitted`)"
    yield ""
    yield from (f"- {line}" for line in arm_never_fitted.figures())
    yield ""
    yield (
        "**Attention**, `vision_transformer`, every board left out of the rates of its core "
        f"(`python -m validation.arm_attention`): {arm_attention.figure(arm_attention.left_out())}. "
        "One network, its mechanisms chosen with all rows in sight."
    )
    yield ""
    yield (
        "**Boards from their datasheets alone**, the core's constants being known, and the share of the clock that the "
        "other boards of its core file hold (`python -m validation.arm_unfitted`): median error over the networks, "
        "median over runs. Nine ways to take over what other boards have were looked at on all boards; this one takes "
        "the boards with an even checksum of their names from 21.2 to 8.7 %, the others from 11.5 to 10.9 %."
    )
    yield ""
    yield from (f"- {line}" for line in arm_unfitted.figures())


def _orderings() -> Iterator[str]:
    places = [(run["board"], run["threads"]) for core in CORES for run in results(core)["runs"]]
    slower = sum(predicted_s("shufflenet", *at) > predicted_s("shufflenet_v2", *at) for at in places)
    boards = sorted({board for board, threads in places if threads >= 4})
    gains = {n: [predicted_s(n, b, 1) / predicted_s(n, b, 4) for b in boards] for n in ("mobilenet", "mobilenet_v2")}
    more = sum(a > b for a, b in zip(*gains.values(), strict=True))
    yield "**Orderings multiply-adds get wrong**"
    yield ""
    yield (
        f"- ShuffleNet v1 is slower than v2, although it has 12 % fewer multiply-adds (measured in 66 of 71 "
        f"configurations): predicted in {slower} of {len(places)}. ShuffleNet v2 was in no fit."
    )
    yield f"- MobileNet v1 gains more from four threads than v2: predicted on {more} of {len(boards)} boards."


def _paper() -> Iterator[str]:
    micro, networks = predictions()
    how = "fitted on Tables 1 to 4 only (`python -m validation.paper`)"
    yield f"**ShuffleNetV2 paper, Snapdragon 810** (`{PROFILE}`), {how}"
    yield ""
    shipped = [[float(np.log(c.predicted_s / c.measured_s)) for _, c in cases] for cases in (micro, networks)]
    left_out = list(errors_by_left_out_table(micro_run(load_profile(PROFILE))).values())
    titles = ("Tables 1 to 4", "each of these tables left out", "Table 8, networks whose definition is published")
    for title, errors in zip(titles, (shipped[0], left_out, shipped[1]), strict=True):
        s = ErrorSummary.of(errors)
        yield f"- {title}: {s.count} speeds, mean error {s.mean_ratio:.1%}, median {s.median_ratio:.1%}"
    seconds = {row.name: c.predicted_s for row, c in [*micro, *networks]}
    counts = ", ".join(f"{guideline} {shown(seconds, 'cpu', guideline)}" for guideline in ("G1", "G2", "G3", "G4"))
    yield f"- Orderings: {counts} (of G3 without pairs measured as equal and those the paper itself breaks)"
    rows = [row for row, _ in networks]
    measured = winners(rows, {row.name: row.latency_s for row in rows})
    for level, predicted in winners(rows, seconds).items():
        yield f"- Fastest at {level}: predicted {predicted}, measured {measured[level]}"


def main(arguments: list[str]) -> None:
    """Print the section, or put it into the page."""
    text = section()
    print(text)
    if "--write" in arguments:
        replace_section(HEADING, text)


def replace_section(heading: str, text: str) -> None:
    """Put a section of the page in place of the one of that heading, or at its end."""
    page, pattern = PAGE.read_text(), rf"^{heading}\n.*?(?=^## |\Z)"
    flags = re.DOTALL | re.MULTILINE
    new = text.rstrip() + "\n\n"
    page = re.sub(pattern, lambda _: new, page, flags=flags) if re.search(pattern, page, flags) else f"{page}\n{new}"
    write_text(PAGE, page.rstrip() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
