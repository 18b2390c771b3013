"""The zoo against a table of exact counts, recounted from the sources the table names."""

import csv
from pathlib import Path

import numpy as np
import pytest

from costsim import Network
from costsim.errors import InputError
from costsim.networks import build, network_names
from costsim.plugins import NETWORKS, load_plugin, plugins

TABLE = Path(__file__).parents[1] / "data" / "networks.csv"

with TABLE.open(newline="") as file:
    ROWS = list(csv.DictReader(file))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['network']}-{row['input_shape']}")
def test_network_matches_its_published_counts(row):
    input_shape = tuple(int(dim) for dim in row["input_shape"].split("x"))
    graph = build(row["network"], input_shape=input_shape)
    assert graph.input_shape == input_shape
    assert round(graph.total_macs / 1e6, 3) == float(row["macs_millions"])
    slopes = sum(graph.params(node) for node in graph if node.layer.op == "prelu")
    params = graph.total_params - slopes  # the table holds weights, biases and batch norm; VarGFaceNet has PReLU too
    assert params / 1e6 == pytest.approx(float(row["params_millions"]), rel=1e-3)


@pytest.mark.parametrize("name", network_names())
def test_network_builds_under_its_own_name(name):
    graph = build(name)
    assert graph.name == name
    assert graph.valid is True
    assert len(graph.outputs) >= 1
    assert graph.total_macs > 0


HOLD_THEIR_SIZE = {"alexnet", "deit", "efficientformer", "efficientformer_v2", "face", "vargfacenet", "vgg", "vit"}
"""Families with parameters a pixel: tables of positions, or fully connected layers over whole maps."""


@pytest.mark.parametrize("prefix", [prefix for prefix in plugins(NETWORKS) if prefix != "mlperf_tiny_autoencoder"])
def test_each_family_stands_at_two_sizes(prefix):
    family = load_plugin(NETWORKS, prefix, "network family")
    name = next(iter(family.variants))
    graph = family.build(name)
    n, c, h, w = graph.input_shape
    larger = family.build(name, input_shape=(n, c, h + 64, w + 64))
    assert larger.total_macs > graph.total_macs
    assert (larger.total_params == graph.total_params) is (prefix not in HOLD_THEIR_SIZE)


@pytest.mark.parametrize("name", ["vit_tiny_patch16", "swin_tiny", "deit_tiny_distilled", "mobilevit_s"])
def test_networks_that_hold_tables_of_one_size_take_another(name):
    for options, shape in (
        ({"input_size": "3x320x320"}, (1, 3, 320, 320)),
        ({"batch": 2}, (2, *build(name).input_shape[1:])),
    ):
        graph = Network(name, **options).graph
        assert graph.input_shape == shape
        assert graph.same_layers(build(name, input_shape=shape))


@pytest.mark.parametrize(
    ("name", "axis", "values"),
    [
        ("mobilenet_v1_1x", "width", (0.25, 0.5, 1.0)),
        ("mobilenet_v2_1x", "width", (0.5, 0.75, 1.4)),
        ("mobilenet_v3_large", "width", (0.75, 1.0, 1.25)),
        ("efficientnet_b0", "width", (1.0, 1.1, 1.2)),
        ("mnasnet_a1", "width", (0.5, 1.0)),
        ("ghostnet", "width", (0.5, 1.0, 1.3)),
        ("igcv2_1x", "width", (0.25, 1.0)),
        ("igcv3_d_1x", "width", (0.7, 1.0, 1.4)),
        ("light_xception_1x", "width", (0.5, 1.0, 2.0)),
        ("densenet121", "growth", (12, 32)),
        ("shufflenet_v1_g3_1x", "width", (0.5, 1.0, 1.5)),
        ("shufflenet_v2_1x", "width", (0.5, 1.0, 1.5)),
        ("sfr_shufflenet_v2_1x", "width", (0.5, 1.0, 1.5)),
        ("vargnet_v1_1x", "width", (0.25, 1.0, 1.5)),
        ("vargnet_v2_1x", "group_channels", (4, 8, 16)),
        ("condensenet_74_g4", "groups", (4, 8)),
        ("condensenet_v2_c", "groups", (4, 8)),
    ],
)
def test_one_topology_describes_a_whole_axis(name, axis, values):
    space = build(name, **{axis: np.array(values)})
    points = [build(name, **{axis: value}) for value in values]
    assert np.all(space.valid)
    assert list(space.total_macs) == [point.total_macs for point in points]
    assert list(space.total_params) == [point.total_params for point in points]


@pytest.mark.parametrize("name", ["alexnet", "densenet121", "mobilenet_v2_1x", "resnet50", "shufflenet_v2_1x"])
def test_one_topology_describes_all_input_sizes(name):
    sides = np.array([192, 224, 256])
    macs = build(name, input_shape=(1, 3, sides, sides)).total_macs
    assert list(macs) == [build(name, input_shape=(1, 3, side, side)).total_macs for side in (192, 224, 256)]


@pytest.mark.parametrize(
    ("name", "option", "message"),
    [
        ("resnet50", {"depth": 51}, "no depth 51 was published; there is 18, 34, 50, 101, 152"),
        (
            "shufflenet_v1_g3_1x",
            {"groups": 5},
            "no width of stage 2 for groups = 5 was published; there is 1, 2, 3, 4, 8",
        ),
        ("mnasnet_a1", {"version": "c1"}, "no version c1 was published; there is a1, b1"),
        ("mobilenet_v2_1x", {"widht": 0.5}, "mobilenet_v2_1x: unknown option 'widht'; did you mean width?"),
        ("mobilenet_v1_1x", {"width": 0.001}, "mobilenet_v1_1x: conv1.conv_1: its output would be empty"),
        ("vargnet_v1_1x", {"input_shape": (1, 4, 0, 0)}, "vargnet_v1_1x: input: its output would be empty"),
    ],
)
def test_options_a_network_cannot_have(name, option, message):
    with pytest.raises(InputError) as error:
        build(name, **option)
    assert str(error.value).startswith(message)


def test_groups_of_shufflenet_are_an_axis():
    space = build("shufflenet_v1_g3_1x", groups=np.array([1, 2, 3, 4, 8]))
    assert list(space.total_macs) == [build(f"shufflenet_v1_g{g}_1x").total_macs for g in (1, 2, 3, 4, 8)]


def test_every_family_is_in_the_manual():
    manual = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
    assert [prefix for prefix in plugins(NETWORKS) if f"`{prefix}" not in manual] == []
