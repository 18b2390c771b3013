"""One pass over the nodes of an ONNX graph: constants are folded, the rest becomes layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costsim.errors import InputError, shortened
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.graph.layergraph import Held, Origin
from costsim.graph.resize import InputSize
from costsim.importers.inputs import Sizes
from costsim.importers.onnx.blocked import unpadded
from costsim.importers.onnx.call import Call
from costsim.importers.onnx.constants import constant, stored
from costsim.importers.onnx.contrib import unpacked
from costsim.importers.onnx.control import CONTROL
from costsim.importers.onnx.fold import DATA_DEPENDENT, SIZES, fold, infer_shapes
from costsim.importers.onnx.formats import TensorFormats
from costsim.importers.onnx.items import ITEM_OPS, Items
from costsim.importers.onnx.ops import DOMAINS
from costsim.importers.onnx.scopes import blocks
from costsim.importers.onnx.weights import FLOATS, RECURRENT, as_operand, weights_of
from costsim.importers.writer import GraphWriter, Stored, Value

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto

MULTIPLYING = {"Conv", "ConvTranspose", "Einsum", "Gemm", "MatMul", *RECURRENT}
"""Ops whose products on constants alone are worth a note."""

RUNS_ANYWAY = ("Random", "Shape", "Size")
"""Ops that are not computed from the values of constants: numbers drawn at run time, and what shapes alone tell."""


class Reader:
    """Reads the main graph; the graphs within it are read in their place (see ``control``)."""

    def __init__(self, model: ModelProto, writer: GraphWriter, path: Path | None) -> None:
        self.model = model
        self.writer = writer
        self.folder = path.parent if path else None
        self.needed = needed(model.graph)
        self.real_channels: Mapping[str, int] = {}
        """Of weights in blocks of channels: how many of their output channels do more than fill up a block."""
        self.boxes: int | None = None
        """Values that an op makes whose number the data decide; None: the network ends there."""
        self.held: dict[Hashable, tuple[str, int]] = {}
        """The parameters that the file stores, less those that the ops reading them take for something else."""
        self.folded: Counter[str] = Counter()
        """Multiply-accumulates on constants alone, by op."""
        self.unrolled = 0
        """Nodes that the runs of loops came to so far."""
        self.formats = TensorFormats()
        self.cut: set[str] = set()
        self.cut_at = ""
        self.behind = 0
        self.opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        infos = [*model.graph.value_info, *model.graph.output]
        self.declared = {info.name: shape for info in infos if (shape := declared(info))}

    def bind_initializers(self, graph: GraphProto) -> None:
        """The stored tensors of a graph."""
        for tensor in graph.initializer:
            with self.writer.node(tensor.name, "initializer"):
                found = stored(tensor, self.folder)
                self.writer.bind(tensor.name, found)
                if found.elements > 1:
                    self.held |= {key: (tensor.name, count) for key, count in (found.parameters or {}).items()}
        for sparse in graph.sparse_initializer:
            with self.writer.node(sparse.values.name, "sparse initializer"):
                held = Stored(tuple(sparse.dims), elem_type=sparse.values.data_type)
                self.writer.bind(sparse.values.name, replace(held, parameters={sparse.values.name: held.elements}))

    def bind_inputs(self, input_size: InputSize, batch: int | None) -> None:
        """Inputs that are not initializers become tensors; equal names of open dimensions get equal sizes."""
        infos = [info for info in self.model.graph.input if info.name not in self.writer]
        sizes = Sizes(input_size, batch, self.writer.note)
        sizes.check_names([info.name for info in infos])
        sizes.is_only = len(infos) == 1
        for info in infos:
            with self.writer.node(info.name, "input"):
                if not info.type.tensor_type.HasField("shape"):
                    kind = (
                        "is no tensor" if info.type.WhichOneof("value") not in (None, "tensor_type") else "has no shape"
                    )
                    raise InputError(f"the input {kind}", mend="export it with tensors of known rank")
                dims = info.type.tensor_type.shape.dim
                shape = sizes.shape(info.name, [d.dim_value for d in dims], [d.dim_param for d in dims])
                self.writer.bind(info.name, self.writer.add(L.Input(shape)))

    def run_nodes(self, graph: GraphProto) -> None:
        """Add the layers of every node that an output needs."""
        for node, (name, block) in zip(graph.node, blocks(graph.node), strict=True):
            if not any(output in self.needed for output in node.output):
                continue  # runtimes drop what no output needs
            if not self.cut.isdisjoint(node.input):
                self.cut.update(node.output)
                self.behind += 1
                continue
            with self.writer.node(name, node.op_type, block):
                if decides := self._computed_size(node):
                    self._end(node, name, decides)
                    continue
                if node.op_type in DATA_DEPENDENT and not node.domain:
                    tensors = self._tensors(node) if node.op_type != "Compress" else self._tensors(node, 1)
                    if tensors and self.boxes is not None:
                        self._assume(node, tensors, self.boxes)
                        continue
                    if tensors:  # of constants it can be computed
                        self.cut_off(node, name, "its size depends on the data", tensors)
                        continue
                for output, value in zip(node.output, self._outputs(node, name), strict=False):
                    if output and value is not None:
                        self.writer.bind(output, value)

    def _assume(self, node: NodeProto, tensors: Sequence[Tensor], count: int) -> None:
        """Bind what a node makes with as many values as are assumed."""
        self.writer.note(f"the data decide how many values {node.op_type} makes: {count} are assumed")
        x = tensors[0]
        shapes = {"NonMaxSuppression": (count, 3), "NonZero": (len(x.shape), count)}
        axis = next((a.i for a in node.attribute if a.name == "axis"), None)
        kept = (
            (count,) if axis is None else (*x.shape[: axis % len(x.shape)], count, *x.shape[axis % len(x.shape) + 1 :])
        )
        shape = shapes.get(node.op_type, kept)
        for index, output in enumerate(node.output):
            if output:
                made = self.writer.unknown(
                    f"{node.op_type} ({count} values assumed)", tensors, (count,) if index else shape
                )
                self.writer.bind(output, made)

    def cut_off(self, node: NodeProto, name: str, reason: str, tensors: Sequence[Tensor]) -> None:
        """End the network at this node for costsim: what it makes, or whether it runs, depends on the data."""
        self.writer.unknown(f"{node.op_type} ({reason})", tensors, (1,))
        self.cut.update(node.output)
        self.cut_at = self.cut_at or f"cut at {node.op_type} '{shortened(name)}': {reason}"

    def results(self, graph: GraphProto) -> list[Any]:
        """What the outputs of a graph within another are; None for those behind a cut."""
        return [None if info.name in self.cut else self.writer[info.name] for info in graph.output]

    def _tensors(self, node: NodeProto, first: int = 0) -> list[Tensor]:
        """What a node reads and is computed when the network runs, from an input on."""
        return [x for name in node.input[first:] if name and isinstance(x := self.writer[name], Tensor)]

    def _computed_size(self, node: NodeProto) -> str:
        """The input that decides about a size and is computed when the network runs; empty if there is none."""
        deciding = [node.input[i] for i in SIZES.get(node.op_type, ()) if i < len(node.input) and not node.domain]
        return next((name for name in deciding if name and isinstance(self.writer[name], Tensor)), "")

    def _end(self, node: NodeProto, name: str, decides: str) -> None:
        """Cut the network off at a node whose size the data decide, if anything is computed before."""
        if not self.writer.graph.total_macs:
            raise InputError(
                f"its size depends on the values of '{decides}'",
                mend="export it with fixed sizes, or simplify the model for fixed input sizes",
            )
        self.cut_off(node, name, f"its size depends on the values of '{shortened(decides)}'", self._tensors(node))

    def _outputs(self, node: NodeProto, name: str) -> list[Any]:
        if node.op_type in CONTROL and not node.domain:
            return list(CONTROL[node.op_type](self, node, name))
        if node.op_type == "Constant" and not node.domain:
            return [constant(node)]
        given = [self.writer[name] if name else None for name in node.input]
        if any(isinstance(x, Items) for x in given) or (node.op_type in ITEM_OPS and node.op_type != "Identity"):
            over_items = ITEM_OPS.get(node.op_type, _no_items)
            return over_items(Call.of(self.writer, node, given, self.opset, self.needed))
        self.formats.follow(node, given)
        inputs = unpacked(node, [as_operand(node.op_type, x) for x in given])
        inputs = unpadded(node, inputs, self.real_channels)
        if not any(isinstance(x, Tensor) for x in inputs) and not node.op_type.startswith(RUNS_ANYWAY):
            if node.op_type == "DequantizeLinear":
                self._set_aside(x for x in inputs[1:] if isinstance(x, Stored))
            if node.op_type in MULTIPLYING:
                self._count_folded(node, inputs)
            return list(fold(node, inputs, self.model.opset_import))
        handler = DOMAINS.get(node.domain, {}).get(node.op_type)
        weights = weights_of(node.op_type, inputs)
        self._set_aside(x for x in inputs if isinstance(x, Stored) and x not in weights)
        formats = self.formats.of_product(node)
        with self.writer.multiplying(*formats), self.writer.learning(weights):
            if handler is None:
                return self._unknown(node, inputs)
            call = Call.of(self.writer, node, inputs, self.opset, self.needed)
            held = [
                Held(name, isinstance(x, Stored)) if name else None for name, x in zip(node.input, given, strict=True)
            ]
            self.writer.origin = Origin(node.op_type, {**call.attributes, "inputs": held})
            made = handler(call)
        self.writer.origin = None
        results = made if isinstance(made, list) else [made]
        return results + self._further(node, inputs, len(results))

    def _further(self, node: NodeProto, inputs: list[Value | None], first: int) -> list[Any]:
        """Outputs that only few networks read (the statistics of a norm while it learns): their bytes count."""
        if not any(output in self.needed for output in node.output[first:] if output):
            return []
        tensors = [x for x in inputs if isinstance(x, Tensor)]
        shapes = infer_shapes(node, inputs, self.model.opset_import)[first:]
        kind = f"{node.op_type} (further output)"
        return [
            self.writer.unknown(kind, tensors, shape) if output in self.needed and shape else None
            for output, shape in zip(node.output[first:], shapes, strict=True)
        ]

    def _count_folded(self, node: NodeProto, inputs: list[Value | None]) -> None:
        """Count what is multiplied on constants alone: runtimes do it once, when they load the network."""
        if not all(x is None or (isinstance(x, Stored) and x.elem_type in FLOATS) for x in inputs):
            return
        once = GraphWriter(node.op_type, source="onnx", where=self.writer.where)
        with once.node(node.op_type, node.op_type):
            first, *others = inputs
            given = [once.constant(first) if isinstance(first, Stored) else first, *others]
            DOMAINS[node.domain][node.op_type](Call.of(once, node, given, self.opset, self.needed))
        self.folded[node.op_type] += once.graph.total_macs

    def _set_aside(self, stored: Iterable[Stored]) -> None:
        """Statistics, scales, bounds and the like: stored, and no parameters."""
        for x in stored:
            for key in x.parameters or {}:
                self.held.pop(key, None)

    def _unknown(self, node: NodeProto, inputs: list[Value | None]) -> list[Any]:
        """An op without a model: as many outputs as it has, with the shapes onnx infers or the file declares."""
        tensors = [x for x in inputs if isinstance(x, Tensor)]
        weights = sum(x.elements for x in weights_of(node.op_type, inputs))
        inferred = infer_shapes(node, inputs, self.model.opset_import)
        kind = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
        outputs: list[Any] = []
        for output, shape in zip(node.output, inferred, strict=True):
            if not output or output not in self.needed:
                outputs.append(None)
                continue
            shape = self.declared.get(output) if shape is None else shape
            if shape is None:
                raise InputError(
                    f"the shape of its output '{output}' is not known",
                    mend="costsim has no model of this op; store its shape in the file (value_info), or export without",
                )
            outputs.append(self.writer.unknown(kind, tensors, tuple(max(d, 1) for d in shape) or (1,), weights))
            weights = 0
        return outputs

    def check_outputs(self, bound: bool) -> None:
        """With the file's own sizes, the inferred shapes must be those the file declares."""
        for op, macs in self.folded.items():
            self.writer.note(f"{macs:,} multiply-accumulates of {op} on constants alone run once, when it is loaded")
        if self.cut_at:
            self.writer.note(f"{self.cut_at}; {self.behind} ops behind it are not counted")
        read = [info for info in self.model.graph.output if info.name not in self.cut]
        self.writer.hand_out(self.writer[info.name] for info in read if info.name in self.writer)
        for info in read:
            with self.writer.node(info.name, "output"):
                value = self.writer[info.name]
                shape = declared(info)
                if bound and shape and isinstance(value, Tensor) and value.shape != shape:
                    raise InputError(
                        f"the file declares {shape}, inferred {value.shape}",
                        mend="its shapes contradict; export it again",
                    )


def _no_items(call: Call) -> list[Any]:
    raise InputError("reads a sequence of tensors", mend="not supported; export it without")


def needed(graph: GraphProto) -> set[str]:
    """The tensors that the outputs of a graph depend on; of graphs within it, all that they read."""
    names = {info.name for info in graph.output}
    for node in reversed(graph.node):
        if names.isdisjoint(node.output):
            continue
        names.update(node.input)
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                names |= needed(inner) if inner.node or inner.output else set()
    return names


def declared(info: ValueInfoProto) -> tuple[int, ...] | None:
    """A shape the file writes down in full."""
    dims = info.type.tensor_type.shape.dim
    shape = tuple(d.dim_value for d in dims)
    return shape if shape and min(shape) > 0 else None
