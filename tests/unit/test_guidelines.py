"""What the guidelines find in the papers' networks, and what prices may never do."""

from __future__ import annotations

import pytest

from costsim import LayerGraph, NetBuilder, Network, RunConfig, analyze, load_profile, profile_names
from costsim.errors import DoesNotFitError
from costsim.graph import layers as L
from costsim.guidelines import Finding, check, guideline_ids, pricing
from costsim.guidelines.base import Case, Suspicion
from costsim.guidelines.channel_ratio import channel_ratio
from costsim.guidelines.pricing import apply_findings
from costsim.guidelines.regions import regions
from costsim.simulate import simulate

PAPER = ("G1", "G2", "G3", "G4")

# widths at 40, 140, 300 and 500 M multiply-accumulates (ShuffleNetV2, Table 8)
BUDGETS = {
    "shufflenet_v1": [f"shufflenet_v1_g3_{width}x" for width in ("0.5", "1", "1.5", "2")],
    "shufflenet_v2": [f"shufflenet_v2_{width}x" for width in ("0.5", "1", "1.5", "2")],
    "mobilenet_v1": [f"mobilenet_v1_{width}x" for width in ("0.25", "0.5", "0.75", "1")],
    "mobilenet_v2": [f"mobilenet_v2_{width}x" for width in ("0.4", "0.6", "1", "1.4")],
}

EXPECTED = {
    "shufflenet_v1": {"G1", "G2", "G3", "G4"},
    "mobilenet_v2": {"G1", "G4"},
    "mobilenet_v1": set(),
    # its own: split, concatenation and shuffle where no runtime joins them, two branches at stride 2
    "shufflenet_v2": {"G3", "G4"},
}
"""What Section 4 of the paper says they break."""


def findings(network: str, hw: str) -> tuple[list[Finding], float]:
    profile = load_profile(hw)
    simulation = simulate(Network(network).graph, profile, RunConfig.of(profile))
    return check(simulation), float(simulation.costs.latency_s.sum()) * 1e3


@pytest.mark.parametrize("family", BUDGETS)
def test_findings_name_what_the_paper_names(family):
    for network in BUDGETS[family]:
        found, _ = findings(network, "arm_a53")
        assert {f.id for f in found} & set(PAPER) == EXPECTED[family], network


@pytest.mark.parametrize("hw", profile_names())
@pytest.mark.parametrize("network", ["shufflenet_v1_g3_1x", "mobilenet_v2_1x"])
def test_prices_sum_to_no_more_than_the_latency(network, hw):
    try:
        found, latency_ms = findings(network, hw)
    except DoesNotFitError:
        pytest.skip(f"{network} does not fit {hw}")
    assert found
    assert sum(f.cost_ms or 0.0 for f in found) <= latency_ms
    costs = [f.cost_ms if f.cost_ms is not None else -1.0 for f in found]
    assert costs == sorted(costs, reverse=True)
    assert all(f.cost_ms is None or 0 <= f.cost_low_ms <= f.cost_ms <= f.cost_high_ms for f in found)


def test_severity_is_the_share_of_the_latency():
    found, latency_ms = findings("shufflenet_v1_g3_1x", "rpi4b")
    shares = [(f.cost_ms or 0.0) / latency_ms for f in found]
    words = ["warning" if share >= 0.05 else "note" if share >= 0.005 else "none" for share in shares]
    assert [f.severity for f in found] == words
    assert set(words) == {"warning", "note", "none"}


@pytest.mark.parametrize("network", ["shufflenet_v1_g3_1x", "mobilenet_v2_1x", "shufflenet_v2_1x"])
def test_no_finding_promises_what_the_model_does_not_predict(network):
    profile = load_profile("arm_a53")
    simulation = simulate(Network(network).graph, profile, RunConfig.of(profile))
    before_ms = float(simulation.costs.latency_s.sum()) * 1e3
    priced = [f for f in check(simulation) if f.cost_ms and f.edit]
    assert priced
    for finding in priced:
        changed = apply_findings(simulation.graph, [finding])
        after_ms = float(simulate(changed, profile, simulation.run).costs.latency_s.sum()) * 1e3
        assert finding.cost_ms <= (before_ms - after_ms) * (1 + 1e-9)
        assert changed.total_macs == pytest.approx(simulation.graph.total_macs, rel=0.01)
        assert [n.shape for n in changed.outputs] == [n.shape for n in simulation.graph.outputs]


