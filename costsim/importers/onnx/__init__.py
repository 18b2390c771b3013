"""ONNX files and ``onnx.ModelProto``, of any producer, opset 7 and up.

Weights are known by their shapes. Whatever depends on constants and shapes alone is computed
while reading, so that no shape arithmetic is left in the graph; open dimensions are bound to the
asked input size and batch. Needs the package onnx (extra ``[onnx]``).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costsim.errors import InputError
from costsim.graph import LayerGraph, Tensor
from costsim.graph import layers as L
from costsim.importers.importer import Importer
from costsim.importers.writer import GraphWriter, Stored, Value

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

OLDEST_OPSET = 7

DATA_DEPENDENT = {"Compress", "NonMaxSuppression", "NonZero", "Unique"}
"""Ops that make as many values as the data have."""


def load_onnx(
    source: Path | ModelProto, input_size: tuple[int, ...] | None = None, batch: int | None = None
) -> LayerGraph:
    """The network in an ONNX file or model.

    Args:
        source: a path, or a model in memory.
        input_size: (channels, height, width) for the dimensions the file leaves open, or to replace them.
        batch: images at a time; what the file says, or 1, if left out.

    Raises:
        InputError: the package onnx is missing; the file is damaged, of an unknown opset, has
            control flow, open dimensions or contradicting shapes. Names file and node.
    """
    from costsim.importers.patterns import simplify

    model, where, name = _model(source)
    reader = _Reader(model, GraphWriter(name, source="onnx", where=where), source if isinstance(source, Path) else None)
    reader.bind_initializers()
    reader.bind_inputs(input_size, batch)
    reader.run_nodes(model.graph)
    reader.check_outputs(bound=(input_size, batch) == (None, None))
    return reader.writer.finish(simplify)


def _model(source: Path | ModelProto) -> tuple[ModelProto, str, str]:
    """The model with local functions inlined, where it is from, and its name."""
    try:
        import onnx
        import onnx.inliner
    except ImportError:
        raise InputError("reading ONNX needs the package onnx", mend="pip install 'costsim[onnx]'") from None
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    from costsim.importers.onnx.functions import check_functions
    from costsim.importers.onnx.slim import read_slim

    if isinstance(source, Path):
        where, name = str(source), source.stem
        model = onnx.ModelProto()
        try:
            model.ParseFromString(read_slim(source))
        except DecodeError:
            raise InputError("not an ONNX file, or damaged", where=where, mend="export or download it again") from None
    else:
        where = name = source.graph.name or "onnx model"
        model = source
    _check_model(model, where)
    check_functions(model, where)
    return (onnx.inliner.inline_local_functions(model) if model.functions else model), where, name


def _check_model(model: ModelProto, where: str) -> None:
    import onnx

    graph = model.graph
    names = [name for node in graph.node for name in (node.name, node.op_type, node.domain, *node.input, *node.output)]
    names += [named.name for named in (*graph.initializer, *graph.input, *graph.output, *graph.value_info)]
    if not all(isinstance(name, str) for name in names):  # protobuf hands out what is not UTF-8 as bytes
        raise InputError("not an ONNX file, or damaged: a name is no text", where=where, mend="export it again")

    if not model.HasField("graph") or not model.graph.node:
        raise InputError("not an ONNX model: it holds no graph", where=where, mend="export or download it again")
    newest = onnx.defs.onnx_opset_version()
    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), None)
    if opset is None or not OLDEST_OPSET <= opset <= newest:
        raise InputError(
            f"opset {'missing' if opset is None else opset}",
            where=where,
            mend=f"convert it to one of {OLDEST_OPSET} to {newest} with onnx.version_converter",
        )


class _Reader:
    """One pass over the nodes: constants are folded, the rest becomes layers."""

    def __init__(self, model: ModelProto, writer: GraphWriter, path: Path | None) -> None:
        self.model = model
        self.writer = writer
        self.folder = path.parent if path else None
        self.needed = needed(model.graph)
        self.cut: set[str] = set()
        self.cut_at = ""
        self.behind = 0
        self.opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))

    def bind_initializers(self) -> None:
        for tensor in self.model.graph.initializer:
            with self.writer.node(tensor.name, "initializer"):
                self.writer.bind(tensor.name, stored(tensor, self.folder))
        for sparse in self.model.graph.sparse_initializer:
            with self.writer.node(sparse.values.name, "sparse initializer"):
                held = Stored(tuple(sparse.dims), elem_type=sparse.values.data_type)
                self.writer.bind(sparse.values.name, replace(held, parameters={sparse.values.name: held.elements}))

    def bind_inputs(self, input_size: tuple[int, ...] | None, batch: int | None) -> None:
        """Inputs that are not initializers become tensors; equal names of open dimensions get equal sizes."""
        from costsim.importers.onnx.inputs import Sizes

        sizes = Sizes(input_size, batch)
        for info in self.model.graph.input:
            if info.name in self.writer:
                continue
            with self.writer.node(info.name, "input"):
                self.writer.bind(info.name, self.writer.add(L.Input(sizes.shape(info))))

    def run_nodes(self, graph: GraphProto) -> None:
        from costsim.importers.onnx.scopes import blocks

        for node, (name, block) in zip(graph.node, blocks(graph.node), strict=True):
            if not any(output in self.needed for output in node.output):
                continue  # runtimes drop what no output needs
            if not self.cut.isdisjoint(node.input):
                self.cut.update(node.output)
                self.behind += 1
                continue
            with self.writer.node(name, node.op_type, block):
                if node.op_type in DATA_DEPENDENT and self._is_cut(node, name):
                    continue
                for output, value in zip(node.output, self._outputs(node), strict=False):
                    if output:
                        self.writer.bind(output, value)

    def _is_cut(self, node: NodeProto, name: str) -> bool:
        """Whether the size of what a node makes depends on the data: the network ends there for costsim."""
        tensors = [x for name in node.input if name and isinstance(x := self.writer[name], Tensor)]
        if not tensors:
            return False  # of constants it can be computed
        self.writer.unknown(f"{node.op_type} (its size depends on the data)", tensors, (1,))
        self.cut.update(node.output)
        self.cut_at = self.cut_at or f"{node.op_type} '{name}'"
        return True

    def _branch(self, node: NodeProto) -> list[Value]:
        """An ``If`` whose condition follows from shapes and constants is the branch it takes."""
        condition = self.writer[node.input[0]]
        if not isinstance(condition, Stored) or condition.values is None:
            raise InputError(
                "control flow: what runs depends on the data",
                mend="export it without, or simplify the model for fixed input sizes",
            )
        wanted = "then_branch" if condition.values.any() else "else_branch"
        branch = next(a.g for a in node.attribute if a.name == wanted)
        for tensor in branch.initializer:
            self.writer.bind(tensor.name, stored(tensor, self.folder))
        self.run_nodes(branch)
        return [self.writer[info.name] for info in branch.output]

    def _outputs(self, node: NodeProto) -> list[Any]:
        from costsim.importers.onnx.call import Call
        from costsim.importers.onnx.fold import fold
        from costsim.importers.onnx.ops import DOMAINS, LOOPS
        from costsim.importers.onnx.weights import as_operand, weights_of

        if node.op_type == "If":
            return list(self._branch(node))
        if node.op_type in LOOPS:
            raise InputError("control flow: how often it runs depends on the data", mend="export it unrolled")
        if node.op_type == "Constant" and not node.domain:
            return [_constant(node)]
        inputs = [as_operand(node.op_type, self.writer[name]) if name else None for name in node.input]
        if not any(isinstance(x, Tensor) for x in inputs) and not node.op_type.startswith("Random"):
            return list(fold(node, inputs, self.model.opset_import))
        handler = DOMAINS.get(node.domain, {}).get(node.op_type)
        if handler is None:
            with self.writer.learning(weights_of(node.op_type, inputs)):
                return self._unknown(node, inputs)
        with self.writer.learning(weights_of(node.op_type, inputs)):
            made = handler(Call.of(self.writer, node, inputs, self.opset, self.needed))
        return made if isinstance(made, list) else [made]

    def _unknown(self, node: NodeProto, inputs: list[Value | None]) -> list[Any]:
        """An op without a model: as many outputs as it has, with the shapes onnx infers for them."""
        from costsim.importers.onnx.fold import infer_shapes
        from costsim.importers.onnx.weights import weights_of

        tensors = [x for x in inputs if isinstance(x, Tensor)]
        weights = sum(x.elements for x in weights_of(node.op_type, inputs))
        inferred = infer_shapes(node, inputs, self.model.opset_import)
        declared = {info.name: _declared(info) for info in [*self.model.graph.value_info, *self.model.graph.output]}
        kind = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
        outputs: list[Any] = []
        for output, shape in zip(node.output, inferred, strict=True):
            if not output:
                outputs.append(None)
                continue
            shape = shape or declared.get(output) or tensors[0].shape
            outputs.append(self.writer.unknown(kind, tensors, tuple(max(d, 1) for d in shape) or (1,), weights))
            weights = 0
        return outputs

    def check_outputs(self, bound: bool) -> None:
        """With the file's own sizes, the inferred shapes must be those the file declares."""
        if self.cut_at:
            text = f"its size depends on the data; {self.behind} ops behind it are not counted"
            self.writer.note(f"cut at {self.cut_at}: {text}")
        read = [info for info in self.model.graph.output if info.name not in self.cut]
        self.writer.hand_out(self.writer[info.name] for info in read if info.name in self.writer)
        for info in read:
            with self.writer.node(info.name, "output"):
                value = self.writer[info.name]
                shape = _declared(info)
                if bound and shape and value.shape != shape and isinstance(value, Tensor):
                    raise InputError(
                        f"the file declares {shape}, inferred {value.shape}",
                        mend="its shapes contradict; export it again",
                    )


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


