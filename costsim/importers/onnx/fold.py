"""What needs no execution: constants computed at import, shapes of what is not modelled.

Both are onnx's own work: its reference evaluator computes small constants (shape arithmetic), its
shape inference tells the shape of everything else, one node at a time.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from costsim.errors import InputError
from costsim.importers.onnx.direct import LARGEST_VALUE, RULES, directly
from costsim.importers.onnx.direct import filled as filled_in
from costsim.importers.onnx.protos import INT32, INT64, TENSOR, array_of, attribute_value, number_of
from costsim.importers.onnx.weights import FILLED, behind
from costsim.importers.writer import Stored, Value

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, OperatorSetIdProto

DATA_DEPENDENT = {"Compress", "NonMaxSuppression", "NonZero", "Unique"}
"""Ops that make as many values as the data have."""


SIZES = {
    "CenterCropPad": (1,), "ConstantOfShape": (0,), "Expand": (1,), "OneHot": (1,), "Pad": (1, 3), "Range": (0, 1, 2),
    "Reshape": (1,), "Resize": (2, 3), "Slice": (1, 2, 3, 4), "Split": (1,), "SplitToSequence": (1,), "Squeeze": (1,),
    "Tile": (1,), "TopK": (1,), "Unsqueeze": (1,), "Upsample": (1,),
}  # fmt: skip
"""The inputs of an op that decide about the shape of what it makes."""


def fold(node: NodeProto, inputs: Sequence[Value | None], opsets: Sequence[OperatorSetIdProto]) -> list[Stored]:
    """The outputs of a node that reads constants only.

    Raises:
        InputError: the node cannot be computed.
    """
    source = inputs[0] if inputs else None
    filled = node.op_type == FILLED
    made_of = {node.output[0]: 0} if filled else behind(node.op_type, inputs)
    still = any(isinstance(x, Stored) and x.filled for x in inputs)
    trainable = bool(made_of)
    at_once = _directly(node, inputs)
    if at_once is not None:
        return [_made_of(replace(at_once, trainable=trainable), made_of, filled, still)]
    shapes = infer_shapes(node, inputs, opsets)
    small = all(shape is not None and prod(shape) <= LARGEST_VALUE for shape in shapes)
    small = small or node.op_type in DATA_DEPENDENT  # they make no more than they read
    if small and all(x is None or getattr(x, "values", None) is not None for x in inputs):
        values = _evaluate(node, inputs, opsets)
        if values is not None:
            types = [number_of(v.dtype) for v in values]
            made = [Stored(v.shape, trainable, v, t) for v, t in zip(values, types, strict=True)]
            return [_made_of(x, made_of, filled, still) for x in made]
    if any(shape is None for shape in shapes):
        raise InputError("its size depends on values that are not in the file", mend="simplify the model first")
    keeps_type = isinstance(source, Stored) and not filled and node.op_type != "DequantizeLinear"
    elem_type = source.elem_type if keeps_type and isinstance(source, Stored) else 1
    made = [Stored(shape, trainable, elem_type=elem_type) for shape in shapes if shape is not None]
    return [_made_of(x, made_of, filled, still) for x in made]


def _directly(node: NodeProto, inputs: Sequence[Value | None]) -> Stored | None:
    """The one output of a node that NumPy computes, without loading the evaluator or inferring a shape."""
    given = [None if x is None else getattr(x, "values", None) for x in inputs]
    known = all(x is None or values is not None for x, values in zip(inputs, given, strict=True))
    if node.domain or not known or len(node.output) != 1 or node.op_type not in {FILLED, *RULES}:
        return None
    attributes = {a.name: array_of(a.t) if a.type == TENSOR else attribute_value(a) for a in node.attribute}
    if node.op_type == FILLED:
        made = filled_in(attributes, given[0], LARGEST_VALUE) if len(given) == 1 and given[0] is not None else None
        return None if made is None else Stored(made[0], elem_type=made[1], values=made[2])
    values = directly(node.op_type, attributes, given)
    if values is None or values.size > LARGEST_VALUE:
        return None
    return Stored(values.shape, values=values, elem_type=number_of(values.dtype))


def _made_of(x: Stored, parameters: Mapping[Hashable, int], filled: bool, still: bool) -> Stored:
    """With the parameters behind it; what is filled in is its own."""
    own = dict.fromkeys(parameters, x.elements) if filled else parameters
    return replace(x, parameters=own, filled=filled or still)


def infer_shapes(
    node: NodeProto, inputs: Sequence[Value | None], opsets: Sequence[OperatorSetIdProto]
) -> list[tuple[int, ...] | None]:
    """Shapes of the node's outputs by onnx's inference; None where it cannot tell."""
    import onnx

    deciding = [inputs[i] for i in SIZES.get(node.op_type, ()) if i < len(inputs)]
    if any(isinstance(x, Stored) and x.values is None and len(x.shape) == 1 and _is_integer(x) for x in deciding):
        return [None for _ in node.output]  # a shape too long to be one; inference would write down every entry
    try:
        model = onnx.shape_inference.infer_shapes(_single(node, inputs, opsets), data_prop=True)
    except (onnx.shape_inference.InferenceError, ValueError, RuntimeError):
        return [None for _ in node.output]
    found = {}
    for value in [*model.graph.output, *model.graph.value_info]:
        tensor = value.type.tensor_type
        if tensor.HasField("shape"):
            dims = tuple(d.dim_value if d.HasField("dim_value") else -1 for d in tensor.shape.dim)
            found[value.name] = dims if min(dims, default=0) >= 0 else None
    return [found.get(name) for name in node.output]


def _evaluate(
    node: NodeProto, inputs: Sequence[Value | None], opsets: Sequence[OperatorSetIdProto]
) -> list[NDArray[Any]] | None:
    """The node's outputs by onnx's reference evaluator; None where that cannot run it."""
    from onnx.reference import ReferenceEvaluator

    feeds = {name: x.values for name, x in zip(node.input, inputs, strict=True) if isinstance(x, Stored) and name}
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = ReferenceEvaluator(_single(node, inputs, opsets, stored=False)).run(None, feeds)
    except Exception:  # it raises whatever its NumPy code meets, and lacks some ops at some opsets
        return None
    return [np.asarray(result) for result in results]


def _is_integer(x: Stored) -> bool:
    return x.elem_type in (INT32, INT64)


def _single(
    node: NodeProto, inputs: Sequence[Value | None], opsets: Sequence[OperatorSetIdProto], stored: bool = True
) -> ModelProto:
    """A model of this one node. Inputs whose values are known are initializers, if they are to be ``stored``."""
    from onnx import TensorProto, helper, numpy_helper

    infos, initializers = {}, {}
    for name, x in zip(node.input, inputs, strict=True):
        if x is None or not name:
            continue
        if isinstance(x, Stored) and x.values is not None and stored:
            initializers[name] = numpy_helper.from_array(np.asarray(x.values), name)
        else:
            elem_type = x.elem_type if isinstance(x, Stored) else TensorProto.FLOAT
            infos[name] = helper.make_tensor_value_info(name, elem_type, x.shape)
    outputs = [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in node.output if name]
    graph = helper.make_graph([node], "node", list(infos.values()), outputs, list(initializers.values()))
    return helper.make_model(graph, opset_imports=list(opsets))
