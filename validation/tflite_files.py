"""TFLite files built op by op: what a converter would write, without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import flatbuffers
import numpy as np
import tflite

TYPES = {"float32": "FLOAT32", "int8": "INT8", "int32": "INT32", "int64": "INT64", "bool": "BOOL", "float16": "FLOAT16"}


class Scales(NamedTuple):
    """What the integers of a tensor stand for: times a scale, from a zero on."""

    values: Sequence[float]
    """One, or one for each index of the axis."""
    axis: int = 0
    zero: int = 0


@dataclass
class FileBuilder:
    """Collects tensors and ops of one subgraph and writes them as a FlatBuffer."""

    tensors: list[tuple[str, tuple[int, ...], str, Any]] = field(default_factory=list)
    ops: list[tuple[str, list[int], list[int], tuple[str, dict[str, Any]] | None]] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    variables: list[int] = field(default_factory=list)
    """Tensors that outlive a run: states."""
    unscaled: list[int] = field(default_factory=list)
    """Tensors of integers whose scale is left out."""
    scales: dict[int, Scales] = field(default_factory=dict)
    """Of tensors that have other ones than a single 1."""
    bodies: list[FileBuilder] = field(default_factory=list)
    """Graphs within this one, of loops and branches; each says its own outputs."""
    written: str = "FLOAT32"
    """Element type of what ops write."""

    def tensor(self, shape: Sequence[int], dtype: str = "FLOAT32", name: str = "") -> int:
        self.tensors.append((name or f"t{len(self.tensors)}", tuple(shape), dtype, None))
        return len(self.tensors) - 1

    def input(self, *shape: int, dtype: str = "FLOAT32") -> int:
        self.inputs.append(self.tensor(shape, dtype, f"input_{len(self.inputs)}"))
        return self.inputs[-1]

    def stored(self, values: Any, name: str = "") -> int:
        array = np.asarray(values)
        array = array.astype(np.int32) if array.dtype == np.int64 else array
        array = array.astype(np.float32) if array.dtype == np.float64 else array
        self.tensors.append((name or f"w{len(self.tensors)}", array.shape, TYPES[array.dtype.name], array))
        return len(self.tensors) - 1

    def weight(self, *shape: int) -> int:
        return self.stored(np.zeros(shape, np.float32))

    def add(self, op: str, inputs: Sequence[int], *shapes: Sequence[int], options: str = "", **values: Any) -> int:
        """Append an op with outputs of these shapes; answers the first. ``options`` names the schema's table."""
        made = [self.tensor(shape, self.written) for shape in shapes]
        self.ops.append((op, list(inputs), made, (options, values) if options else None))
        return made[0]

    def finish(self, *outputs: int) -> bytes:
        """The file, with the graphs within this one (``bodies``) behind it, numbered from 1 on."""
        self.outputs = list(outputs) or [self.ops[-1][2][0]]
        b = flatbuffers.Builder(1024)
        parts = [self, *self.bodies]
        arrays = [None, *(array for part in parts for *_, array in part.tensors)]
        data = [0 if a is None else b.CreateByteVector(a.tobytes()) for a in arrays]
        buffers = []
        for place in data:
            tflite.BufferStart(b)
            if place:
                tflite.BufferAddData(b, place)
            buffers.append(tflite.BufferEnd(b))
        names = sorted({op for part in parts for op, *_ in part.ops})
        codes = []
        for name in names:
            number = getattr(tflite.BuiltinOperator, name, None)
            custom = b.CreateString(name) if number is None else 0
            tflite.OperatorCodeStart(b)
            code = tflite.BuiltinOperator.CUSTOM if number is None else number
            tflite.OperatorCodeAddBuiltinCode(b, code)
            tflite.OperatorCodeAddDeprecatedBuiltinCode(b, min(code, 127))
            if custom:
                tflite.OperatorCodeAddCustomCode(b, custom)
            codes.append(tflite.OperatorCodeEnd(b))
        firsts = [1 + sum(len(part.tensors) for part in parts[:at]) for at in range(len(parts))]
        graphs = _offsets(b, [part._graph(b, names, first) for part, first in zip(parts, firsts, strict=True)])
        code_list, buffer_list = _offsets(b, codes), _offsets(b, buffers)
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, code_list)
        tflite.ModelAddSubgraphs(b, graphs)
        tflite.ModelAddBuffers(b, buffer_list)
        b.Finish(tflite.ModelEnd(b), file_identifier=b"TFL3")
        return bytes(b.Output())

    def _graph(self, b: Any, names: list[str], first_buffer: int) -> int:
        tensors = []
        for number, (label, shape, dtype, array) in enumerate(self.tensors):
            words = b.CreateString(label)
            dims = _ints(b, [max(d, 1) for d in shape])
            signature = _ints(b, shape)
            scales = self.scales.get(number, Scales((1.0,) if dtype in ("INT8", "UINT8", "INT16") else ()))
            scale = _scale(b, scales) if scales.values and number not in self.unscaled else 0
            tflite.TensorStart(b)
            tflite.TensorAddName(b, words)
            tflite.TensorAddShape(b, dims)
            tflite.TensorAddShapeSignature(b, signature)
            tflite.TensorAddType(b, getattr(tflite.TensorType, dtype))
            tflite.TensorAddBuffer(b, number + first_buffer if array is not None else 0)
            if scale:
                tflite.TensorAddQuantization(b, scale)
            tflite.TensorAddIsVariable(b, number in self.variables)
            tensors.append(tflite.TensorEnd(b))
        ops = [self._op(b, names.index(op), *rest) for op, *rest in self.ops]
        parts = [_offsets(b, tensors), _ints(b, self.inputs), _ints(b, self.outputs), _offsets(b, ops)]
        tflite.SubGraphStart(b)
        for put, part in zip(
            (
                tflite.SubGraphAddTensors,
                tflite.SubGraphAddInputs,
                tflite.SubGraphAddOutputs,
                tflite.SubGraphAddOperators,
            ),
            parts,
            strict=True,
        ):
            put(b, part)
        return int(tflite.SubGraphEnd(b))

    def _op(self, b: Any, code: int, inputs: list[int], outputs: list[int], options: Any) -> int:
        place, kind = 0, 0
        if options:
            name, values = options
            vectors = {key: _ints(b, value) for key, value in values.items() if isinstance(value, (list, tuple))}
            getattr(tflite, f"{name}Start")(b)
            for key, value in values.items():
                getattr(tflite, f"{name}Add{key}")(b, vectors.get(key, value))
            place, kind = getattr(tflite, f"{name}End")(b), getattr(tflite.BuiltinOptions, name)
        read, written = _ints(b, inputs), _ints(b, outputs)
        tflite.OperatorStart(b)
        tflite.OperatorAddOpcodeIndex(b, code)
        tflite.OperatorAddInputs(b, read)
        tflite.OperatorAddOutputs(b, written)
        if place:
            tflite.OperatorAddBuiltinOptionsType(b, kind)
            tflite.OperatorAddBuiltinOptions(b, place)
        return tflite.OperatorEnd(b)