def stored(tensor: TensorProto, folder: Path | None, name: str = "") -> Stored:
    """A weight by its shape; with its values if it is small and they are there."""
    from onnx import TensorProto, external_data_helper, numpy_helper

    from costsim.importers.onnx.fold import LARGEST_VALUE
    from costsim.importers.onnx.weights import parameters

    shape = tuple(tensor.dims)
    if min(shape, default=0) < 0:
        raise InputError(f"a negative dimension: {shape}", mend="export it again")
    bare = Stored(shape, elem_type=tensor.data_type)
    held = parameters(tensor.data_type, tensor.name or name, bare.elements)
    bare = replace(bare, trainable=bool(held), parameters=held)
    if tensor.HasField("raw_data"):
        _check_bytes(tensor, bare)
    if bare.elements > LARGEST_VALUE:
        return bare
    if tensor.data_location == TensorProto.EXTERNAL:
        try:
            external_data_helper.load_external_data_for_tensor(tensor, str(folder or ""))
        except Exception:  # whatever is wrong with the other file, this one only needs its values for shapes
            return bare
    values = numpy_helper.to_array(tensor)
    return replace(bare, values=values)


def _check_bytes(tensor: TensorProto, bare: Stored) -> None:
    """Stored bytes must be as many as the shape says; types narrower than a byte are not checked."""
    from onnx import helper

    elem_bytes = helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    if elem_bytes > 1 and len(tensor.raw_data) != elem_bytes * bare.elements:
        raise InputError(
            f"holds {len(tensor.raw_data)} bytes for a shape of {bare.shape}",
            mend="the file is damaged; export it again",
        )


def _constant(node: NodeProto) -> Stored:
    import numpy as np
    from onnx import helper

    attribute = node.attribute[0]
    value = helper.get_attribute_value(attribute)
    if attribute.name == "value":
        return stored(value, None, node.output[0])
    if attribute.name == "sparse_value":
        return Stored(tuple(value.dims))
    array = np.asarray(value)
    if array.dtype.kind not in "if":
        return Stored(array.shape, trainable=False, elem_type=8)
    array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
    return Stored(array.shape, trainable=False, values=array, elem_type=helper.np_dtype_to_tensor_dtype(array.dtype))


def _declared(info: ValueInfoProto) -> tuple[int, ...] | None:
    """A shape the file writes down in full."""
    dims = info.type.tensor_type.shape.dim
    shape = tuple(d.dim_value for d in dims)
    return shape if shape and min(shape) > 0 else None


def _accepts(source: object) -> bool:
    return type(source).__name__ == "ModelProto" and type(source).__module__.startswith("onnx")


IMPORTER = Importer("onnx", load=load_onnx, suffixes=(".onnx",), accepts=_accepts)
