"""The report page as text: complete, escaped, never half-written."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import costsim
from costsim import Analysis, InputError, NetBuilder
from costsim.cli import run
from costsim.guidelines import check
from costsim.report.formats.markdown import to_markdown
from costsim.report.formats.trace import to_trace
from costsim.report.page.html import notebook_card, page
from costsim.report.pictures.plots import save_plots
from costsim.report.words import accuracy_card
from tests.long_network import long_network

NASTY = ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "größe ‮מודל‬ 网络", "{{ 7*7 }}", "</script>"]


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return costsim.analyze("shufflenet_v2_1x", "arm_a53")


def payload(html: str) -> Any:
    return json.loads(re.search(r'id="payload">(.*?)</script>', html, re.DOTALL)[1])


class Tags(HTMLParser):
    """Tags and the text of elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())


def nasty_network() -> costsim.LayerGraph:
    net = NetBuilder(NASTY[0])
    x = net.input(1, 3, 8, 8)
    for name in NASTY:
        with net.block(name):
            x = net.conv(x, 4, 3, padding=1)
    return net.graph


@pytest.mark.parametrize("hw", ["arm_a53", "gtx_1080ti", "embedded_buffer"])
def test_the_accuracy_card_is_the_same_on_the_page_and_in_hw_show(hw: str, capsys: pytest.CaptureFixture[str]) -> None:
    card = accuracy_card(costsim.load_profile(hw).calibration)
    assert run(["hw", "show", hw]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    text = Tags(page(costsim.analyze("shufflenet_v2_0.5x", hw))).text
    for term, value in card.items():
        assert " ".join(f"{term} {value}".split()) in shown
        assert value in text[text.index(term) :]


def test_the_accuracy_card_says_what_is_not_known() -> None:
    measured, unmeasured = (
        accuracy_card(costsim.load_profile(hw).calibration) for hw in ("gtx_1080ti", "embedded_buffer")
    )
    assert (measured["status"], measured["mean error"], measured["within 10 %"]) == (
        "calibrated",
        "8.0%",
        "71% of predictions",
    )
    assert measured["90 % interval"] == "0.77 to 1.21 times the prediction"
    assert measured["date"] == "2026-11-22" and "Table 8" in measured["data"]
    assert unmeasured["status"] == "uncalibrated"
    assert unmeasured["date"] == unmeasured["mean error"] == unmeasured["within 10 %"] == "unknown"


def test_totals_and_every_layer_are_on_the_page(analysis: Analysis) -> None:
    text = " ".join(Tags(page(analysis)).text)
    assert "63" in text
    for record in analysis.layer_records:
        assert record["name"] in text
    for source in analysis.simulation.profile.sources.values():
        if source.text in analysis.simulation.profile.provenance:
            assert source.text in text


def test_chart_data_add_up_to_the_latency(analysis: Analysis) -> None:
    data = payload(page(analysis))["data"]
    for name in ("ops", "classes", "limits", "stages", "blocks"):
        assert sum(r["ms"] for r in data[name]) == pytest.approx(analysis.latency_ms, rel=1e-4), name


@pytest.mark.parametrize("hw", ["arm_a53", "gtx_1080ti"])
def test_no_point_lies_above_its_roofs(hw: str) -> None:
    analysis = costsim.analyze("shufflenet_v2_1x", hw)  # no Winograd: nothing beats the arithmetic roof
    data, records = payload(page(analysis))["data"], analysis.layer_records
    assert {r["level"] for r in data["roofs"]} == set(analysis.simulation.costs.traffic)
    for level in {r["level"] for r in data["roofs"]}:
        roofs = [r for r in data["roofs"] if r["level"] == level]
        bandwidth = next((r["value"] for r in roofs if r["roof"] == "bandwidth"), np.inf)
        peak = next(r["value"] for r in roofs if r["roof"] == "arithmetic")
        for p in (p for p in data["points"] if p["level"] == level):
            assert p["y"] <= p["x"] * bandwidth * 1.001
            assert p["y"] * 2 * records[p["row"]]["macs"] <= peak * records[p["row"]]["flops"] * 1.001


@pytest.mark.parametrize("hw", ["arm_a53", "gtx_1080ti", "embedded_buffer"])
def test_roofs_meet_at_the_knee_and_every_op_lies_between_their_ends(hw: str) -> None:
    data = payload(page(costsim.analyze("resnet50", hw)))["data"]
    for level in {r["level"] for r in data["roofs"]}:
        slope, flat = (
            [r for r in data["roofs"] if (r["level"], r["roof"]) == (level, roof)]
            for roof in ("bandwidth", "arithmetic")
        )
        assert all(corner["y"] == pytest.approx(corner["x"] * corner["value"], rel=1e-3) for corner in slope)
        assert all(corner["y"] == pytest.approx(corner["value"]) for corner in flat)
        if slope:
            assert (slope[1]["x"], slope[1]["y"]) == (flat[0]["x"], flat[0]["y"])
        left, right = (slope or flat)[0]["x"], flat[1]["x"]
        assert all(left <= p["x"] <= right for p in data["points"] if p["level"] == level)


def test_names_cannot_become_markup() -> None:
    plain = Tags(page(costsim.analyze("shufflenet_v2_1x", "arm_a53")))
    hostile = costsim.analyze(nasty_network(), "arm_a53")
    for html in (page(hostile, command=f"costsim analyze '{NASTY[0]}'"), notebook_card(hostile)):
        found = Tags(html)
        assert "img" not in found.tags
        assert found.tags.count("script") in (0, plain.tags.count("script"))
        assert not [name for name, _ in found.attributes if name.startswith("on")]
        assert any(NASTY[0] in text for text in found.text)
    assert [r["block"] for r in payload(page(hostile))["data"]["ops"]] == NASTY


def test_nothing_on_the_page_points_outside(analysis: Analysis) -> None:
    html = page(analysis)
    assert not re.search(r"<(link|script|img|iframe)[^>]+(src|href)=[\"']?(https?:)?//", html)
    assert "default-src 'none'" in html


def test_one_op_network() -> None:
    net = NetBuilder("tiny")
    net.conv(net.input(1, 1, 1, 1), 1, 1)
    data = payload(page(costsim.analyze(net.graph, "arm_a53")))["data"]
    assert len(data["ops"]) == 1 and data["ops"][0]["share"] == 1.0


@pytest.mark.parametrize("hw", ["arm_a53", "embedded_buffer"])
def test_a_network_that_takes_no_time_at_all(hw: str, tmp_path: Path) -> None:
    simulation = costsim.analyze("alexnet", hw).simulation
    free = {name: np.zeros_like(simulation.costs.latency_s) for name in simulation.costs.limits}
    names = simulation.costs.ceilings, simulation.costs.overheads
    ceilings, overheads = ({name: free[name] for name in group} for group in names)
    analysis = Analysis(replace(simulation, costs=replace(simulation.costs, ceilings=ceilings, overheads=overheads)))
    assert all(r["ms"] == 0 for r in payload(page(analysis))["data"]["ops"])
    assert "0 s" in notebook_card(analysis) and "0 s" in to_markdown(analysis)
    assert json.loads(to_trace(analysis))["traceEvents"]
    assert len(save_plots(analysis, tmp_path)) == 6


def test_a_cost_that_is_not_a_number_is_refused() -> None:
    analysis = costsim.analyze("alexnet", "arm_a53")
    analysis.layer_records[3]["latency_ms"] = float("nan")
    with pytest.raises(InputError, match="is nan, not a cost"):
        page(analysis)


def test_the_command_line_is_on_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "r.html"
    assert run(["analyze", "alexnet", "--hw", "arm_a53", "--html", str(report)]) == 0
    assert f"costsim analyze alexnet --hw arm_a53 --html {report}" in Tags(report.read_text(encoding="utf-8")).text
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]


