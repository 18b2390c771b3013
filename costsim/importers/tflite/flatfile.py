"""What a TFLite file holds, as plain data: the FlatBuffer is read once, within bounds that its size sets.

The package ``tflite`` knows the schema; it trusts offsets and lengths, so every count is checked here
before anything is read in a loop, and whatever it stumbles over is one error.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from costsim.errors import InputError
from costsim.files import mapped

IDENTIFIER = b"TFL3"
MOST_ITEMS = 100_000
"""Tensors, ops or buffers of a file; networks have a few thousand."""
MOST_EDGES = 1_000_000
MOST_RANK = 8
LARGEST_VALUE = 4096
"""Elements of a stored tensor whose values are kept: shapes, axes and pads are small."""
LONGEST_NAME = 512

NUMPY_TYPES = {
    "FLOAT32": np.float32,
    "FLOAT16": np.float16,
    "FLOAT64": np.float64,
    "INT8": np.int8,
    "UINT8": np.uint8,
    "INT16": np.int16,
    "UINT16": np.uint16,
    "INT32": np.int32,
    "UINT32": np.uint32,
    "INT64": np.int64,
    "UINT64": np.uint64,
    "BOOL": np.bool_,
}
"""Element types whose values can be read; strings, complex numbers and 4-bit weights are known by their shape."""


@dataclass(frozen=True)
class FileTensor:
    """A tensor of a subgraph as the file describes it."""

    name: str
    shape: tuple[int, ...]
    """In the file's order of axes; -1 where the file leaves it open."""
    dtype: str
    """TFLite's name of the element type: ``INT8``, ``FLOAT32``, ..."""
    is_stored: bool
    """Whether its values are in the file: a weight or a constant."""
    is_variable: bool
    values: Any = None
    """A NumPy array of a small stored tensor."""
    scales: int = 1
    """How many say what its integers stand for: none, one, or one a channel."""


@dataclass(frozen=True)
class FileOp:
    """An op of a subgraph; tensors by their index, -1 where an optional one is left out."""

    op: str
    """The builtin's name in the schema, or the custom op's code."""
    is_custom: bool
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any = None
    """The schema's options object, or None."""


@dataclass(frozen=True)
class FileGraph:
    """A subgraph: the network, or the body of a loop, branch or composite op."""

    name: str
    tensors: list[FileTensor]
    ops: list[FileOp]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class FileModel:
    """All of a file."""

    graphs: list[FileGraph]


def read_model(path: Path) -> FileModel:
    """Read a file without copying its weights.

    Raises:
        InputError: the package tflite is missing, the file is no TFLite model or damaged.
    """
    data = mapped(path, "a TFLite file", mend="convert or download it again")
    with _damage_named(path):
        if len(data) < 16:
            raise ValueError("shorter than any model")
        return _Reader(data).model()


@contextmanager
def _damage_named(where: Path) -> Iterator[None]:
    try:
        yield
    except ImportError:
        raise InputError("reading TFLite needs the package tflite", mend="pip install 'costsim[tflite]'") from None
    except InputError as error:
        raise error.at(str(where)) from None
    except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError, struct.error) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise InputError(
            f"not a TFLite file, or damaged ({reason})", where=str(where), mend="convert or download it again"
        ) from None


@cache
def _names(enum: str) -> dict[int, str]:
    """Number to name of one of the schema's enumerations."""
    import tflite

    return {number: name for name, number in vars(getattr(tflite, enum)).items() if isinstance(number, int)}


