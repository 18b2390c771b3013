"""Comparisons: differences add up, parts are aligned, ranks that flip are found and explained."""

from __future__ import annotations

import json

import pytest

from costsim import NetBuilder
from costsim.compare import compare, parts
from costsim.errors import InputError
from costsim.networks import build

NETWORKS = ("shufflenet_v2_1x", "mobilenet_v1_0.5x")


def test_contributions_add_up_to_the_difference():
    result = compare(NETWORKS, ["rpi4b", "nvdla"])
    assert len(result.differences) == 2
    for d in result.differences:
        first, second = (result.analyses[name, d.hw].latency_ms for name in NETWORKS)
        assert d.difference_ms == pytest.approx(second - first)
        assert sum(c.difference_ms for c in d.contributions) == pytest.approx(d.difference_ms)
        assert sum(d.parts.values()) == pytest.approx(d.difference_ms)
        assert sum(d.op_classes.values()) == pytest.approx(d.difference_ms)


def test_widths_of_one_family_are_aligned_by_block_and_families_by_map():
    record = {"block": "stage3.unit1", "output_shape": [1, 116, 14, 14]}
    assert parts(build("shufflenet_v2_1x"), build("shufflenet_v2_2x"))(record) == "stage3"
    assert parts(build("shufflenet_v2_1x"), build("mobilenet_v1_1x"))(record) == "14x14"


def test_a_network_without_blocks_is_aligned_by_map():
    net = NetBuilder("flat")
    net.classifier(net.conv_bn(net.conv_bn(net.input(1, 3, 32, 32), 16, 3, stride=2), 32, 3, stride=2))
    result = compare(["shufflenet_v2_0.5x", net.graph], ["rpi4b"])
    assert {"16x16", "8x8"} <= set(result.differences[0].parts)


def test_a_flip_is_two_orders_and_says_why():
    result = compare(["mobilenet_v2_0.6x", "shufflenet_v1_g3_1x"], ["rpi4b", "gtx_1080ti"])
    latency = {key: analysis.latency_ms for key, analysis in result.analyses.items()}
    here = latency["mobilenet_v2_0.6x", "rpi4b"] < latency["shufflenet_v1_g3_1x", "rpi4b"]
    there = latency["mobilenet_v2_0.6x", "gtx_1080ti"] < latency["shufflenet_v1_g3_1x", "gtx_1080ti"]
    assert len(result.flips) == (here != there)
    for flip in result.flips:
        assert latency[flip.faster_here, flip.here] < latency[flip.faster_there, flip.here]
        assert latency[flip.faster_there, flip.there] < latency[flip.faster_here, flip.there]
        assert "bound" in flip.why


def test_one_device_has_no_flips():
    assert not compare(NETWORKS, ["rpi4b"]).flips


def test_text_and_json(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = run("compare", *NETWORKS, "--hw", "rpi4b", "rpi5")
    assert (code, err) == (0, "")
    assert "rpi5" in out
    assert max(len(line) for line in out.splitlines()) <= 80
    _, out, _ = run("compare", *NETWORKS, "--hw", "rpi4b", "--hw", "rpi5", "--batch", "2", "--format", "json")
    document = json.loads(out)
    assert document["devices"] == ["rpi4b", "rpi5"]
    assert len(document["totals"]) == 4
    assert document["differences"][0]["summary"].startswith("mobilenet_v1_0.5x takes")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("shufflenet_v2_1x", "shufflenet_v2_1x", "--hw", "rpi4b"), "given twice"),
        (("shufflenet_v2_1x", "--hw", "rpi4b"), "nothing to be compared with"),
        ((*NETWORKS, "--hw", "rpi4b", "rpi4b"), "given twice"),
        ((*NETWORKS, "--hw", "rpi4b", "rpi9"), "unknown hardware"),
        ((*NETWORKS,), "--hw"),
    ],
)
def test_bad_input_is_one_line(run, arguments, says):
    code, _, err = run("compare", *arguments)
    assert code == 1
    assert says in err
    assert len(err.splitlines()) == 1


def test_two_names_of_one_network_are_one_network():
    with pytest.raises(InputError, match="another name of"):
        compare([build("shufflenet_v2_1x"), "shufflenet_v2_1x"], ["rpi4b"])
