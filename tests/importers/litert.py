"""LiteRT's interpreter as the judge of what is read from a TFLite file."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from costsim.graph import Tensor
from costsim.importers.tflite.flatfile import read_model
from costsim.importers.tflite.layout import to_file
from costsim.importers.tflite.reader import Reader
from costsim.importers.writer import GraphWriter

Shapes = dict[int, tuple[int, ...]]

BIAS = {"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 2, "TRANSPOSE_CONV": 3}
LEARNED = (np.float32, np.float16, np.int8, np.uint8)


class Judged(NamedTuple):
    """A file as the interpreter has it once every kernel has worked out its output."""

    shapes: Shapes
    macs: int
    params: int


def judge(path: Path, run: bool = False) -> Judged:
    """Load a file and let its kernels work out all shapes; products are counted from these.

    Shapes that the file itself works out, from a batch it leaves open, are known once it was ``run``.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(str(path), experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    if run:
        interpreter.invoke()
    tensors = {d["index"]: d for d in interpreter.get_tensor_details()}
    shapes = {i: tuple(map(int, d["shape"])) for i, d in tensors.items()}
    ops = interpreter._get_ops_details()
    macs = sum(
        _macs(op["op_name"], *([shapes.get(int(i), ()) for i in op[side]] for side in ("inputs", "outputs")))
        for op in ops
    )
    made = {int(i) for op in ops for i in op["outputs"]} | {d["index"] for d in interpreter.get_input_details()}
    read = {int(i) for op in ops for i in op["inputs"] if i >= 0} - made
    biases = {int(op["inputs"][at]) for op in ops if (at := BIAS.get(op["op_name"], 99)) < len(op["inputs"])}
    learned = [i for i in read if i in biases or (tensors[i]["dtype"] in LEARNED and prod(shapes[i]) > 1)]
    return Judged(shapes, macs, sum(prod(shapes[i]) for i in learned))


def _macs(op: str, reads: list[Any], writes: list[Any]) -> int:
    """Multiply-accumulates of the ops that files of networks are made of."""
    match op:
        case "CONV_2D" | "FULLY_CONNECTED":
            return prod(writes[0]) * prod(reads[1][1:])
        case "DEPTHWISE_CONV_2D":
            return prod(writes[0]) * prod(reads[1][1:3])
        case "TRANSPOSE_CONV":
            return prod(reads[2]) * prod(reads[1][:3])
        case "BATCH_MATMUL":
            return prod(writes[0]) * reads[0][-1]
    return 0


def read_as(path: Path) -> Shapes:
    """The shape of every tensor that the reader makes a value of, in the file's order of axes."""
    model = read_model(path)
    reader = Reader(model, model.graphs[0], GraphWriter("judged", source="tflite", where=str(path)))
    reader.bind_inputs(None, None)
    reader.run()
    read = {i: value.shape for i, value in reader.values.items() if isinstance(value, Tensor)}
    return {i: to_file(shape) if i in reader.maps else shape for i, shape in read.items()}
