"""Damaged networks by the seed: whatever is done to a file, one clear line or a graph, and within seconds.

A mutation knows the structure of what it damages: ops take the name of others, attributes absurd numbers, wires other
ends, tensors other shapes and types. A few hundred run each time, a hundred thousand in the slow set.
"""

from __future__ import annotations

import random
import re
import time
import zipfile
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from costsim.errors import MOST, CostsimError
from costsim.importers import load_network
from tests.importers.test_fuzz import NUMBERS, WORDS, param_lines, small_json, small_onnx
from tests.importers.test_onnx_control import FOREVER, counted, scalar
from tests.importers.test_onnx_weights import ints, node, weight
from tests.importers.test_tflite_kinds import counted as counted_steps
from tests.importers.test_tflite_kinds import recurrence
from validation.tflite_files import small_network as small_tflite

onnx = pytest.importorskip("onnx")
from onnx import helper  # noqa: E402

LONGEST_S = 5.0
"""Of processor time for one file."""

SMALL = [number for number in NUMBERS if -(2**63) <= number < 2**63]
PARAMS = ("mobilenet_v3", "squeezenet", "nanodet_m", "yolov4-tiny", "blazeface")
LAYERS = ("GLU", "Focus", "Convolution", "Gemm", "Tile", "SDPA", "Slice", "Reshape", "Crop", "MultiHeadAttention")


def with_control() -> Any:
    """A loop, a sequence and an op whose size depends on the data."""
    nodes = [
        node("Loop", ["three", "yes", "x"], ["a"], body=counted(FOREVER)),
        node("SplitToSequence", ["a", "part"], ["s"], axis=1),
        node("SequenceAt", ["s", "first"], ["p"]),
        node("Conv", ["p", "v"], ["q"]),
        node("NonZero", ["q"], ["n"]),
        node("Cast", ["n"], ["y"], to=1),
    ]
    stored = [scalar("three", np.int64(3)), scalar("yes", True), weight("w", 3, 3, 3, 3), weight("v", 2, 2, 1, 1)]
    stored += [ints("part", [1, 2]), ints("first", 1)]
    given, made = (helper.make_tensor_value_info(n, 1, s) for n, s in (("x", [1, 3, 8, 8]), ("y", None)))
    opsets = [helper.make_opsetid(domain, version) for domain, version in (("", 17), ("com.microsoft", 1))]
    return helper.make_model(helper.make_graph(nodes, "net", [given], [made], stored), opset_imports=opsets)


def all_ops() -> list[tuple[str, str]]:
    """(domain, op) of everything that is read."""
    from costsim.importers.onnx.control import CONTROL
    from costsim.importers.onnx.items import ITEM_OPS
    from costsim.importers.onnx.ops import DOMAINS

    named = [(domain, op) for domain, ops in DOMAINS.items() for op in ops]
    return [*named, *(("", op) for op in (*ITEM_OPS, *CONTROL))]


def damaged_onnx(rng: random.Random, folder: Path) -> Any:
    model = onnx.ModelProto()
    model.CopyFrom(rng.choice([small_onnx, with_control])())
    for _ in range(rng.randint(1, 4)):
        rng.choice([other_attribute, other_tensor, other_wire, other_op, no_node, other_input, other_count])(
            rng, model.graph
        )
    return model


def other_attribute(rng: random.Random, graph: Any) -> None:
    attributes = [a for n in graph.node for a in n.attribute]
    attribute = rng.choice(attributes) if attributes else None
    if attribute is not None and attribute.ints:
        attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(SMALL)
    elif attribute is not None:
        attribute.i = rng.choice(SMALL)
        attribute.type = rng.choice([attribute.type, rng.randrange(15)])


def other_tensor(rng: random.Random, graph: Any) -> None:
    tensor = rng.choice(list(graph.initializer))
    what = rng.randrange(3)
    if what == 0 and tensor.dims:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(SMALL)
    elif what == 1:
        tensor.raw_data = rng.randbytes(rng.randrange(40))
    else:
        tensor.data_type = rng.randrange(30)


def other_wire(rng: random.Random, graph: Any) -> None:
    reader = rng.choice([n for n in graph.node if n.input] or [graph.node.add()])
    names = [name for n in graph.node for name in (*n.input, *n.output)] + [t.name for t in graph.initializer] + [""]
    if reader.input:
        reader.input[rng.randrange(len(reader.input))] = rng.choice(names)


def other_op(rng: random.Random, graph: Any) -> None:
    if graph.node:
        chosen = rng.choice(list(graph.node))
        chosen.domain, chosen.op_type = rng.choice(all_ops())


def no_node(rng: random.Random, graph: Any) -> None:
    if len(graph.node) > 1:
        graph.node.remove(rng.choice(list(graph.node)))


