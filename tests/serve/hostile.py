"""Files and names that somebody may upload to harm or to spy: every maker gives the name and the bytes of one."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

from costsim.exporters.onnx import onnx_model
from costsim.importers.json import to_dict
from costsim.networks import build
from validation.tflite_files import FileBuilder

SUFFIXES = (".onnx", ".tflite", ".param", ".json")
PARAM = b"""7767517
3 3
Input in 0 1 in 0=32 1=32 2=3
Convolution c 1 1 in mid 0=8 1=3 4=1 5=1 6=216
ReLU r 1 1 mid out
"""

File = tuple[str, bytes]


def sound() -> dict[str, bytes]:
    """One small network in every format."""
    graph = build("mlperf_tiny_ds_cnn")
    lite = FileBuilder()
    lite.add("CONV_2D", [lite.input(1, 8, 8, 3), lite.weight(4, 3, 3, 3)], (1, 8, 8, 4), options="Conv2DOptions",
             StrideH=1, StrideW=1)  # fmt: skip
    return {
        ".onnx": onnx_model(graph).SerializeToString(),
        ".json": json.dumps(to_dict(graph)).encode(),
        ".param": PARAM,
        ".tflite": lite.finish(),
    }


def places(secret: Path, url: str) -> list[str]:
    """Ways to name a file that is not the visitor's, or an address of another machine."""
    up = "../" * 12
    return [
        str(secret), f"{up}{str(secret)[1:]}", f"file://{secret}", f"//{secret}", f"./{up}{secret}", f"{url}/x.onnx",
        "/etc/passwd", f"{up}etc/passwd", "/proc/self/environ", "/dev/zero", "/dev/stdin", "..\\..\\etc\\passwd",
        "~/.ssh/id_rsa", "$HOME/x", "`id`", f"{secret}\0.json", "", ".", "..", "a" * 5000,
    ]  # fmt: skip


def spying(secret: Path, url: str) -> Iterator[File]:
    """Files that ask whoever reads them to open another file, and names that are paths."""
    for number, place in enumerate(places(secret, url)):
        for at in ("initializer", "constant", "branch", "sparse"):
            yield f"outside-{at}-{number}.onnx", external_data(place, at)
        yield f"source-{number}.json", json.dumps(naming(place)).encode()
        yield f"named-{number}.param", f"7767517\n1 1\nInput {place} 0 1 in 0={place}\n".encode()
        yield f"{place}.onnx", b"x"
        for suffix in SUFFIXES:
            yield f"archive-{number}{suffix}", zipped(place, str(secret))
            yield f"tape-{number}{suffix}", taped(place, str(secret))


