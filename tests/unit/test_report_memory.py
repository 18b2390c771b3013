"""Memory over time: the plan's own bytes, in the schedule's own time."""

from __future__ import annotations

from itertools import pairwise

import pytest

import costsim
from costsim import Analysis
from costsim.report.page.memory import alive, arena, capacities, held, offchip


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


def test_the_map_of_an_arena_holds_every_block_where_it_lies() -> None:
    analysis = costsim.analyze("mlperf_tiny_ds_cnn", "stm32h743", runtime="cmsis_nn")
    blocks = arena(analysis)
    assert {b["holds"] for b in blocks} == {"maps", "scratch", "kept"}
    assert max(b["to_bytes"] for b in blocks) == pytest.approx(analysis.summary["arena_bytes"], abs=1)
    assert min(b["from_ms"] for b in blocks) == 0
    assert max(b["to_ms"] for b in blocks) == pytest.approx(analysis.latency_ms)
    for i, one in enumerate(blocks):
        for other in blocks[:i]:
            apart = one["to_ms"] <= other["from_ms"] + 1e-9 or other["to_ms"] <= one["from_ms"] + 1e-9
            assert apart or one["to_bytes"] <= other["from_bytes"] or other["to_bytes"] <= one["from_bytes"]
    page = analysis.report("html")
    assert "The arena over time" in page
    assert "sets the arena" in page


def test_devices_without_an_arena_have_no_map(planned: Analysis) -> None:
    assert arena(planned) == []