def other_input(rng: random.Random, graph: Any) -> None:
    dims = graph.input[0].type.tensor_type.shape.dim
    dims[rng.randrange(len(dims))].dim_value = rng.choice(SMALL)


def other_count(rng: random.Random, graph: Any) -> None:
    reader = rng.choice(list(graph.node)) if graph.node else None
    if reader is not None and reader.input and rng.random() < 0.5:
        del reader.input[-1]
    elif reader is not None:
        reader.input.append(rng.choice([t.name for t in graph.initializer]))


def damaged_param(rng: random.Random, folder: Path) -> Any:
    lines = [line.split() for line in param_lines(rng.choice(PARAMS))]
    for _ in range(rng.randint(1, 3)):
        words = rng.choice([line for line in lines if line])
        at = rng.randrange(len(words))
        key, equals, _ = words[at].partition("=")
        number = str(rng.choice(NUMBERS))
        words[at] = rng.choice([f"{key}{equals}{number}" if equals else number, *WORDS, *LAYERS])
    path = folder / "net.param"
    path.write_text("\n".join(" ".join(words) for words in lines))
    return path


def damaged_bytes(rng: random.Random, whole: bytes, path: Path) -> Path:
    data = bytearray(whole)
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(data) or 1), rng.randint(1, 30)
        what = rng.randrange(10)
        if what < 6 and data:
            data[at] = rng.randrange(256)
        elif what < 8:
            del data[at : at + length]
        elif what < 9:
            data[at:at] = data[at : at + length]
        else:
            del data[at:]
    path.write_bytes(bytes(data))
    return path


@cache
def small_program() -> bytes:
    """A saved program of torch, with an open batch, a norm and a recurrence."""
    torch = pytest.importorskip("torch")
    from torch import nn

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.maps = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
            self.steps, self.last = nn.GRU(16, 5, batch_first=True), nn.Linear(5, 2)

        def forward(self, x: Any) -> Any:
            return self.last(self.steps(self.maps(x).mean(2))[0])

    sizes = ({0: torch.export.Dim("n", min=2, max=8)},)
    torch.export.save(
        torch.export.export(Net().eval(), (torch.zeros(2, 3, 16, 16),), dynamic_shapes=sizes), made := BytesIO()
    )
    return made.getvalue()


def damaged_program(rng: random.Random, folder: Path) -> Path:
    """Numbers and words of its graph exchanged, or bytes of any part."""
    with zipfile.ZipFile(BytesIO(small_program())) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    texts = [name for name in parts if name.endswith("model.json")]
    for _ in range(rng.randint(1, 3)):
        name = rng.choice(texts * 40 + list(parts))
        found = list(re.finditer(rb'-?\d+|"[^"]*"|true|null', parts[name]))
        if found and name in texts:
            at, other = rng.sample(found, 2)
            written = str(rng.choice(NUMBERS)).encode() if at.group()[:1].isdigit() else other.group()
            parts[name] = parts[name][: at.start()] + written + parts[name][at.end() :]
        else:
            parts[name] = damaged_bytes(rng, parts[name], folder / "part").read_bytes()
    with zipfile.ZipFile(folder / "net.pt2", "w") as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return folder / "net.pt2"


@cache
def with_loop() -> bytes:
    return recurrence(counted_steps()).finish()


DAMAGE = {
    "onnx": damaged_onnx,
    "param": damaged_param,
    "json": lambda rng, folder: damaged_bytes(rng, small_json(), folder / "net.json"),
    "tflite": lambda rng, folder: damaged_bytes(rng, rng.choice([small_tflite, with_loop])(), folder / "net.tflite"),
}
SLOW_DAMAGE = {**DAMAGE, "program": damaged_program}
"""With what takes torch a tenth of a second and more to read."""


def check(kind: str, seed: int, count: int, folder: Path) -> None:
    """Load so many damaged files; each is a graph or one short line, and quick."""
    rng = random.Random(seed)
    for number in range(count):
        source = SLOW_DAMAGE[kind](rng, folder)
        began = time.process_time()
        try:
            assert len(load_network(source)) > 1
        except CostsimError as error:
            assert str(error), (seed, number)
            assert "\n" not in str(error), (seed, number)
            assert len(str(error)) <= MOST, (seed, number)
        assert time.process_time() - began < LONGEST_S, (seed, number)


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_few_hundred_damaged_files(kind: str, tmp_path: Path) -> None:
    check(kind, seed=0, count=60, folder=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 4))
def test_damaged_programs(seed: int, tmp_path: Path) -> None:
    check("program", seed, count=300, folder=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("seed", range(1, 6))
def test_a_hundred_thousand_damaged_files(kind: str, seed: int, tmp_path: Path) -> None:
    check(kind, seed, count=5_000, folder=tmp_path)