def external_data(place: str, at: str) -> bytes:
    """A network that needs values kept in another file, for the shape it makes of its input."""
    shape = TensorProto(name="shape", data_type=TensorProto.INT64, dims=[2], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", place), ("offset", "0"), ("length", "16")):
        shape.external_data.add(key=key, value=value)
    reshape = helper.make_node("Reshape", ["x", "shape"], ["y"])
    nodes, held, sparse = [reshape], [shape], []
    if at == "constant":
        nodes, held = [helper.make_node("Constant", [], ["shape"], value=shape), reshape], []
    elif at == "branch":
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
        inner = helper.make_graph([reshape], "inner", [], [y], initializer=[shape])
        truth = helper.make_tensor("truth", TensorProto.BOOL, [], [True])
        nodes, held = [helper.make_node("If", ["truth"], ["y"], then_branch=inner, else_branch=inner)], [truth]
    elif at == "sparse":
        places_in = helper.make_tensor("places", TensorProto.INT64, [2], [0, 1])
        nodes, held, sparse = [reshape], [], [helper.make_sparse_tensor(shape, places_in, [2])]
    return _model(nodes, held, sparse)


def _model(nodes: list[Any], held: list[Any], sparse: list[Any] | None = None) -> bytes:
    graph = helper.make_graph(
        nodes,
        "main",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        initializer=held,
        sparse_initializer=sparse,
    )
    return onnx.helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()


def naming(place: str) -> dict[str, Any]:
    """A network in costsim's own format with a path wherever text may stand."""
    layers: list[dict[str, Any]] = [
        {"name": place, "type": "Input", "block": place, "inputs": [], "options": {"shape": [1, 3, 8, 8]}},
        {"name": "c", "type": "Activation", "block": place, "inputs": [place], "options": {}},
    ]
    return {
        "format": "costsim network", "schema_version": 1, "name": place, "source": place, "notes": [place],
        "file": place, "$ref": place, "layers": layers,
    }  # fmt: skip


def zipped(place: str, target: str) -> bytes:
    """An archive with a member that would be written to ``place``, and one that is a link."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(place.replace("\0", "") or "empty", "x")
        link = zipfile.ZipInfo("link.onnx")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, target)
    return held.getvalue()


def taped(place: str, target: str) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            link = tarfile.TarInfo(place.replace("\0", "")[:90] or "empty")
            link.type, link.linkname = kind, target
            archive.addfile(link)
    return held.getvalue()


def exhausting() -> Iterator[File]:
    """Files that are small and stand for more than a machine has."""
    huge = 1 << 40
    values = helper.make_tensor("shape", TensorProto.INT64, [2], [huge, huge])
    yield "filled.onnx", _model([helper.make_node("ConstantOfShape", ["shape"], ["y"])], [values])
    yield "spread.onnx", _model([helper.make_node("Expand", ["x", "shape"], ["y"])], [values])
    yield "tiled.onnx", _model([helper.make_node("Tile", ["x", "shape"], ["y"])], [values])
    ends = [helper.make_tensor(n, TensorProto.INT64, [], [v]) for n, v in (("a", 0), ("b", huge), ("c", 1))]
    yield "counted.onnx", _model([helper.make_node("Range", ["a", "b", "c"], ["y"])], ends)
    yield "turning.onnx", _endless_loop(huge)
    wide = TensorProto(name="shape", data_type=TensorProto.FLOAT, dims=[huge, huge, huge])
    yield "promised.onnx", _model([helper.make_node("Add", ["x", "shape"], ["y"])], [wide])
    yield "nested.json", b"[" * 200_000
    yield "named.json", b'{"' + b"a" * 5_000_000 + b'": 1}'
    yield "number.json", b'{"format": "costsim network", "schema_version": ' + b"9" * 100_000 + b"}"
    yield "layers.json", json.dumps(_long(8000)).encode()
    yield "wide.json", json.dumps(_wide(10**15)).encode()
    yield "count.param", b"7767517\n999999999 999999999\nInput in 0 1 in 0=9999999999 1=9999999999 2=9999999999\n"
    yield "blobs.param", b"7767517\n1 1\nSplit s 1 999999999 a b\n"
    yield "bomb.json", gzip.compress(b" " * 50_000_000)
    yield "table.tflite", b"\x1c\0\0\0TFL3" + b"\xff\xff\xff\x7f" * 200
    yield "itself.tflite", b"\x08\0\0\0TFL3" + b"\x04\0\0\0" * 200


def _endless_loop(times: int) -> bytes:
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Relu", ["v"], ["w"])],
        "body",
        [helper.make_tensor_value_info(n, t, s) for n, t, s in
         (("i", TensorProto.INT64, []), ("go", TensorProto.BOOL, []), ("v", TensorProto.FLOAT, [4, 4]))],
        [helper.make_tensor_value_info(n, t, s) for n, t, s in
         (("on", TensorProto.BOOL, []), ("w", TensorProto.FLOAT, [4, 4]))],
    )  # fmt: skip
    held = [
        helper.make_tensor("n", TensorProto.INT64, [], [times]),
        helper.make_tensor("t", TensorProto.BOOL, [], [True]),
    ]
    return _model([helper.make_node("Loop", ["n", "t", "x"], ["y"], body=body)], held)


def _long(layers: int) -> dict[str, Any]:
    tree = naming("n")
    tree["layers"] += [
        {"name": f"l{i}", "type": "Activation", "block": "b", "inputs": [f"l{i - 1}" if i else "c"], "options": {}}
        for i in range(layers)
    ]
    return tree


def _wide(side: int) -> dict[str, Any]:
    tree = naming("n")
    tree["layers"][0]["options"]["shape"] = [side, side, side, side]
    return tree


def damaged(number: int) -> Iterator[File]:
    """Sound files with a few bytes changed, cut off, doubled or under another's name."""
    seeds, dice = sound(), random.Random(0)
    changes: tuple[Callable[[bytearray], bytes], ...] = (
        lambda content: bytes(content),
        lambda content: bytes(content[: dice.randrange(len(content))]),
        lambda content: bytes(content * 2),
        lambda content: bytes(content[dice.randrange(len(content)) :]),
    )
    for _ in range(number):
        kind = dice.choice(SUFFIXES)
        content = bytearray(seeds[kind])
        for _ in range(dice.randint(1, 30)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        name = kind if dice.random() < 0.9 else dice.choice(SUFFIXES)
        yield f"n{name}", dice.choice(changes)(content)
