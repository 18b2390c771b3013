"""Whole systems: backbones taken from the zoo, heads held to published counts."""

import pytest

from costsim.graph import NetBuilder
from costsim.graph.layers import Conv2d
from costsim.networks import build
from costsim.networks.backbone import WIDE_HEAD, attach_backbone


def params(graph, *, without=(), block=""):
    return sum(graph.params(node) for node in graph if node.layer.op not in without and node.block.startswith(block))


def test_faster_rcnn_has_the_parameters_of_torchvisions():
    """41,755,286 with 91 classes and frozen batch norm, whose scale and shift are no parameters there."""
    graph = build("faster_rcnn_fpn_resnet50", classes=91)
    assert params(graph, without=("batch_norm",)) == 41_755_286


def test_proposal_weights_are_counted_once_and_read_on_every_level():
    graph = build("faster_rcnn_fpn_shufflenet_v2_1x")
    first, *others = (params(graph, block=f"rpn.level{level}") for level in range(1, 6))
    assert first == 256 * 256 * 9 + 256 + (256 + 1) * 3 + (256 + 1) * 12
    assert others == [0] * 4
    assert graph.loop_nest(graph["rpn.level5.conv_1"]).weight_elems == 256 * 256 * 9 + 256


def test_kitti_decoder_has_the_parameters_of_monodepth2s():
    assert params(build("kitti_depth_resnet18"), block="decoder") == 3_152_724


def test_stereo_doubles_only_the_first_convolution():
    mono, stereo = build("kitti_depth_vargnet_v1_1x"), build("kitti_stereo_vargnet_v1_1x")
    assert stereo.input_shape == (1, 6, 192, 640)
    assert stereo.total_params - mono.total_params == 3 * 32 * 9


def test_face_network_ends_in_a_7x7_map_and_256_features():
    graph = build("face_vargnet_v2_1x")
    first = next(node for node in graph if isinstance(node.layer, Conv2d))
    assert first.layer.stride == (1, 1)
    assert graph["embedding.batch_norm_1"].shape == (1, 1024, 7, 7)
    assert [node.shape for node in graph.outputs] == [(1, 256)]


@pytest.mark.parametrize(
    "backbone", ["shufflenet_v2_1x", "densenet121", "condensenet_v2_a", "vargnet_v1_1x", "ghostnet"]
)
def test_backbone_is_the_network_without_its_head(backbone):
    net = NetBuilder("test")
    maps = attach_backbone(net, net.input(1, 3, 224, 224), backbone)
    whole = build(backbone)
    head = sum(whole.loop_nest(node).macs for node in whole if node.block.split(".")[0] in WIDE_HEAD)
    assert net.graph.total_macs == whole.total_macs - head
    assert {stride: y.h for stride, y in maps.items() if stride >= 4} == {4: 56, 8: 28, 16: 14, 32: 7}


def test_maps_are_taken_where_no_branch_is_open():
    """At stride 8, what the stride-16 stage reads; not the wider tensors inside its units."""
    net = NetBuilder("test")
    maps = attach_backbone(net, net.input(1, 3, 224, 224), "shufflenet_v2_1x")
    assert {stride: y.c for stride, y in maps.items() if stride >= 4} == {4: 24, 8: 116, 16: 232, 32: 464}


@pytest.mark.parametrize("size", [(801, 1333), (320, 320), (77, 190)])
def test_detectors_take_any_image_size(size):
    graph = build("faster_rcnn_fpn_mobilenet_v1_1x", input_shape=(1, 3, *size))
    padded = next(node for node in graph if node.layer.op == "pad").shape
    assert all(side % 32 == 0 and 0 <= side - given < 32 for side, given in zip(padded[2:], size, strict=True))
    assert build("faster_rcnn_fpn_mobilenet_v1_1x").with_input(1, 3, *size).total_macs == graph.total_macs


def test_more_proposals_cost_more_in_the_box_head_only():
    few, many = (build("light_head_rcnn_shufflenet_v2_1x", proposals=count) for count in (100, 1000))
    per_roi = 490 * 2048 + 2048 * (81 + 4)
    assert many.total_macs - few.total_macs == 900 * per_roi
