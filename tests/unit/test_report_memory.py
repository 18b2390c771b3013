"""Memory over time: the plan's own bytes, in the schedule's own time."""

from __future__ import annotations

from itertools import pairwise

import pytest

import costsim
from costsim import Analysis
from costsim.report.page.memory import alive, capacities, held, offchip


@pytest.fixture(scope="module")
def planned() -> Analysis:
    return costsim.analyze("mobilenet_v2_1x", "embedded_buffer")


def test_groups_follow_each_other_without_gaps(planned: Analysis) -> None:
    groups = held(planned)
    names = [record["name"] for record in planned.layer_records]
    assert sum(g["ops"] for g in groups) == len(names)
    assert max(g["ops"] for g in groups) > 1
    for g in groups:
        first, last = names[g["row"]], names[g["row"] + g["ops"] - 1]
        assert g["name"] == (first if g["ops"] == 1 else f"{first} to {last}")
    assert groups[0]["from_ms"] == 0 and groups[-1]["to_ms"] == pytest.approx(planned.latency_ms)
    for before, after in pairwise(groups):
        assert after["from_ms"] == pytest.approx(before["to_ms"])


def test_no_group_holds_more_than_the_buffer(planned: Analysis) -> None:
    buffer = next(c["bytes"] for c in capacities(planned) if c["memory"] == "onchip")
    assert max(g["bytes"] for g in held(planned)) <= buffer


def test_off_chip_bytes_are_the_traffic(planned: Analysis) -> None:
    assert sum(r["bytes"] for r in offchip(planned)) == pytest.approx(planned.summary["dram_bytes"])


def test_a_device_without_a_plan_shows_what_is_alive() -> None:
    analysis = costsim.analyze("alexnet", "arm_a53")
    assert offchip(analysis) == []
    assert max(r["bytes"] for r in held(analysis)) == analysis.summary["peak_activation_bytes"]
    assert [r["bytes"] for r in held(analysis)] == [r["bytes"] for r in alive(analysis)]
