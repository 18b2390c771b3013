"""Torch modules, through torch.export and through ONNX, against torch's own counter and fvcore."""

from __future__ import annotations

import importlib
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import onnx
import pytest

from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.graph import layers as L
from costsim.importers import load_network

torch = pytest.importorskip("torch")
nn = torch.nn

FEW = [("shufflenetv2", "shufflenetv2_w1", 224)]

MANY = [
    ("alexnet", "alexnet", 224),
    ("bninception", "bninception", 224),
    ("condensenet", "condensenet74_c4_g4", 224),
    ("darknet53", "darknet53", 224),
    ("densenet", "densenet121", 224),
    ("dla", "dla34", 224),
    ("efficientnet", "efficientnet_b0", 224),
    ("fbnet", "fbnet_cb", 224),
    ("ghostnet", "ghostnet", 224),
    ("hardnet", "hardnet39ds", 224),
    ("hrnet", "hrnet_w18_small_v1", 224),
    ("igcv3", "igcv3_w1", 224),
    ("inceptionv3", "inceptionv3", 299),
    ("menet", "menet108_8x1_g3", 224),
    ("mixnet", "mixnet_s", 224),
    ("mnasnet", "mnasnet_a1", 224),
    ("mobilenetv3", "mobilenetv3_large_w1", 224),
    ("peleenet", "peleenet", 224),
    ("proxylessnas", "proxylessnas_cpu", 224),
    ("regnet", "regnetx002", 224),
    ("resnext", "resnext50_32x4d", 224),
    ("seresnet", "seresnet50", 224),
    ("squeezenet", "squeezenet_v1_1", 224),
    ("vovnet", "vovnet39", 224),
    ("xception", "xception", 299),
]


@contextmanager
def quiet() -> Iterator[None]:
    """Exporters warn of their own future; that is not what is tested here."""
    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


def pytorchcv(file: str, name: str) -> Any:
    models = pytest.importorskip("pytorchcv.models")
    return getattr(importlib.import_module(f"{models.__name__}.{file}"), name)().eval()


def exported(net: Any, x: Any) -> onnx.ModelProto:
    """The module as ONNX, with batch norms unfolded so that its parameters are all there."""
    buffer = io.BytesIO()
    with quiet():
        mode = torch.onnx.TrainingMode.PRESERVE
        torch.onnx.export(net, (x,), buffer, dynamo=False, training=mode, do_constant_folding=False, opset_version=17)
    return onnx.load_from_string(buffer.getvalue())


def counted_by_torch(net: Any, x: Any) -> tuple[int, int]:
    """(multiply-accumulates, parameters) by torch itself."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(x)
    return counter.get_total_flops() // 2, sum(p.numel() for p in net.parameters())


def check_against_torch(file: str, name: str, size: int) -> tuple[Any, Any, LayerGraph]:
    net, x = pytorchcv(file, name), torch.zeros(1, 3, size, size)
    for parameter in net.parameters():  # the exporter writes tensors of equal values once: norms of untrained modules
        torch.nn.init.normal_(parameter)
    graph = load_network(net, (3, size, size))
    through_onnx = load_network(exported(net, x))
    for found in (graph, through_onnx):
        assert (found.total_macs, found.total_params) == counted_by_torch(net, x)
        assert not found.unknown
        assert not found.notes
    return net, x, graph


@pytest.mark.parametrize(("file", "name", "size"), FEW)
def test_modules_count_as_torch_counts(file: str, name: str, size: int) -> None:
    check_against_torch(file, name, size)


@pytest.mark.slow
@pytest.mark.parametrize(("file", "name", "size"), MANY)
def test_many_modules_count_as_torch_and_fvcore_count(file: str, name: str, size: int) -> None:
    net, x, graph = check_against_torch(file, name, size)
    fvcore = pytest.importorskip("fvcore.nn")
    with quiet():
        analysis = fvcore.FlopCountAnalysis(net, x).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        by_op = analysis.by_operator()
    assert graph.total_macs == by_op["conv"] + by_op["linear"] + by_op["matmul"]


def test_submodules_become_blocks_and_shuffles_are_found_again() -> None:
    graph = load_network(pytorchcv("shufflenetv2", "shufflenetv2_w1"), (3, 224, 224), 2)
    unit = [node for node in graph if node.block == "features.stage1.unit2"]
    assert [node.layer.op for node in unit if node.layer.op in ("channel_shuffle", "concat")] == [
        "concat",
        "channel_shuffle",
    ]
    assert {"features.stage1.unit2.dw_conv2", "features.stage1.unit2.c_shuffle"} <= {node.name for node in unit}
    assert graph.input_shape == (2, 3, 224, 224)


def test_the_module_is_left_as_it_was() -> None:
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Dropout(0.5))
    net.train()
    net[1].eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    graph = load_network(net, (3, 8, 8))
    assert [net.training, net[0].training, net[1].training] == [True, True, False]
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert [node.layer.op for node in graph] == ["input", "conv", "batch_norm", "dropout"]


class Branches(nn.Module):
    """Ops models write as functions, operators and in place."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, 16))
        self.proj = nn.Conv2d(3, 16, 4, stride=4)
        self.norm = nn.LayerNorm(16)
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True)
        self.head = nn.Linear(16, 5, bias=False)

    def forward(self, x: Any) -> Any:
        y = self.proj(x).flatten(2).transpose(1, 2)
        y = torch.cat([self.token.expand(len(y), -1, -1), y], dim=1)
        z = self.norm(y)
        y = y + self.attention(z, z, z, need_weights=False)[0]
        y += 1
        return self.head(torch.nn.functional.silu(y)[:, 0]).softmax(-1)