def test_findings_are_applied_one_after_the_other():
    found, _ = findings("shufflenet_v1_g3_1x", "arm_a53")
    graph = Network("shufflenet_v1_g3_1x").graph
    by_key = {f.key: f for f in found}
    changed = apply_findings(graph, [by_key["G4@stage3"], by_key["G2@stage3"]])
    assert len(changed) < len(graph)
    assert "accuracy is not known" in changed.notes[-1]


def test_a_message_is_the_first_sentence_of_the_rule_with_the_evidence_in_it():
    found, _ = findings("shufflenet_v1_g8_1x", "arm_a53")
    finding = next(f for f in found if f.id == "G2")
    assert "up to 8 groups" in finding.message
    assert finding.evidence["groups"] == 8
    assert finding.record()["evidence"]["access_ratio"] > 1


def test_only_the_named_guidelines_run():
    profile = load_profile("arm_a53")
    simulation = simulate(Network("shufflenet_v1_g3_1x").graph, profile, RunConfig.of(profile))
    assert {f.id for f in check(simulation, only=["G2"])} == {"G2"}
    assert set(PAPER) < set(guideline_ids())


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("mobilenet_v2_1x", ["conv1", "stage1", "stage2"]),
        ("mobilenet_v1_1x", ["conv1-pair1", "pair2-pair3", "pair4-pair5", "pair6-pair11", "pair12-pair13"]),
    ],
)
def test_parts_are_stages_or_runs_of_equal_maps(network, expected):
    assert [region.name for region in regions(Network(network).graph)][: len(expected)] == expected


def test_a_network_without_blocks_is_told_apart_by_its_maps():
    net = NetBuilder("flat")
    x = net.conv_bn(net.input(1, 3, 32, 32), 16, 3, stride=2)
    x = net.conv_bn(net.depthwise_bn(x), 64)
    net.conv_bn(x, 128, 3, stride=2)
    assert [region.name for region in regions(net.graph)] == ["16x16", "8x8"]


def ids(graph: LayerGraph | str, hw: str, **settings: str) -> dict[str, float]:
    """Cost of each guideline's findings."""
    profile = load_profile(hw, settings)
    simulation = simulate(Network(graph).graph, profile, RunConfig.of(profile))
    costs: dict[str, float] = {}
    for finding in check(simulation):
        costs[finding.id] = costs.get(finding.id, 0.0) + (finding.cost_ms or 0.0)
    return costs


def test_ops_of_the_host_are_f1s_and_only_where_there_is_a_host():
    on_host = ids("shufflenet_v2_0.5x", "edge_tpu")
    assert on_host["F1"] > 0
    assert "F1" not in ids("shufflenet_v2_0.5x", "gtx_1080ti")
    assert "F1" not in ids("mobilenet_v1_0.25x", "edge_tpu")


def test_a_large_buffer_leaves_nothing_to_say_about_it():
    small, large = (ids("mobilenet_v1_0.5x", "npu", **{"memory.onchip.size": size}) for size in ("64 KiB", "64 MiB"))
    assert small["V1"] + small.get("V3", 0.0) > 0
    assert not {"V1", "V3"} & set(large)


def pointwise_stack(width: int) -> LayerGraph:
    net = NetBuilder(f"stack_{width}")
    x = net.input(1, width, 28, 28)
    with net.block("body"):
        for _ in range(4):
            x = net.conv_bn(x, width)
    with net.block("head"):
        net.classifier(x, 10)
    return net.graph


def test_full_tiles_are_not_mentioned_and_one_channel_too_many_costs():
    assert "Q1" not in ids(pointwise_stack(32), "npu")
    assert ids(pointwise_stack(33), "npu")["Q1"] > 0  # 33 of 48 channels in tiles of 16


def test_equal_widths_and_dense_layers_are_clean():
    assert not {"G1", "G2", "G3", "G4", "V2"} & set(ids(pointwise_stack(32), "arm_a53"))


def test_depthwise_blocks_are_unbalanced_and_dense_ones_are_not():
    assert "V2" in ids("mobilenet_v1_0.25x", "npu")
    assert "V2" not in ids("resnet18", "npu")


@pytest.mark.parametrize(("channels", "is_told"), [(64, False), (80, True)])
def test_a_block_is_unbalanced_from_eight_times_the_intensity_on(channels, is_told):
    """A depthwise kernel of 3 x 3 has 9 multiply-accumulates an element, a 1x1 convolution its output channels."""
    net = NetBuilder("pair")
    x = net.conv(net.input(1, channels, 14, 14), channels, 3, groups=channels)
    net.conv(x, channels)
    assert ("V2" in ids(net.graph, "npu")) == is_told


