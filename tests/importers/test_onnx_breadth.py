"""A hundred networks of timm, torchvision and pytorchcv at the ONNX door, written in one of six ways each.

Multiply-accumulates are those of torch's own counter on the module, or those of the file as onnxruntime runs it where
its exporter left some out; what runtimes fold is named in a note with its number. Every tenth network runs on all
profiles, the others on a tenth of them each: on any it is priced, or refused in one line.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import costsim
from costsim.errors import CostsimError
from costsim.importers import load_network
from tests.importers.judge import macs_by_running
from tests.importers.test_breadth import NAMES, built, counted, said
from tests.importers.test_torch import quiet

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

pytestmark = pytest.mark.slow

LARGEST = 384
"""Pixels of a side; a larger image says nothing new and takes minutes to export."""


def legacy(net: Any, x: Any, file: Path, **options: Any) -> None:
    """By the exporter that traces, as most files of today were made."""
    with quiet(), torch.no_grad():
        torch.onnx.export(net, (x,), file, dynamo=False, opset_version=17, input_names=["image"], **options)


def open_axes(net: Any, x: Any, file: Path) -> None:
    legacy(net, x, file, dynamic_axes={"image": {0: "batch", 2: "height", 3: "width"}})


def simplified(net: Any, x: Any, file: Path) -> None:
    onnxsim = pytest.importorskip("onnxsim")
    legacy(net, x, file)
    onnx.save(onnxsim.simplify(onnx.load(file))[0], file)


def half(net: Any, x: Any, file: Path) -> None:
    float16 = pytest.importorskip("onnxruntime.transformers.float16")
    legacy(net, x, file)
    onnx.save(float16.convert_float_to_float16(onnx.load(file)), file)


def quantised(net: Any, x: Any, file: Path) -> None:
    """Static int8 between QuantizeLinear and DequantizeLinear, scales by channel."""
    quantization = pytest.importorskip("onnxruntime.quantization")
    legacy(net, x, file)
    images = iter([{"image": np.random.default_rng(0).random(x.shape, np.float32)}])
    reader = type("Images", (quantization.CalibrationDataReader,), {"get_next": lambda self: next(images, None)})()
    to_int8 = dict.fromkeys(("weight_type", "activation_type"), quantization.QuantType.QInt8)
    quantization.quantize_static(file, file, reader, per_channel=True, **to_int8)


def exported(net: Any, x: Any, file: Path) -> None:
    """By the exporter that goes through torch.export."""
    pytest.importorskip("onnxscript")
    with quiet():
        torch.onnx.export(net, (x,), file, dynamo=True, external_data=False, verbose=False)


WAYS: tuple[Callable[[Any, Any, Path], None], ...] = (legacy, open_axes, quantised, simplified, half, exported)


def backwards(line: list[str]) -> str:
    """A name from its end: neighbours in this order are of different families."""
    return line[1].rpartition("/")[2][::-1]


SMALL = [line for line in NAMES if len(sizes := line[2].split("x")) == 3 and max(map(int, sizes)) <= LARGEST]
CHOSEN = [(*line, WAYS[i % len(WAYS)], i) for i, line in enumerate(sorted(SMALL, key=backwards)[::2])]


def test_there_are_a_hundred_and_all_ways() -> None:
    assert len(CHOSEN) >= 100
    assert {way for *_, way, _ in CHOSEN} == set(WAYS)


@pytest.mark.parametrize(
    ("package", "name", "size", "way", "number"), CHOSEN, ids=[f"{row[1]}-{row[3].__name__}" for row in CHOSEN]
)
def test_a_file_counts_as_torch_counts_the_network(
    package: str, name: str, size: str, way: Callable[[Any, Any, Path], None], number: int, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    net = built(package, name).eval().requires_grad_(False)
    shape = tuple(int(length) for length in size.split("x"))
    file = tmp_path / "net.onnx"
    try:
        macs = counted(net, shape)
    except (NotImplementedError, RuntimeError):  # its code reads values, which torch's counter has none of here
        macs = 0
    try:
        way(net, torch.rand(1, *shape), file)
    except Exception as error:  # exporters raise what they meet
        pytest.skip(f"not written by its exporter: {str(error).splitlines()[0][:80]}")
    graph = load_network(file, shape if way is open_axes else None)
    found = graph.total_macs + said(graph.notes, "multiply-accumulates of")
    if found != macs:  # its exporter left out what no output needs, or computed what constants decide: the file is run
        macs = macs_by_running(file, (1, *shape))
    assert found == macs
    assert not [note for note in graph.notes if "reach no layer" in note or "none that" in note]
    profiles = sorted(costsim.profile_names())
    for hardware in profiles if number % 10 == 0 else profiles[number % 10 :: 10]:
        try:
            costsim.analyze(graph, hardware)
        except CostsimError as error:
            assert "\n" not in str(error)
            assert len(str(error)) <= 300
