"""Models of timm, torchvision and pytorchcv with random weights: through networkx and back, and through verify."""

from __future__ import annotations

import importlib
import json
import warnings
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

import costsim
from tests.importers.torchvision_models import model
from validation.torchvision_operators import declare_box_operators

torch = pytest.importorskip("torch")
update_bn = torch.optim.swa_utils.update_bn

PYTORCHCV = [
    ("alexnet", "alexnet"), ("bninception", "bninception"), ("condensenet", "condensenet74_c4_g4"),
    ("darknet53", "darknet53"), ("densenet", "densenet121"), ("dla", "dla34"),
    ("efficientnet", "efficientnet_b0"), ("fbnet", "fbnet_cb"), ("ghostnet", "ghostnet"),
    ("hardnet", "hardnet39ds"), ("igcv3", "igcv3_w1"), ("menet", "menet108_8x1_g3"),
    ("mixnet", "mixnet_s"), ("mnasnet", "mnasnet_a1"), ("mobilenetv3", "mobilenetv3_large_w1"),
    ("peleenet", "peleenet"), ("proxylessnas", "proxylessnas_cpu"), ("regnet", "regnetx002"),
    ("resnext", "resnext50_32x4d"), ("seresnet", "seresnet50"), ("shufflenet", "shufflenet_g3_w1"),
    ("shufflenetv2", "shufflenetv2_w1"), ("squeezenet", "squeezenet_v1_1"), ("vovnet", "vovnet39"),
    ("bagnet", "bagnet9"), ("preresnet", "preresnet18"), ("ibnresnet", "ibn_resnet50"),
    ("dpn", "dpn68"), ("squeezenext", "sqnxt23_w1"), ("selecsls", "selecsls42b"),
]  # fmt: skip
TIMM = [
    ("resnet26t", 64), ("mobilenetv3_small_100", 64), ("ghostnetv2_100", 64), ("convnext_atto", 64),
    ("convnextv2_atto", 64), ("mobilevit_xxs", 64), ("swin_tiny_patch4_window7_224", 224),
    ("vit_tiny_patch16_224", 224), ("deit_tiny_patch16_224", 224), ("inception_v3", 299), ("repvgg_a0", 64),
    ("hrnet_w18_small", 64), ("mixer_s16_224", 224), ("cspresnet50", 64), ("fastvit_t8", 64), ("efficientvit_b0", 64),
    ("poolformer_s12", 64), ("edgenext_xx_small", 64), ("starnet_s1", 64), ("mobilenetv4_conv_small", 64),
]  # fmt: skip
TORCHVISION = [
    ("alexnet", 64), ("vgg11_bn", 64), ("resnet18", 64), ("resnext50_32x4d", 64), ("mobilenet_v2", 64),
    ("mnasnet0_5", 64), ("regnet_y_400mf", 64), ("shufflenet_v2_x0_5", 64), ("squeezenet1_0", 64),
    ("lraspp_mobilenet_v3_large", 64),
]  # fmt: skip
MODELS = [
    *(("pytorchcv", f"{file}.{name}", 224) for file, name in PYTORCHCV),
    *(("timm", name, size) for name, size in TIMM),
    *(("torchvision", name, size) for name, size in TORCHVISION),
]

FROM_FILES = [row for row in MODELS if row[0] == "pytorchcv"]
"""Models that are written to ONNX files by torch's exporter and read from there."""


def module(library: str, name: str, size: int) -> Any:
    """A model with random weights; statistics of its batch norms are those of two images, as training leaves them.

    Otherwise values grow from layer to layer, and rounding with them.
    """
    declare_box_operators()
    pytest.importorskip(library)
    torch.manual_seed(0)
    if library == "torchvision":
        made = model(name)
    elif library == "timm":
        made = importlib.import_module("timm").create_model(name)
    else:
        file, _, name = name.partition(".")
        made = getattr(importlib.import_module(f"pytorchcv.models.{file}"), name)()
    update_bn([torch.randn(2, 3, size, size)], made)
    return made.eval()


@pytest.mark.slow
@pytest.mark.parametrize(("library", "name", "size"), MODELS)
def test_counts_and_outputs_of_a_model_are_those_of_torch(library: str, name: str, size: int) -> None:
    found = costsim.verify(module(library, name, size), input_size=(3, size, size))
    assert found.counts_agree, str(found)
    outputs = found.outputs
    assert outputs is not None, found.outputs_missing
    assert outputs.agrees, (outputs.first_off, outputs.largest)
    assert outputs.of_results is not None and outputs.of_results <= 1e-4
    assert len(outputs.taken) <= 0.05 * len(found.checks), outputs.taken


@pytest.mark.slow
@pytest.mark.parametrize(("library", "name", "size"), MODELS)
def test_a_model_costs_what_it_did_through_networkx(library: str, name: str, size: int, tmp_path: Path) -> None:
    graph = costsim.Network(module(library, name, size).to("meta"), input_size=(3, size, size)).graph
    plain = graph.to_networkx()
    before = costsim.analyze(graph, "arm_a53")
    nx.write_graphml(plain, tmp_path / "net.graphml")
    nx.write_gexf(plain, tmp_path / "net.gexf")
    linked = json.loads(json.dumps(nx.node_link_data(plain, edges="edges")))
    for back in (
        plain,
        nx.node_link_graph(linked, edges="edges"),
        nx.read_graphml(tmp_path / "net.graphml"),
        nx.read_gexf(tmp_path / "net.gexf"),
    ):
        after = costsim.analyze(back, "arm_a53")
        assert after.summary == before.summary
        assert after.layer_records == before.layer_records
        assert after.measures == before.measures


@pytest.mark.slow
@pytest.mark.parametrize(("library", "name", "size"), FROM_FILES)
def test_outputs_of_a_file_are_those_of_onnxruntime(library: str, name: str, size: int, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path, made = tmp_path / "net.onnx", module(library, name, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter says that it is an old one
        torch.onnx.export(made, (torch.zeros(1, 3, size, size),), str(path), dynamo=False)
    found = costsim.verify(str(path))
    assert found.counts_agree, str(found)
    assert found.outputs is not None, found.outputs_missing
    assert found.outputs.agrees, (found.outputs.first_off, found.outputs.largest)
    assert found.outputs.of_results is not None
    assert found.outputs.of_results <= max(1e-4, 2 * rounding_of(made, size))


def rounding_of(made: Any, size: int) -> float:
    """How far single precision takes the outputs of a network from double precision, over the largest of them.

    Most stay far below 1e-4; SqueezeNext with random weights comes to 1e-3, in whatever library it runs.
    """
    image = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        single = made(image).double()
        double = made.double()(image.double())
    return float((single - double).abs().max() / double.abs().max())
