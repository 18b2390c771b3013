"""Every figure of docs/accuracy.md that can be had without a fit is worked out again, to the digit that is printed.

Figures of fits that leave something out are held by the cards they are written to, by the results that are kept, or by
the tests named in ``HELD_ELSEWHERE``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from costsim.calibrate.errors import ErrorSummary
from costsim.calibrate.host.judge import of_unseen_family
from costsim.calibrate.host.measure import noise_ratio
from costsim.calibrate.paper import reconstructed_rows
from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.network import Network
from costsim.simulate import simulate
from validation import arm_report, gtx_1080ti, host, snapdragon_855
from validation.paper import PROFILE as PAPER
from validation.paper import predictions
from validation.shufflenetv2 import shown, winners

PAGE = (Path(__file__).parents[2] / "docs" / "accuracy.md").read_text(encoding="utf-8")

HELD_ELSEWHERE = {
    "each table left out of the fit": "test_gtx_1080ti.py",
    "each of these tables left out": "test_paper.py",
    "each network left out": "test_snapdragon_855.py",
    "GPU model": "test_gtx_1080ti.py",
    "internal RAM, no spill": "test_stm32n6.py",
}
"""Words of a line to the test that runs its fit."""


def percent(ratio: float, digits: int = 1) -> str:
    return f"{100 * ratio:.{digits}f} %"


def cells(errors: list[float] | np.ndarray, *more: str) -> str:
    """Count, mean, median and share within 10 %, as a row of the page ends."""
    s = ErrorSummary.of(errors)
    columns = [f"{s.count}", percent(s.mean_ratio), percent(s.median_ratio), percent(s.within_10_percent_ratio, 0)]
    return " | ".join([*columns, *more])


def interval(name: str) -> str:
    card = load_profile(name).calibration
    return f"{card.low_ratio:.2f} to {card.high_ratio:.2f}"


def card_of(name: str) -> tuple[str, str]:
    """The errors and the interval a card states."""
    card = load_profile(name).calibration
    assert card.mean_error_ratio is not None
    return f"{percent(card.mean_error_ratio)}", interval(name)


def gpu_lines() -> Iterator[str]:
    micro, published = gtx_1080ti.predict(gtx_1080ti.MICRO), gtx_1080ti.predict(gtx_1080ti.PUBLISHED)
    guessed = gtx_1080ti.predict(reconstructed_rows("gpu"))
    yield f"(batch 1) | fitted on them | {cells(list(micro.log_errors.values()))}"
    at_eight = cells(list(published.log_errors.values()), interval("gtx_1080ti"))
    yield f"published definitions | never fitted | {at_eight}"
    yield f"had to guess | never fitted | {cells(list(guessed.log_errors.values()))}"
    found = shown(micro.predicted_s, "gpu")
    yield f"{found}"


def snapdragon_855_lines() -> Iterator[str]:
    profile, errors = load_profile("snapdragon_855"), []
    for row in snapdragon_855.measurements().itertuples():
        costs = simulate(Network(row.network).graph, profile, RunConfig("fp32", row.threads)).costs
        errors.append(float(np.log(costs.latency_s.sum() * 1e3 / row.latency_ms)))
    yield f"| fitted on them | {cells(errors, percent(np.abs(np.expm1(errors)).max(), 0))}"
    yield f"| each family left out | 60 | {card_of('snapdragon_855')[0]}"
    yield f"The card and its interval, {interval('snapdragon_855')}, are of families left out"


def host_lines() -> Iterator[str]:
    judged, profile = host.ZEN4.timings("onnxruntime", "judge"), load_profile(host.ZEN4.name)
    errors = host.log_errors(profile, judged)
    every = ErrorSummary.of(list(errors.values()))
    unseen = [error for name, error in errors.items() if of_unseen_family(name)]
    outside = [error for name, error in errors.items() if host.is_of_file(name)]
    yield f"| mean error, networks the fit never saw | {percent(every.mean_ratio)} |"
    yield f"| of families it has nothing of | {percent(ErrorSummary.of(unseen).mean_ratio)} |"
    yield f"| imported from ONNX files | {percent(ErrorSummary.of(outside).mean_ratio)} |"
    yield f"| median, within 10 % | {percent(every.median_ratio)}, {percent(every.within_10_percent_ratio, 0)} |"
    line = ErrorSummary.of(host.straight_line_errors(host.ZEN4, "onnxruntime", list(errors))).mean_ratio
    yield f"| null model: a line in multiply-adds | {percent(line)} |"
    card, ratios = profile.calibration, np.exp([-error for error in errors.values()])
    inside = float(np.mean((card.low_ratio <= ratios) & (ratios <= card.high_ratio)))
    yield f"| in the 90 % interval | {percent(inside, 0)} ({interval(host.ZEN4.name)}) |"
    yield f"| noise floor: median over fastest visit | {percent(noise_ratio(judged.values()))} |"
    yield f"| chains and networks of the fit, left out | {card_of(host.ZEN4.name)[0]} |"


def arm_lines() -> Iterator[str]:
    parts = ("_by_core", "_by_run", "_few_shot", "_unseen")
    yield from (line for part in parts for line in getattr(arm_report, part)() if line)


def paper_lines() -> Iterator[str]:
    micro, networks = predictions()
    for title, pairs in (("Tables 1 to 4", micro), ("Table 8, networks whose definition is published", networks)):
        s = ErrorSummary.of([np.log(case.predicted_s / case.measured_s) for _, case in pairs])
        yield f"- {title}: {s.count} speeds, mean error {s.mean_ratio:.1%}, median {s.median_ratio:.1%}"
    seconds = {row.name: case.predicted_s for row, case in [*micro, *networks]}
    yield ", ".join(f"{guideline} {shown(seconds, 'cpu', guideline)}" for guideline in ("G1", "G2", "G3", "G4"))
    rows = [row for row, _ in networks]
    measured = winners(rows, {row.name: row.latency_s for row in rows})
    for level, predicted in winners(rows, seconds).items():
        yield f"- Fastest at {level}: predicted {predicted}, measured {measured[level]}"


def card_lines() -> Iterator[str]:
    """Of fits too long to run here: what their cards say."""
    for name, how in (
        ("v100", "six folds | 53"),
        ("rtx_3090", "families left out | 68"),
        ("rtx_5090", "left out | 68"),
    ):
        mean, _ = card_of(name)
        yield f"{how} | {mean}"
        yield f"| {interval(name)} |"
    yield f"mean error {percent(load_profile('stm32n6').calibration.mean_error_ratio or 0.0, 0)}"


@pytest.mark.parametrize("lines", [gpu_lines, snapdragon_855_lines, host_lines, arm_lines, paper_lines, card_lines])
def test_the_page_says_what_costsim_predicts(lines):
    missing = [line for line in lines() if line not in PAGE]
    assert not missing, "docs/accuracy.md does not say:\n" + "\n".join(missing)


def test_what_a_fit_decides_is_held_by_the_test_that_runs_it():
    for words, file in HELD_ELSEWHERE.items():
        assert words in PAGE
        assert (Path(__file__).parent / file).is_file()


def test_profiles_of_the_page_are_shipped():
    named = {word for word in PAGE.split("`")[1::2] if word.startswith(("gtx", "rtx", "v100", "snapdragon", "epyc"))}
    assert PAPER in named
    for name in named:
        load_profile(name)