def test_an_analysis_leaves_out_what_would_take_minutes_and_says_so(monkeypatch):
    few, many = (analyze("shufflenet_v2_0.5x", hw) for hw in ("rpi4b", "npu"))
    monkeypatch.setattr("costsim.guidelines.pricing.MOST_PLANNED_OPS", 20)
    assert few.to_dict()["guidelines"]
    assert many.to_dict()["guidelines"] is None
    assert "costsim check" in many.to_dict()["unknown"]["guidelines"]


def test_the_share_of_g4_is_that_of_the_ops_it_names() -> None:
    """A batch norm that stands alone cannot be edited away: it is of the class, and not of the sentence."""
    net = NetBuilder("norms")
    x = net.conv(net.input(1, 32, 56, 56), 32, 3)
    net.graph.add(L.GroupNorm(8), x.name, name="norm")
    net.graph.add(L.Activation("swish"), "norm", name="act")
    profile = load_profile("rpi4b")
    simulation = simulate(net.graph, profile, RunConfig.of(profile))
    (finding,) = [f for f in check(simulation) if f.id == "G4"]
    took = {label.op: s for label, s in zip(simulation.ops.labels, simulation.costs.latency_s[:, 0], strict=True)}
    assert finding.evidence["op_ms"] == pytest.approx({"swish": took["swish"] * 1e3})
    assert finding.evidence["share"] == pytest.approx(took["swish"] / sum(took.values()))
    both = took["swish"] + took["group_norm"]
    assert finding.evidence["class_share"] == pytest.approx(both / sum(took.values()))


def told_by(monkeypatch, *saved_s: float, network: str = "shufflenet_v2_1x") -> tuple[list[Finding], float]:
    """Findings of a guideline that claims these savings for one and the same op, and what that op takes."""
    profile = load_profile("rpi4b")
    simulation = simulate(Network(network).graph, profile, RunConfig.of(profile))
    name = simulation.ops.labels[0].name

    def greedy(case):
        """It would save time."""
        for number, seconds in enumerate(saved_s):
            yield Suspicion(f"claim {number}", (name,), {}, saved_s=lambda seconds=seconds: seconds)

    monkeypatch.setattr(pricing, "guideline", lambda rule_id: greedy)
    return check(simulation, only=["X1"]), float(simulation.costs.latency_s[0, 0]) * 1e3


def test_no_finding_costs_more_than_its_ops_take(monkeypatch):
    (finding,), takes_ms = told_by(monkeypatch, 60.0)
    assert finding.cost_ms == pytest.approx(takes_ms)
    assert finding.evidence["changed_ms"] == 0.0


def test_findings_on_one_op_share_its_time(monkeypatch):
    found, takes_ms = told_by(monkeypatch, 60.0, 60.0)
    assert [finding.cost_ms for finding in found] == pytest.approx([takes_ms / 2] * 2)
    assert [finding.evidence["alone_ms"] for finding in found] == pytest.approx([takes_ms] * 2)


@pytest.mark.parametrize(("head", "names"), [(2, ["body.early", "body.late", "head"]), (6, ["body", "head"])])
def test_a_part_that_holds_most_of_the_network_is_opened(head, names):
    graph = LayerGraph("parts")
    graph.add(L.Input((1, 4, 8, 8)), name="0")
    blocks = [*["body.early"] * 2, *["body.late"] * 2, *["head"] * head]
    for number, block in enumerate(blocks, start=1):
        graph.add(L.Conv2d(4, 1), str(number - 1), name=str(number), block=block)
    assert [region.name for region in regions(graph)] == names


@pytest.mark.parametrize(("c_in", "c_out", "found"), [(128, 128, 0), (96, 192, 0), (64, 256, 1)])
def test_channel_ratios_of_two_are_tolerated_and_of_four_told(c_in, c_out, found):
    """Over large maps they access 1.06 and 1.25 times the least."""
    net = NetBuilder("one")
    x = net.conv(net.input(1, 3, 112, 112), c_in, 3)
    net.conv(x, c_out, 1)
    case = Case(simulate(net.graph, load_profile("rpi4b"), RunConfig("fp32")))
    assert len(list(channel_ratio(case))) == found
