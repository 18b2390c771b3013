"""Comparisons: differences add up, parts are aligned, ranks that flip are found and explained."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from costsim import NetBuilder, analyze
from costsim.cli import run
from costsim.compare import Contribution, Difference, compare, parts, rank_flips
from costsim.compare.measures import ByMeasure, by_measure
from costsim.errors import InputError
from costsim.guidelines import check
from costsim.importers.json import save_network
from costsim.networks import build
from costsim.orders import shared_ms, told_apart
from costsim.units import format_milliseconds

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
    assert len(result.flips) <= (here != there)
    for flip in result.flips:
        assert latency[flip.faster_here, flip.here] < latency[flip.faster_there, flip.here]
        assert latency[flip.faster_there, flip.there] < latency[flip.faster_here, flip.there]
        assert "bound" in flip.why


def flips(times):
    """Of networks a and b on devices x and y, given the milliseconds of their pools and of their convolutions."""

    def analysis(network, hw, pool_ms, conv_ms):
        row = {"block": "", "output_shape": [1, 8, 4, 4], "params": 0, "macs": 0, "mem_access_elems": 0}
        rows = [row | {"op": "max_pool", "op_class": "pooling", "latency_ms": pool_ms, "bound": "dram"}]
        rows += [row | {"op": "conv", "op_class": "spatial conv", "latency_ms": conv_ms, "bound": "arithmetic"}]
        simulation = SimpleNamespace(graph=())
        return SimpleNamespace(
            network=network, hardware=hw, latency_ms=pool_ms + conv_ms, layer_records=rows, simulation=simulation
        )

    analyses = {key: analysis(*key, *parts) for key, parts in times.items()}
    return list(rank_flips(analyses, "ab", "xy"))


def test_ranks_flip_where_each_is_ahead_by_more_than_a_tie():
    flip, *others = flips({("a", "x"): (1, 1), ("b", "x"): (1, 3), ("a", "y"): (2, 2), ("b", "y"): (2, 1)})
    assert not others
    assert (flip.faster_here, flip.here, flip.faster_there, flip.there) == ("a", "x", "b", "y")
    assert flip.why == (
        "spatial conv takes 1 ms in a and 3 ms in b on x (arithmetic bound), "
        "2 ms in a and 1 ms in b on y (arithmetic bound)"
    )


@pytest.mark.parametrize("there", [(2.0, 2.0), (1.99, 2.0), (1.9, 1.9), (2.5, 2.0)])  # equal, too near, the same order
def test_ranks_do_not_flip_on_a_tie_or_in_the_same_order(there):
    assert not flips({("a", "x"): (1, 1), ("b", "x"): (1, 2), ("a", "y"): (2.0, 2.0), ("b", "y"): there})


def test_a_difference_in_words():
    more = Difference(
        "a", "b", "rpi4b", 3.0, (Contribution("56x56", "shuffle", 4.0), Contribution("7x7", "pooling", -1.0))
    )
    assert (
        more.summary
        == "b takes 3 ms more than a on rpi4b: +4 ms from shuffle in 56x56, against -1 ms from pooling in 7x7"
    )
    less = Difference(
        "a", "b", "rpi4b", -2.0,
        (Contribution("7x7", "pooling", -1.5), Contribution("7x7", "shuffle", -0.8), Contribution("stem", "conv", 0.3)),
    )  # fmt: skip
    assert less.summary == (
        "b takes 2 ms less than a on rpi4b: -1.5 ms (75%) from pooling in 7x7, -800 us (40%) from shuffle in 7x7"
    )
    assert Difference("a", "b", "rpi4b", 0.0, ()).summary == "b takes as long as a on rpi4b"


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
        (("--hw", "rpi4b", "rpi5"), "nothing to be compared with"),
        (("shufflenet_v2_1x", "--by-measure", "--hw", "rpi4b", "rpi5"), "no difference to explain"),
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


@pytest.fixture
def commits(tmp_path):
    """One file name in two folders: four blocks, and five."""
    paths = []
    for folder, blocks in (("a", 4), ("b", 5)):
        net = NetBuilder("net")
        x = net.input(1, 3, 64, 64)
        for _ in range(blocks):
            x = net.conv_bn(x, 32, 3)
        net.classifier(x)
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / "net.json")
        save_network(net.graph, paths[-1])
    return [str(path) for path in paths]


def test_one_file_name_in_two_folders_is_two_networks(commits, run, tmp_path):
    result = compare(commits, ["rpi4b"])
    assert result.networks == tuple(commits)
    assert result.differences[0].difference_ms > 0
    page = tmp_path / "page.html"
    code, out, err = run("compare", *commits, "--hw", "rpi4b", "--name", f"old={commits[0]}", "--name",
                         f"new={commits[1]}", "--format", "json", "--html", str(page))  # fmt: skip
    assert code == 0, err
    assert json.loads(out)["networks"] == ["old", "new"]
    assert json.loads(out)["differences"][0]["summary"].startswith("new takes")
    assert "old" in page.read_text()
    code, out, _ = run("compare", commits[1], "--name", f"old={commits[0]}", "--hw", "rpi4b", "--format", "json")
    assert json.loads(out)["networks"] == [commits[1], "old"]


@pytest.mark.parametrize("name", ["old", "=x", "old="])
def test_a_name_that_is_none_is_one_line(run, name):
    code, _, err = run("compare", *NETWORKS, "--hw", "rpi4b", "--name", name)
    assert (code, len(err.splitlines())) == (1, 1)
    assert "--name" in err


def test_two_networks_under_one_name_are_refused(commits):
    with pytest.raises(InputError, match="two networks are called same"):
        compare(commits, ["rpi4b"], names=dict.fromkeys(commits, "same"))


def test_a_flip_speaks_of_layers_that_are_there():
    networks = ("resnet18", "vgg16", "shufflenet_v2_2x", "condensenet_v2_a", "densenet121")
    result = compare(networks, ["rpi4b", "gtx_1080ti"])
    assert result.flips
    for flip in result.flips:
        cause, said = flip.why.split(" takes ", 1)
        pair = (flip.faster_here, flip.faster_there)
        for hw, part in zip((flip.here, flip.there), said.split("bound), "), strict=True):
            assert f"on {hw} (" in part
            for network in pair:
                has = cause in {r["op_class"] for r in result.analyses[network, hw].layer_records}
                assert (f"no time in {network}" in part) == (not has)
        for hw, faster in ((flip.here, flip.faster_here), (flip.there, flip.faster_there)):
            one, other = (result.analyses[name, hw] for name in (faster, next(n for n in pair if n != faster)))
            assert one.latency_ms < other.latency_ms
            assert told_apart(one.latency_ms, other.latency_ms, shared_ms(one.layer_records, other.layer_records))


def test_layers_in_common_make_a_difference_surer():
    assert not told_apart(100.0, 103.0)
    assert told_apart(100.0, 103.0, shared=95.0)
    one, other = (analyze(name, "rpi4b").layer_records for name in ("shufflenet_v2_2x", "shufflenet_v2_2x_se"))
    total = sum(r["latency_ms"] for r in one)
    assert shared_ms(one, one) == pytest.approx(total)
    assert 0.5 * total < shared_ms(one, other) <= total


def test_a_difference_by_the_measures_names_what_explains_it(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    pair, other = by_measure(compare(["shufflenet_v1_g3_1x", "shufflenet_v2_1x", "shufflenet_v2_1.5x"], ["rpi4b"]))
    assert pair.difference_ms == pytest.approx(pair.macs_ms + pair.rest_ms)
    assert pair.measures["group_access_ratio"][1] is None and pair.measures["group_access_ratio"][0] > 1
    assert pair.prices_ms["G2"][0] > 0 == pair.prices_ms["G2"][1]
    assert next(iter(pair.causes)) == "G2" and "G2 (group_access_ratio)" in pair.summary
    found = check(analyze("shufflenet_v1_g3_1x", "rpi4b").simulation)
    assert pair.prices_ms["G2"][0] == pytest.approx(sum(f.cost_ms for f in found if f.id == "G2"))
    assert other.macs_ms > 0
    words = ["compare", "shufflenet_v1_g3_1x", "shufflenet_v2_1x", "--hw", "rpi4b", "--by-measure"]
    assert run(words) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80 and pair.summary in " ".join(out.split())
    assert run([*words, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["differences"][0]["causes_ms"] == pair.causes
    assert run([*words, "--dtype", "fp32", "fp16"]) == 1
    assert "--by-measure" in capsys.readouterr().err


def test_networks_alike_in_their_measures_leave_nothing_to_explain():
    alike = ByMeasure("a", "b", "x", 5.0, 4.9, {}, dict.fromkeys(("G1", "V2"), (1.0, 1.001)))
    assert not alike.causes and "No guideline explains the rest, +100 us" in alike.summary


def test_one_network_is_a_line_a_device(capsys):
    devices = ["rpi4b", "stm32n6"]
    assert run(["compare", "mobilenet_v1_0.25x", "--hw", *devices]) == 0
    lines = capsys.readouterr().out.splitlines()
    for hw in devices:
        analysis = analyze("mobilenet_v1_0.25x", hw)
        line = next(line for line in lines if line.split()[:1] == [hw])
        assert format_milliseconds(analysis.latency_ms) in line
        assert analysis.interval in line
        assert line.split()[-1] == analysis.summary["bound"]
