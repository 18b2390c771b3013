"""Each tool's rule reproduces what the tool printed, to the last printed digit."""

import pytest

from costsim.conventions import CONVENTIONS, exact
from costsim.networks import build

NETWORKS = ("shufflenet_v2_1x_torchvision", "mobilenet_v2_1x", "resnet50", "densenet121")

# what each tool printed for torchvision's definitions of these four, in millions
PRINTED = {
    "exact": (144.908, 300.774, 4089.184, 2834.162),
    "ptflops_aten": (144.909, 300.775, 4089.185, 2834.163),
    "torchinfo": (144.925, 300.809, 4089.238, 2834.246),
    "torchprofile": (146.859, 307.454, 4100.300, 2850.006),
    "fvcore": (148.808, 314.193, 4111.513, 2865.547),
    "onnx_tool": (149.075, 319.949, 4117.342, 3184.546),
    "ptflops": (152.388, 320.300, 4132.437, 2899.843),
    "thop": (152.709, 327.487, 4133.743, 2897.007),
}

GLOBAL_POOL = {"shufflenet_v2_1x_torchvision": 49 * 1024, "mobilenet_v2_1x": 49 * 1280, "densenet121": 49 * 1024}
"""Inputs of the global pooling that torchvision calls as a function (in ShuffleNetV2 as ``Tensor.mean``)."""

# operations a tool misses because global pooling is not a module there
MISSED = {
    ("fvcore", "shufflenet_v2_1x_torchvision"): GLOBAL_POOL["shufflenet_v2_1x_torchvision"],
    ("onnx_tool", "shufflenet_v2_1x_torchvision"): 4 * 1024,  # exported as ReduceMean, whose division it leaves out
    ("ptflops", "shufflenet_v2_1x_torchvision"): 2 * GLOBAL_POOL["shufflenet_v2_1x_torchvision"],
    ("ptflops", "mobilenet_v2_1x"): GLOBAL_POOL["mobilenet_v2_1x"],  # seen once instead of twice
    ("ptflops", "densenet121"): 2 * GLOBAL_POOL["densenet121"],
    ("thop", "shufflenet_v2_1x_torchvision"): 50 * 1024,
    ("thop", "mobilenet_v2_1x"): 50 * 1280,
    ("thop", "densenet121"): 50 * 1024,
}


@pytest.mark.parametrize("tool", PRINTED)
@pytest.mark.parametrize("network", NETWORKS)
def test_convention_reproduces_the_tool(tool, network):
    printed = PRINTED[tool][NETWORKS.index(network)]
    counted = CONVENTIONS[tool](build(network)) - MISSED.get((tool, network), 0) / 1e6
    assert round(counted, 3) == printed


def test_every_convention_states_its_rule_and_user():
    for name, convention in CONVENTIONS.items():
        assert convention.name == name
        assert convention.rule.endswith(".")
        assert convention.used_by


def test_exact_is_the_graphs_own_count():
    graph = build("alexnet")
    assert exact(graph) == graph.total_macs
