"""One pass over the ops of a TFLite graph: constants are folded, the rest becomes layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace
from math import prod

import numpy as np

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.graph.resize import InputSize
from costsim.importers.inputs import Sizes
from costsim.importers.scopes import block_of, holders
from costsim.importers.tflite.call import Call
from costsim.importers.tflite.control import CONTROL, Held, given_to, handed_on
from costsim.importers.tflite.flatfile import FileGraph, FileModel, FileOp
from costsim.importers.tflite.fold import fold
from costsim.importers.tflite.layout import map_tensors, to_graph
from costsim.importers.tflite.ops import OPS
from costsim.importers.writer import GraphWriter, Stored, Value

MOST_NESTED = 8
"""Composite ops within composite ops."""


class Reader:
    """Reads one subgraph; composite ops have readers of their own."""

    def __init__(self, model: FileModel, graph: FileGraph, writer: GraphWriter, depth: int = 0) -> None:
        self.model, self.graph, self.writer, self.depth = model, graph, writer, depth
        self.maps = map_tensors(graph)
        self.values: dict[int, Value] = {}
        self.unrolled: Counter[str] = Counter()
        """What the runs of loops came to so far, with those of the graphs within this one."""
        self.zeros: set[int] = set()
        """Stored tensors of nothing but zeros that a loop begins with: they are no parameters."""
        self._biases = {op.inputs[i] for op in graph.ops for i in BIASES.get(op.op, ()) if i < len(op.inputs)}
        self._reordered: dict[tuple[int, tuple[int, ...]], Stored] = {}

    def bind_inputs(self, input_size: InputSize, batch: int | None) -> None:
        """Inputs in the graph's order of axes; the first is the image that a size without a name speaks of."""
        tensors = [self.graph.tensors[i] for i in self.graph.inputs]
        sizes = Sizes(input_size, batch, self.writer.note)
        sizes.check_names([tensor.name for tensor in tensors])
        sizes.is_only = len(tensors) == 1
        for i, tensor in zip(self.graph.inputs, tensors, strict=True):
            with self.writer.node(tensor.name or f"input_{i}", "input"):
                dims = to_graph(tensor.shape) if i in self.maps else tensor.shape
                self.values[i] = self.writer.add(L.Input(sizes.shape(tensor.name, dims)))

    def run(self) -> None:
        """Add the layers of every op."""
        names = [self._name(op, position) for position, op in enumerate(self.graph.ops)]
        holding = holders(names)
        for op, name in zip(self.graph.ops, names, strict=True):
            with self.writer.node(name, op.op, block_of(name, holding)):
                made = self._outputs(op)
                if not any(isinstance(value, Tensor) for value in made) and op.op not in STATE_OPS:
                    self.writer.shape_ops.append(op.op)
                for i, value in zip(op.outputs, made, strict=False):
                    if i >= 0:
                        self.values[i] = value

    def held(self) -> dict[Hashable, tuple[str, int]]:
        """The learned tensors of the file that an op reads, by what tells them apart."""
        read = {i for op in self.graph.ops for i in op.inputs if i >= 0} - self.zeros
        stored = [i for i in sorted(read) if self.graph.tensors[i].is_stored and self._is_trainable(i)]
        sizes = {i: prod(max(d, 1) for d in self.graph.tensors[i].shape) for i in stored}
        return {(id(self.graph), i): (self.graph.tensors[i].name, count) for i, count in sizes.items()}

    def check_outputs(self) -> None:
        """With the file's own sizes, the shapes inferred must be those that it declares."""
        for i in self.graph.outputs:
            tensor, value = self.graph.tensors[i], self.values.get(i)
            declared = to_graph(tensor.shape) if i in self.maps else tensor.shape
            if value is None or min(declared, default=0) < 1 or isinstance(value, Stored):
                continue
            if value.shape != declared:
                with self.writer.node(tensor.name, "output"):
                    raise InputError(
                        f"the file declares {declared}, inferred {value.shape}",
                        mend="its shapes contradict; convert it again",
                    )

    def reordered(self, index: int, stored: Stored, axes: Sequence[int]) -> Stored:
        """A stored tensor with its axes in another order; missing ones are 1 and stand in front."""
        key = index, tuple(axes)
        if key not in self._reordered:
            shape = (1,) * (len(axes) - len(stored.shape)) + stored.shape
            if len(shape) != len(axes) or not shape:
                raise InputError(f"a weight of shape {stored.shape}", mend="check the file")
            values = None if stored.values is None else np.reshape(stored.values, shape).transpose(axes)
            turned = tuple(shape[a] for a in axes)
            self._reordered[key] = replace(stored, shape=turned, values=values)
        return self._reordered[key]

    def _name(self, op: FileOp, position: int) -> str:
        """The path of the op's result in the model it was converted from, dotted."""
        made = next((i for i in op.outputs if i >= 0), -1)
        path = self.graph.tensors[made].name.split(";")[0] if made >= 0 else ""
        return ".".join(part for part in path.split("/") if part) or f"{op.op.lower()}_{position}"

    def _value(self, index: int) -> Value | None:
        if index < 0:
            return None
        if index not in self.values:
            tensor = self.graph.tensors[index]
            if not tensor.is_stored and not tensor.is_variable and 0 not in tensor.shape:
                raise InputError(
                    f"reads '{tensor.name}', which nothing before it writes",
                    mend="the file is damaged; convert it again",
                )
            shape, trainable = tuple(max(d, 1) for d in tensor.shape), self._is_trainable(index)
            parameters: dict[Hashable, int] = {(id(self.graph), index): prod(shape)} if trainable else {}
            self.values[index] = Stored(shape, trainable, tensor.values, parameters=parameters)
        return self.values[index]

    def _is_trainable(self, index: int) -> bool:
        """A learned tensor: shapes, axes and indices are integers of 32 or 64 bits, as the biases of int8 files are.

        States and flags are none, nor are single numbers, but for the bias of a single channel.
        """
        tensor = self.graph.tensors[index]
        if index in self._biases:
            return True
        return not tensor.is_variable and prod(tensor.shape) != 1 and tensor.dtype not in INTEGERS

    def _outputs(self, op: FileOp) -> list[Value]:
        inputs = tuple(self._value(i) for i in op.inputs)
        call = Call(self.writer, inputs, op, self)
        if op.outputs:
            folded = fold(call)
            if folded is not None:
                return list(folded)
        if op.op in CONTROL and not op.is_custom:
            made_within = CONTROL[op.op](self, call)
            return self._unknown(call) if made_within is None else made_within
        if inputs and not any(isinstance(x, Tensor) for x in inputs) and op.op not in ("SHAPE", "RANK"):
            return self._computed_once(call)
        if op.op == "STABLEHLO_COMPOSITE":
            return self._composite(call)
        if op.op in STATE_OPS:
            return self._state(call)
        handler = None if op.is_custom else OPS.get(op.op)
        if handler is None:
            return self._unknown(call)
        with (
            self.writer.multiplying(*self._formats(op)),
            self.writer.learning(x for x in inputs if isinstance(x, Stored)),
        ):
            made = handler(call)
        return made if isinstance(made, list) else [made]

    def _formats(self, op: FileOp) -> tuple[str | None, str | None, bool]:
        """Formats of the values and of the weights that an op multiplies, and whether these have a single scale.

        Raises:
            InputError: they are integers that stand for nothing: no kernel can sum them.
        """
        places = PRODUCTS.get(op.op, ()) if len(op.inputs) > max(PRODUCTS.get(op.op, (0,))) else ()
        operands = [self.graph.tensors[op.inputs[i]] for i in places if op.inputs[i] >= 0]
        formats = [FORMATS.get(tensor.dtype) for tensor in operands]
        for tensor, kind in zip(operands, formats, strict=True):
            if kind is not None and not tensor.scales:
                raise InputError(f"'{tensor.name}' is {tensor.dtype} and has no scale", mend="quantise it again")
        return (formats[0], formats[1], operands[1].scales == 1) if len(formats) > 1 else (None, None, False)

    def _composite(self, call: Call) -> list[Value]:
        """An op the converter also wrote as a subgraph of plain ones."""
        number = call.get("DecompositionSubgraphIndex", -1)
        if self.depth >= MOST_NESTED or not 0 < number < len(self.model.graphs):
            return self._unknown(call)
        return handed_on(self, call, self.run_within(call, number, given_to(call)))

    def run_within(self, call: Call, number: int, given: Sequence[Held]) -> list[Held]:
        """One run of another graph of the file, for these values; the results with how they lie."""
        if self.depth >= MOST_NESTED or not 0 < number < len(self.model.graphs):
            raise InputError(f"graph {number} within it", mend="convert it again")
        inner = Reader(self.model, self.model.graphs[number], self.writer, self.depth + 1)
        inner.unrolled = self.unrolled
        for (value, is_map), i in zip(given, inner.graph.inputs, strict=True):
            if value is not None:
                lies = i in inner.maps
                inner.values[i] = call.as_given(value, is_map, lies) if isinstance(value, Tensor) else value
        inner.run()
        return [(inner._value(i), i in inner.maps) for i in inner.graph.outputs]

    def _computed_once(self, call: Call) -> list[Value]:
        """What constants alone make is a constant, whose values nobody needs."""
        stored = [x for x in call.inputs if isinstance(x, Stored)]
        parameters = {key: count for x in stored for key, count in (x.parameters or {}).items()}
        return [Stored(self._declared(i), bool(parameters), parameters=parameters) for i in call.op.outputs]

    def _state(self, call: Call) -> list[Value]:
        """Variables that outlive a run: what is read of them was stored by the run before."""
        return [Stored(self._declared(i), trainable=False) for i in call.op.outputs if i >= 0]

    def _unknown(self, call: Call) -> list[Value]:
        """An op without a model: its outputs are as the file declares them."""
        tensors = [x for x in call.inputs if isinstance(x, Tensor)]
        weights = sum(x.elements for x in call.inputs if isinstance(x, Stored) and x.trainable)
        if not tensors:
            return [Stored(self._declared(i), trainable=False) for i in call.op.outputs]
        outputs: list[Value] = []
        for i in call.op.outputs:
            shape = self._declared(i)
            outputs.append(
                self.writer.unknown(call.op.op, tensors, to_graph(shape) if i in self.maps else shape, weights)
            )
            weights = 0
        return outputs

    def _declared(self, index: int) -> tuple[int, ...]:
        return tuple(max(d, 1) for d in self.graph.tensors[index].shape) or (1,)


STATE_OPS = frozenset({"CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"})

INTEGERS = frozenset({"INT32", "INT64", "BOOL", "STRING"})
"""Element types that no weight has."""

BIASES = {
    "BIDIRECTIONAL_SEQUENCE_LSTM": (12, 13, 14, 15, 17, 29, 30, 31, 32, 34),
    "BIDIRECTIONAL_SEQUENCE_RNN": (3, 7),
    "CONV_2D": (2,),
    "CONV_3D": (2,),
    "DEPTHWISE_CONV_2D": (2,),
    "FULLY_CONNECTED": (2,),
    "SVDF": (3,),
    "TRANSPOSE_CONV": (3,),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (12, 13, 14, 15, 17),
    "UNIDIRECTIONAL_SEQUENCE_RNN": (3,),
}
"""Inputs that are a bias, by op."""

PRODUCTS = {
    **dict.fromkeys(("BATCH_MATMUL", "CONV_2D", "CONV_3D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "SVDF"), (0, 1)),
    "TRANSPOSE_CONV": (2, 1),
}
"""Which inputs an op multiplies: values and weights."""

FORMATS = {"INT4": "int4", "INT8": "int8", "UINT8": "int8", "INT16": "int16"}
"""Element types of quantised tensors."""