class _Reader:
    def __init__(self, data: Any) -> None:
        self.data, self.size, self.edges = data, len(data), 0
        if bytes(data[4:8]) != IDENTIFIER:
            raise ValueError("it does not begin as one")

    def model(self) -> FileModel:
        import tflite

        model = tflite.Model.GetRootAs(self.data, 0)
        codes = [
            self._code(model.OperatorCodes(i))
            for i in range(self._count(model.OperatorCodesLength(), "operator codes"))
        ]
        self._count(model.BuffersLength(), "buffers")
        graphs = [
            self._graph(model, model.Subgraphs(i), codes)
            for i in range(self._count(model.SubgraphsLength(), "subgraphs"))
        ]
        if not graphs or not graphs[0].ops:
            raise InputError("the model has no ops", mend="check the file")
        return FileModel(graphs)

    def _count(self, count: int, what: str) -> int:
        if not 0 <= count <= min(MOST_ITEMS, self.size // 4):
            raise ValueError(f"{count} {what}")
        return count

    def _indices(self, length: int, get: Callable[[int], int]) -> tuple[int, ...]:
        self.edges += self._count(length, "indices")
        if self.edges > MOST_EDGES:
            raise ValueError(f"more than {MOST_EDGES} indices")
        return tuple(int(get(i)) for i in range(length))

    def _text(self, raw: bytes | None) -> str:
        return (raw or b"")[:LONGEST_NAME].decode("utf-8", "replace")

    def _code(self, code: Any) -> tuple[str, bool]:
        """An op's name, and whether it is a custom op. Old files have the number in a field of one byte."""
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        name = _names("BuiltinOperator").get(number, f"builtin_{number}")
        if name == "CUSTOM":
            return self._text(code.CustomCode()) or "custom", True
        return name, False

    def _graph(self, model: Any, graph: Any, codes: list[tuple[str, bool]]) -> FileGraph:
        tensors = [self._tensor(model, graph.Tensors(i)) for i in range(self._count(graph.TensorsLength(), "tensors"))]
        ops = [self._op(graph.Operators(i), codes) for i in range(self._count(graph.OperatorsLength(), "ops"))]
        inputs = self._indices(graph.InputsLength(), graph.Inputs)
        outputs = self._indices(graph.OutputsLength(), graph.Outputs)
        for indices in (inputs, outputs, *((*op.inputs, *op.outputs) for op in ops)):
            if any(not -1 <= i < len(tensors) for i in indices):
                raise ValueError(f"an index beyond its {len(tensors)} tensors")
        return FileGraph(self._text(graph.Name()), tensors, ops, inputs, outputs)

    def _op(self, op: Any, codes: list[tuple[str, bool]]) -> FileOp:
        name, custom = codes[op.OpcodeIndex()]
        inputs = self._indices(op.InputsLength(), op.Inputs)
        outputs = self._indices(op.OutputsLength(), op.Outputs)
        return FileOp(name, custom, inputs, outputs, None if custom else self._options(op))

    def _options(self, op: Any) -> Any:
        import tflite

        for enum, kind, table in (
            ("BuiltinOptions", op.BuiltinOptionsType(), op.BuiltinOptions()),
            ("BuiltinOptions2", op.BuiltinOptions2Type(), op.BuiltinOptions2()),
        ):
            options = getattr(tflite, _names(enum).get(kind, ""), None)
            if table is not None and kind and options is not None:
                made = options()
                made.Init(table.Bytes, table.Pos)
                return made
        return None

    def _tensor(self, model: Any, tensor: Any) -> FileTensor:
        dtype = _names("TensorType").get(tensor.Type(), f"type_{tensor.Type()}")
        rank = tensor.ShapeLength()
        if rank > MOST_RANK:
            raise ValueError(f"a tensor of {rank} dimensions")
        shape = tuple(int(tensor.Shape(i)) for i in range(rank))
        if tensor.ShapeSignatureLength() == rank:
            signature = tuple(int(tensor.ShapeSignature(i)) for i in range(rank))
            shape = tuple(-1 if open_ == -1 else d for d, open_ in zip(shape, signature, strict=True))
        if any(d < -1 for d in shape):
            raise ValueError(f"a tensor of shape {shape}")
        name = self._text(tensor.Name())
        number = tensor.Buffer()
        if not 0 <= number < model.BuffersLength():
            raise ValueError(f"tensor '{name}' in buffer {number} of {model.BuffersLength()}")
        buffer = model.Buffers(number) if number else None  # buffer 0 is the empty one
        length = buffer.DataLength() if buffer is not None else 0
        beyond = buffer.Size() if buffer is not None and not length else 0  # large files: behind the FlatBuffer
        if length > self.size or beyond > self.size:
            raise ValueError(f"'{name}' holds more bytes than the file")
        values = self._values(buffer, shape, dtype, name, length) if length else None
        scales = tensor.Quantization()
        count = scales.ScaleLength() if scales is not None else 0
        return FileTensor(name, shape, dtype, bool(length or beyond), bool(tensor.IsVariable()), values, count)

    def _values(self, buffer: Any, shape: tuple[int, ...], dtype: str, name: str, length: int) -> Any:
        """The values of a small tensor; more bytes than its shape asks for are damage, fewer are packed or sparse."""
        kind = NUMPY_TYPES.get(dtype)
        if kind is None or min(shape, default=1) < 0:
            return None
        wanted = prod(shape) * np.dtype(kind).itemsize
        if wanted > LARGEST_VALUE * np.dtype(kind).itemsize or length < wanted:
            return None
        if length != wanted:
            raise ValueError(f"'{name}' holds {length} bytes for a shape of {shape}")
        return np.frombuffer(bytes(bytearray(buffer.DataAsNumpy())), dtype=kind).reshape(shape).copy()