def _scale(b: Any, scales: Scales) -> int:
    scales_at = b.CreateNumpyVector(np.array(scales.values, np.float32))
    zeros_at = b.CreateNumpyVector(np.full(len(scales.values), scales.zero, np.int64))
    tflite.QuantizationParametersStart(b)
    tflite.QuantizationParametersAddScale(b, scales_at)
    tflite.QuantizationParametersAddZeroPoint(b, zeros_at)
    tflite.QuantizationParametersAddQuantizedDimension(b, scales.axis)
    return int(tflite.QuantizationParametersEnd(b))


def _ints(b: Any, values: Sequence[int]) -> int:
    return b.CreateNumpyVector(np.array(values, dtype=np.int32))


def _offsets(b: Any, offsets: Sequence[int]) -> int:
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return b.EndVector()


def small_network() -> bytes:
    """A convolution, its pooling, a flattened map and a fully connected layer, with a constant of each kind."""
    file = FileBuilder()
    x, weights = file.input(1, 8, 8, 3), [file.weight(4, 3, 3, 3), file.weight(4)]
    options = {"StrideH": 2, "StrideW": 2, "DilationHFactor": 1, "DilationWFactor": 1, "FusedActivationFunction": 1}
    x = file.add("CONV_2D", [x, *weights], (1, 4, 4, 4), options="Conv2DOptions", **options)
    x = file.add("PAD", [x, file.stored([[0, 0], [1, 1], [1, 1], [0, 0]])], (1, 6, 6, 4), options="PadOptions")
    pool = {"FilterHeight": 2, "FilterWidth": 2, "StrideH": 2, "StrideW": 2}
    x = file.add("MAX_POOL_2D", [x], (1, 3, 3, 4), options="Pool2DOptions", **pool)
    x = file.add("RESHAPE", [x, file.stored([-1, 36])], (1, 36), options="ReshapeOptions")
    file.add("FULLY_CONNECTED", [x, file.weight(10, 36), file.weight(10)], (1, 10), options="FullyConnectedOptions")
    return file.finish()
