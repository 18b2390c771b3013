"""The comparison page: the numbers of its analyses, once, with names that are only names."""

from __future__ import annotations

from pathlib import Path

import pytest

from costsim import NetBuilder
from costsim.cli import run
from costsim.compare import compare
from costsim.report.page.compared_charts import compared_charts, compared_data
from costsim.report.page.compared_page import page

NETWORKS, DEVICES = ("alexnet", "mobilenet_v2_1x"), ("arm_a53", "stm32n6")


def test_shares_and_differences_add_up() -> None:
    comparison = compare(NETWORKS, DEVICES)
    data = compared_data(comparison)
    for run_ in data["runs"]:
        assert sum(r["share"] for r in data["shares"] if r["run"] == run_["run"]) == pytest.approx(1, rel=1e-3)
    for index, difference in enumerate(comparison.differences):
        parts_ms = sum(r["ms"] for r in data[f"difference{index}"])
        assert parts_ms == pytest.approx(difference.difference_ms, rel=1e-2)
    assert len(compared_charts(data, {})) == 3 + len(comparison.differences)


def test_the_page_lists_every_run_once(tmp_path: Path) -> None:
    report = tmp_path / "c.html"
    assert run(["compare", *NETWORKS, "--hw", "arm_a53", "--html", str(report)]) == 0
    html = report.read_text(encoding="utf-8")
    for network in NETWORKS:
        assert html.count(f'<th scope="row"><bdi>{network}</bdi></th>') == 1


def test_names_are_only_names() -> None:
    net = NetBuilder("<script>alert(1)</script>")
    net.conv(net.input(1, 3, 32, 32), 4, 3)
    html = page(compare([net.graph, "alexnet"], ["arm_a53"]))
    assert "<script>alert" not in html and "&lt;script&gt;alert(1)" in html


def test_a_bad_path_still_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", *NETWORKS, "--hw", "arm_a53", "--html", str(tmp_path / "none" / "c.html")]) == 1
    assert "alexnet" in capsys.readouterr().out
