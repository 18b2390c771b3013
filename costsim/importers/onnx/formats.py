"""Number formats in an ONNX graph: which tensors stand for integers, and what each product is therefore made in.

Quantised files either have ops over integers (QLinearConv) or leave the ops of floats between DequantizeLinear and
QuantizeLinear (QDQ); a runtime joins the latter into the former. Formats are followed by the names of tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from costsim.errors import InputError
from costsim.importers.formats import INT8
from costsim.importers.writer import Stored, Value

if TYPE_CHECKING:
    from onnx import NodeProto

UINT8 = 2
FORMATS = {UINT8: INT8, 3: INT8, 4: "int16", 5: "int16", 21: "int4", 22: "int4"}
"""Element types of onnx.proto, signed and not."""

PRODUCTS = {"Conv": (0, 1), "ConvTranspose": (0, 1), "Gemm": (0, 1), "MatMul": (0, 1), "FusedConv": (0, 1)}
"""Ops of floats that multiply, and which inputs."""

OVER_INTEGERS = {
    "ConvInteger", "DynamicQuantizeMatMul", "MatMulInteger", "MatMulIntegerToFloat", "QAttention", "QGemm",
    "QLinearConv", "QLinearMatMul",
}  # fmt: skip
"""Ops that multiply integers themselves."""

KEEPERS = {"Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
"""Ops that move values and leave them as they are."""

SCALES = {"DequantizeLinear": (1,), "QuantizeLinear": (1,), "QLinearConv": (1, 4, 6), "QLinearMatMul": (1, 4, 6)}
"""Which inputs are scales."""


class TensorFormats:
    """What is known of each tensor by name."""

    def __init__(self) -> None:
        self._format: dict[str, str] = {}

    def of_product(self, node: NodeProto) -> tuple[str | None, str | None]:
        """Formats of what a node multiplies; (None, None) where these are floats or it multiplies nothing."""
        if node.op_type in OVER_INTEGERS:
            return INT8, INT8
        operands = [node.input[i] for i in PRODUCTS.get(node.op_type, ()) if i < len(node.input)]
        read, weights = (self._format.get(name) for name in (*operands, "", "")[:2])
        return read, weights

    def follow(self, node: NodeProto, given: Sequence[Value | None]) -> None:
        """Take note of what a node makes.

        Raises:
            InputError: it goes between floats and integers without a scale.
        """
        for index in SCALES.get(node.op_type, ()):
            if index >= len(given) or given[index] is None:
                raise InputError(f"has no scale (input {index})", mend="quantise it again; a scale belongs to integers")
        if node.op_type in KEEPERS | {"DequantizeLinear"}:
            made = self._known(node, given, 0)
        elif node.op_type == "QuantizeLinear":
            made = self._known(node, given, 2) or FORMATS.get(_output_type(node))
        else:
            made = FORMATS[UINT8] if node.op_type == "DynamicQuantizeLinear" else None
        if made is not None:
            self._format[node.output[0]] = made

    def _known(self, node: NodeProto, given: Sequence[Value | None], index: int) -> str | None:
        """The format of an input: as it was followed, or as the file stores it."""
        if index >= len(given):
            return None
        value: Any = given[index]
        stored = FORMATS.get(value.elem_type) if isinstance(value, Stored) else None
        return self._format.get(node.input[index], stored)


def _output_type(node: NodeProto) -> int:
    return next((int(a.i) for a in node.attribute if a.name == "output_dtype" and a.i), UINT8)