def test_a_transformer_written_by_hand() -> None:
    net = Branches().eval()
    graph = load_network(net, (3, 16, 16))
    tokens, width = 17, 16
    products = 2 * tokens * tokens * width  # torch's counter does not see the fused kernel
    projections = 16 * 48 * width + 4 * tokens * width * width + width * 5
    assert graph.total_macs == projections + products
    assert graph.total_params == sum(p.numel() for p in net.parameters())
    assert not graph.unknown
    assert [n.layer for n in graph if isinstance(n.layer, L.Constant)] == [L.Constant((1, 1, 16))]


def test_local_response_norm_is_one_layer() -> None:
    graph = load_network(nn.Sequential(nn.Conv2d(3, 8, 3), nn.LocalResponseNorm(5)), (3, 8, 8))
    assert [(node.name, node.layer) for node in graph][2:] == [("1", L.LRN(5))]


def test_a_region_that_only_sets_a_mode_is_looked_into() -> None:
    class Precise(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3)

        def forward(self, x: Any) -> Any:
            with torch.autocast(device_type="cpu", enabled=False):
                x = self.conv(x.float())
            return x.relu()

    graph = load_network(Precise(), (3, 8, 8))
    assert [(node.name, node.layer.op) for node in graph][1:] == [("conv", "conv"), ("relu", "relu")]


def test_parameters_inside_other_weights_count_once() -> None:
    class Standardised(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.gain = nn.Conv2d(3, 8, 3, bias=False), nn.Parameter(torch.ones(8, 1, 1, 1))

        def forward(self, x: Any) -> Any:
            return nn.functional.conv2d(x, self.conv.weight * self.gain)

    graph = load_network(Standardised(), (3, 8, 8))
    assert graph.total_params == 8 * 27 + 8
    assert not graph.notes


def test_a_view_that_its_reader_broadcasts_is_no_copy() -> None:
    class Normalised(nn.Module):
        def forward(self, x: Any) -> Any:
            return nn.functional.normalize(x, dim=1)

    graph = load_network(Normalised(), (100, 8, 8))
    assert not graph.unknown
    assert "concat" not in {node.layer.op for node in graph}


def test_an_op_without_a_model_is_kept() -> None:
    class Gamma(nn.Module):
        def forward(self, x: Any) -> Any:
            return torch.lgamma(x)

    graph = load_network(Gamma(), (3, 8, 8))
    assert [node.layer for node in graph.unknown] == [L.Unknown("aten.lgamma.default", (1, 3, 8, 8))]


@pytest.mark.parametrize(
    ("module", "size", "message"),
    [
        (nn.Conv2d(3, 8, 3), None, "Conv2d: a module does not know its input; give input_size="),
        (nn.Conv2d(3, 8, 3), (4, 8, 8), "Conv2d: cannot be traced: .*channels"),
        (nn.Linear(3, 8), (3, 8, 8), "Linear: cannot be traced"),
    ],
)
def test_what_cannot_be_traced_is_said_in_one_line(module: Any, size: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_network(module, size)
    assert "\n" not in str(caught.value)


def test_a_saved_program_is_read(tmp_path: Any) -> None:
    with quiet():
        program = torch.export.export(nn.Conv2d(3, 8, 3), (torch.zeros(2, 3, 8, 8),))
        torch.export.save(program, tmp_path / "net.pt2")
        assert load_network(tmp_path / "net.pt2").outputs[0].shape == (2, 8, 6, 6)
        assert load_network(program).input_shape == (2, 3, 8, 8)
    (tmp_path / "bad.pt2").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"bad\.pt2: not a saved program"):
        load_network(tmp_path / "bad.pt2")
