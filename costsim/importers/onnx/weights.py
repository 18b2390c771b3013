"""Which stored inputs of an ONNX node are weights, and the parameters behind what is computed from them.

A parameter is an element of a tensor the file stores. It counts once, with the first layer that reads it, however
many nodes read the tensor and in whatever form: turned, expanded, looked up in a table.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeGuard

import numpy as np

from costsim.importers.writer import Stored, Value

WEIGHT_INPUTS: dict[str, tuple[int, ...]] = {
    "BatchNormalization": (1, 2),
    "ConvInteger": (1,),
    "DynamicQuantizeLSTM": (1, 2, 3, 7),
    "DynamicQuantizeMatMul": (1, 4),
    "EmbedLayerNormalization": (2, 3, 4, 5, 6),
    "GatherBlockQuantized": (0,),
    "GroupQueryAttention": (),
    "MatMulBnb4": (1,),
    "MatMulNBits": (1, 5),
    "QAttention": (1, 2),
    "RotaryEmbedding": (),
    "GRU": (1, 2, 3),
    "LSTM": (1, 2, 3, 7),
    "MatMulInteger": (1,),
    "MatMulIntegerToFloat": (1, 6),
    "QGemm": (3, 6),
    "QLinearAdd": (0, 3),
    "QLinearConv": (3, 8),
    "QLinearMatMul": (3,),
    "QLinearMul": (0, 3),
    "RNN": (1, 2, 3),
    "Clip": (),
    "Col2Im": (),
    "ConvTransposeWithDynamicPads": (1, 3),
    "AffineGrid": (),
    "CumSum": (),
    "OneHot": (),
    "Pad": (),
    "Resize": (),
    "Scatter": (),
    "ScatterElements": (),
    "ScatterND": (),
    "TensorScatter": (),
    "Upsample": (),
}
"""Ops of whose stored inputs only some are weights: statistics, scales, zero points and sizes are none."""

RECURRENT = {"GRU", "LSTM", "RNN"}

FILLED = "ConstantOfShape"
"""A network stripped of its weights fills them in at run time; elsewhere the same op makes zeros to pad with."""

TAKES_FILLED = {
    "BatchNormalization", "Conv", "ConvTranspose", "Gemm", "InstanceNormalization", "LayerNormalization", "MatMul",
    "PRelu", "Reshape", "Transpose", "Unsqueeze", "Squeeze", "Identity", "Flatten", "Cast",
}  # fmt: skip
"""Ops whose weights may be filled in, and those that bring a weight into its form."""

COUNTS_SCALARS = {
    "Conv", "ConvTranspose", "DeformConv", "Einsum", "FusedConv", "Gemm", "GroupNormalization",
    "InstanceNormalization", "LayerNormalization", "MatMul", "PRelu", "RMSNormalization",
}  # fmt: skip
"""Ops for which a single stored number is a parameter; elsewhere it is a factor somebody wrote."""

SCALED = {"Add", "Mul"}
"""Ops with which a network learns single numbers: the bias of one column, the factor of a branch."""

VIEWS = {"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
"""Ops that keep every element of what they read."""

FLOATS = {1, 10, 11, 16, 17, 18, 19, 20, 23}
QUANTISED = {2, 3, 4, 5, 21, 22}
"""Element types of onnx.proto: floating point of 4 to 64 bits; integers of 4 to 16 bits."""


def parameters(elem_type: int, name: str, elements: int) -> Mapping[Hashable, int]:
    """The parameters of a stored tensor: its elements, if they are no sizes, indices or truth values."""
    return {name: elements} if elem_type in FLOATS | QUANTISED | {6} else {}


def weights_of(op: str, inputs: Sequence[Value | None]) -> list[Stored]:
    """The stored inputs of a node that are its weights."""
    if op == "InstanceNormalization" and inputs and inputs[0] is not None and len(inputs[0].shape) == 3:
        return [x for x in inputs if isinstance(x, Stored) and not _is_neutral(x)]
    chosen = WEIGHT_INPUTS.get(op)
    if chosen is not None:
        held = [x for i in chosen if i < len(inputs) and isinstance(x := inputs[i], Stored)]
        return held + ([x for x in inputs[5:7] if _is_learned_state(x)] if op in RECURRENT else [])
    return [x for x in inputs if isinstance(x, Stored) and _is_weight(x) and _is_more_than_a_number(op, x)]


def behind(op: str, inputs: Iterable[Value | None]) -> Mapping[Hashable, int]:
    """The parameters that what a node computes from constants alone is made of."""
    held = [x for x in inputs if isinstance(x, Stored)]
    if op == "DequantizeLinear":
        return held[0].parameters or {}
    counted = [x for x in held if _is_weight(x) and (x.elements > 1 or op in VIEWS)]
    return {key: n for x in counted for key, n in (x.parameters or {}).items()}


def as_operand(op: str, value: Value | None) -> Value | None:
    """An input as the node sees it: zeros that are joined or added are no weights."""
    if isinstance(value, Stored) and value.filled and op not in TAKES_FILLED:
        return replace(value, trainable=False, parameters={}, filled=False)
    return value


def _is_weight(x: Stored) -> bool:
    return x.trainable and x.elem_type in FLOATS | QUANTISED


def _is_more_than_a_number(op: str, x: Stored) -> bool:
    """Whether it has several elements, or its one was learned: a factor in the code is a number without axes."""
    return x.elements > 1 or op in COUNTS_SCALARS or (op in SCALED and len(x.shape) > 0)


def _is_learned_state(x: Value | None) -> TypeGuard[Stored]:
    """A first state that is not just zeros."""
    return isinstance(x, Stored) and x.values is not None and not is_zero(x)


def is_zero(x: Stored) -> bool:
    """Whether it is known to hold nothing but zeros."""
    return x.filled or (x.values is not None and not np.any(x.values))


def _is_neutral(x: Stored) -> bool:
    """All ones or all zeros: what a norm without weights of its own is written with."""
    return x.values is not None and bool((x.values == 1).all() or (x.values == 0).all())
