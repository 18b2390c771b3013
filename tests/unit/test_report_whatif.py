"""What-if numbers are the device model's own."""

from __future__ import annotations

import pytest

import costsim
from costsim import Analysis
from costsim.report.page.knobs import memory_fields
from costsim.report.page.whatif import latency_ms, what_if


@pytest.fixture(scope="module", params=["arm_a53", "gtx_1080ti"])
def analysis(request: pytest.FixtureRequest) -> Analysis:
    return costsim.analyze("mobilenet_v2_1x", request.param)


def test_every_combination_of_limits_is_what_the_cost_table_says(analysis: Analysis) -> None:
    changes, costs = what_if(analysis), analysis.simulation.costs
    now = changes["variants"][0]
    for mask in range(2 ** len(changes["ceilings"])):
        for lifted in ((), tuple(range(len(changes["overheads"])))):
            names = {c for bit, c in enumerate(changes["ceilings"]) if mask >> bit & 1}
            names |= {changes["overheads"][i] for i in lifted}
            expected = costs.without(names).sum() * 1e3
            assert latency_ms(now, mask, lifted) == pytest.approx(expected)


def test_a_variant_is_what_analyze_says(analysis: Analysis) -> None:
    profile = analysis.simulation.profile
    settings = {path: f"{2 * profile.value_at(path)} B/s" for path in memory_fields(profile)["dram bandwidth"]}
    expected = costsim.analyze(analysis.network, analysis.hardware, settings=settings).latency_ms
    variants = {v["name"]: v for v in what_if(analysis)["variants"]}
    assert latency_ms(variants["dram bandwidth x2"]) == pytest.approx(expected)


def test_changes_come_best_first_after_the_device_as_it_is(analysis: Analysis) -> None:
    first, *rest = what_if(analysis)["single"]
    assert first == {"change": "as it is", "ms": pytest.approx(analysis.latency_ms), "speedup": 1.0}
    assert [r["ms"] for r in rest] == sorted(r["ms"] for r in rest)
    assert all(r["ms"] <= analysis.latency_ms * 1.0001 for r in rest if r["change"].startswith("without"))
