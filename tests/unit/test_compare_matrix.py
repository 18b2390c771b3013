"""Many networks on many devices: one screen of text, one of the page, and pictures."""

from __future__ import annotations

from itertools import combinations

import pytest

from costsim.compare import compare
from costsim.report.page.compared_matrix import compared_matrix, multiples
from costsim.report.pictures.compared_plots import save_compared_plots
from costsim.report.verbs.compared import text, to_markdown

NETWORKS = (
    "shufflenet_v2_1x",
    "mobilenet_v1_1x",
    "mobilenet_v2_1x",
    "resnet18",
    "mobilenet_v3_large",
    "squeezenet_1_1",
)
DEVICES = ("rpi4b", "rpi5", "gtx_1080ti", "kirin_970", "nvdla")


@pytest.fixture(scope="module")
def comparison():
    return compare(NETWORKS, DEVICES)


def test_six_networks_on_five_devices_are_one_screen(comparison):
    lines = text(comparison, width=80).splitlines()
    assert len(lines) <= 20 + len(list(combinations(NETWORKS, 2)))
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("shufflenet_v2_1x") for line in lines) <= 2


def test_a_pair_has_one_line_and_only_where_it_is_told_apart_both_ways(comparison):
    flipped = {frozenset((flip.faster_here, flip.faster_there)) for flip in comparison.flips}
    lines = compared_matrix(comparison)["flips"]
    assert len(lines) == len(flipped) > 0
    for line in lines:
        less, rest = line.split(" is ahead of ")
        more, where = rest.split(" only on ")
        for hw in where.split(", "):
            times = (comparison.analyses[name, hw].latency_ms for name in (less, more))
            assert next(times) < next(times)


def test_multiples_are_of_any_network_and_say_what_is_too_near(comparison):
    found = multiples(comparison)
    for first in NETWORKS:
        for row, network in enumerate(NETWORKS):
            for column, hw in enumerate(DEVICES):
                ratio = comparison.analyses[network, hw].latency_ms / comparison.analyses[first, hw].latency_ms
                assert float(found[first][row][column].lstrip("~ ")) == pytest.approx(ratio, abs=0.006)
    assert any(cell.startswith("~") for rows in found.values() for row in rows for cell in row)


def test_the_fastest_of_a_device_is_white_and_the_slowest_darkest(comparison):
    rows = compared_matrix(comparison)["rows"]
    for column in range(len(DEVICES)):
        cells = sorted((row["cells"][column] for row in rows), key=lambda cell: cell["ms"])
        heats = [cell["heat"] for cell in cells]
        assert heats == sorted(heats) and (heats[0], heats[-1]) == (0, 1)


def test_markdown_and_pictures(comparison, tmp_path):
    assert to_markdown(comparison).count("\n| shufflenet\\_v2\\_1x |") == 1
    written = save_compared_plots(comparison, tmp_path)
    assert {path.name for path in written} == {"matrix.png", "matrix.svg", "latencies.png", "latencies.svg"}
    assert "kirin_970" in (tmp_path / "matrix.svg").read_text(encoding="utf-8")
