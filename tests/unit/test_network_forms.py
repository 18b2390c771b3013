"""One network in several forms: trained and deployed, with and without the papers' variants."""

import pytest

from costsim.graph.layers import Conv2d, ScatterAdd
from costsim.networks import build


def pruned_macs(graph):
    """Of the 1x1 convolutions that CondenseNet prunes: of a dense layer's first, and of its reactivation."""
    return sum(
        graph.loop_nest(node).macs
        for node in graph
        if isinstance(node.layer, Conv2d) and node.layer.kernel == (1, 1) and not node.block.endswith(".se")
    )


@pytest.mark.parametrize(("letter", "millions"), [("a", 167.0), ("b", 585.6), ("c", 2543.5)])
def test_index_layer_as_matrix_product_costs_what_nobody_counted(letter, millions):
    scattered, multiplied = build(f"condensenet_v2_{letter}"), build(f"condensenet_v2_{letter}", index_matmul=True)
    assert round((multiplied.total_macs - scattered.total_macs) / 1e6, 1) == millions
    assert multiplied.total_params == scattered.total_params
    assert build(f"condensenet_v2_{letter}_index_matmul").total_macs == multiplied.total_macs


def test_scatter_add_costs_at_most_one_addition_per_value():
    graph = build("condensenet_v2_c")
    for node in graph:
        if isinstance(node.layer, ScatterAdd):
            n, c, h, w = graph.input_shapes(node)[0]
            assert graph.loop_nest(node).macs == 0
            assert graph.loop_nest(node).other_flops == n * c * h * w


@pytest.mark.parametrize("name", ["condensenet_74_g4", "condensenet_74_g8", "condensenet_v2_a", "sfr_shufflenet_v2_1x"])
def test_deployed_form_drops_all_but_one_in_g_of_the_pruned_weights(name):
    deployed, masked = build(name), build(f"{name}_masked")
    groups = next(node.layer.groups for node in deployed if node.layer.op in ("channel_shuffle",))
    kept, trained = pruned_macs(deployed), pruned_macs(masked)
    if name.startswith("sfr"):  # its other 1x1 convolutions are not pruned
        untouched = pruned_macs(build("shufflenet_v2_1x"))
        kept, trained = kept - untouched, trained - untouched
    assert trained == groups * kept
    assert {"scatter_add", "index_select"}.isdisjoint(node.layer.op for node in masked)


def test_shufflenet_v2_variants_change_what_they_say():
    plain = build("shufflenet_v2_1x")
    operations = {
        suffix: build(f"shufflenet_v2_1x_{suffix}") for suffix in ("residual", "se", "se_residual", "detection")
    }
    ops = {suffix: [node.layer.op for node in graph] for suffix, graph in operations.items()}
    units, basic_units = 16, 13
    assert operations["residual"].total_macs == plain.total_macs
    assert ops["residual"].count("add") == ops["se_residual"].count("add") == basic_units
    assert ops["se"].count("mul") == ops["se_residual"].count("mul") == units
    depthwise = (("detection", operations["detection"]), ("plain", plain))
    counts = {name: sum(g.loop_nest(n).c_in_per_group == 1 for n in g if n.layer.op == "conv") for name, g in depthwise}
    assert counts["detection"] - counts["plain"] == units


@pytest.mark.parametrize(
    "name",
    [
        "mobilenet_v2_0.15x", "igcv2_1x", "igcv3_d_0.7x", "light_xception_1x", "densenet_small_1x",
        "shufflenet_v2_2x_se", "sfr_shufflenet_v2_1x", "vargnet_v1_1x", "vargnet_v2_2x", "mobilenet_v3_small",
        "light_head_rcnn_shufflenet_v2_1x", "cityscapes_panoptic_depth_vargnet_v1_1x", "kitti_depth_vargnet_v1_1x",
        "face_vargnet_v1_1x",
    ],
)  # fmt: skip
def test_what_was_never_published_is_said(name):
    notes = " ".join(build(name).notes)
    assert any(word in notes for word in ("published", "prints", "printed", "names", "found", "gives", "released"))