def test_a_path_that_cannot_be_written_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", "alexnet", "--hw", "arm_a53", "--html", str(tmp_path / "none" / "r.html")]) == 1
    printed = capsys.readouterr()
    assert "latency" in printed.out
    assert "cannot be written" in printed.err and "\n" not in printed.err.strip()
    assert list(tmp_path.iterdir()) == []


def test_a_long_network_stays_a_light_page() -> None:
    html = page(costsim.analyze(long_network(), "arm_a53"))
    assert len(payload(html)["data"]["ops"]) > 1700
    assert len(html.encode()) < 6e6


def test_a_long_network_is_planned_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("costsim.report.page.whatif.MOST_OPS_REPLANNED", 20)
    net = NetBuilder("long chain")
    x = net.input(1, 8, 16, 16)
    for _ in range(21):
        x = net.conv(x, 8, 1)
    html = page(costsim.analyze(net.graph, "embedded_buffer"))
    assert [v["name"] for v in payload(html)["whatif"]["variants"]] == ["as it is"]
    assert "planned once" in " ".join(Tags(html).text)


def test_check_writes_its_findings_and_limits(tmp_path: Path) -> None:
    report = tmp_path / "check.html"
    limits = ["--assert", "latency_ms < 1us", "--assert", "macs > 1"]
    assert run(["check", "mlperf_tiny_mobilenet", "--hw", "arm_a53", *limits, "--html", str(report)]) == 3
    text = " ".join(Tags(report.read_text(encoding="utf-8")).text)
    assert "'latency_ms < 1us' does not hold" in text and "'macs > 1' holds" in text
    findings = check(costsim.analyze("mlperf_tiny_mobilenet", "arm_a53").simulation)
    assert findings
    for finding in findings:
        assert finding.message in text
        assert finding.instruction in text
