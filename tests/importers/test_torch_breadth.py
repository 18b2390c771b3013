"""Networks of other people by family, on the meta device, against torch's counter and the sum of their parameters."""

from __future__ import annotations

import pytest

from costsim.importers import load_network
from tests.importers.test_torch import counted_by_torch, pytorchcv

torch = pytest.importorskip("torch")

FAMILIES = [
    ("shufflenetv2", "shufflenetv2_w1"),
    ("alexnet", "alexnet"),
    ("bninception", "bninception"),
    ("condensenet", "condensenet74_c4_g4"),
    ("darknet53", "darknet53"),
    ("densenet", "densenet121"),
    ("dla", "dla34"),
    ("efficientnet", "efficientnet_b0"),
    ("fbnet", "fbnet_cb"),
    ("ghostnet", "ghostnet"),
    ("hardnet", "hardnet39ds"),
    ("igcv3", "igcv3_w1"),
    ("menet", "menet108_8x1_g3"),
    ("mixnet", "mixnet_s"),
    ("mnasnet", "mnasnet_a1"),
    ("mobilenetv3", "mobilenetv3_large_w1"),
    ("peleenet", "peleenet"),
    ("proxylessnas", "proxylessnas_cpu"),
    ("regnet", "regnetx002"),
    ("resnext", "resnext50_32x4d"),
    ("seresnet", "seresnet50"),
    ("squeezenet", "squeezenet_v1_1"),
    ("vovnet", "vovnet39"),
    ("bagnet", "bagnet17"),
    ("resnesta", "resnestabc14"),
    ("sharesnet", "sharesnet18"),
    ("densenet_cifar", "densenet40_k12_cifar10"),
    ("preresnet", "preresnet18"),
    ("ibnresnet", "ibn_resnet50"),
    ("dpn", "dpn68"),
    ("squeezenext", "sqnxt23_w1"),
    ("shufflenet", "shufflenet_g3_w1"),
    ("spnasnet", "spnasnet"),
    ("efficientnetedge", "efficientnet_edge_small_b"),
    ("diracnetv2", "diracnet18v2"),
    ("fishnet", "fishnet99"),
    ("airnet", "airnet50_1x64d_r2"),
    ("selecsls", "selecsls42b"),
    ("rir_cifar", "rir_cifar10"),
    ("tresnet", "tresnet_m"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("file", "name"), FAMILIES)
def test_a_family_counts_as_torch_counts(file: str, name: str) -> None:
    size = 32 if "cifar" in name else 224
    net = pytorchcv(file, name).to("meta")
    graph = load_network(net, (3, size, size))
    assert (graph.total_macs, graph.total_params) == counted_by_torch(net, torch.zeros(1, 3, size, size, device="meta"))
    assert not graph.unknown
    assert not graph.notes
