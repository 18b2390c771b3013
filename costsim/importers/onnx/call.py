"""One node of an ONNX graph, with its inputs resolved and its attributes in Python's words."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from costsim.graph import Tensor
from costsim.importers.onnx.protos import attribute_value
from costsim.importers.operands import Operands
from costsim.importers.writer import GraphWriter, Value

if TYPE_CHECKING:
    from onnx import NodeProto


@dataclass(frozen=True)
class Call(Operands):
    """What a handler needs to know of a node."""

    op: str
    attributes: dict[str, Any]
    output_count: int
    opset: int
    wanted: tuple[bool, ...] = ()
    """Which of its outputs are read."""

    @classmethod
    def of(
        cls, writer: GraphWriter, node: NodeProto, inputs: list[Value | None], opset: int, needed: Container[str]
    ) -> Call:
        attributes = {a.name: _decoded(attribute_value(a)) for a in node.attribute}
        wanted = tuple(name in needed for name in node.output)
        return cls(writer, tuple(inputs), node.op_type, attributes, len(node.output), opset, wanted)

    def tensor(self, index: int = 0) -> Tensor:
        """An input as a tensor of the graph; a constant becomes an operand of its own."""
        value = self.value(index)
        return value if isinstance(value, Tensor) else self.writer.constant(value)

    def ints(self, index: int, attribute: str, since: int) -> list[int] | None:
        """Integers that were an attribute before opset ``since`` and are an input from there on."""
        if attribute in self.attributes:
            given = self.attributes[attribute]
            return [int(v) for v in given] if isinstance(given, list) else [int(given)]
        return [int(v) for v in self.numbers(index)] if self.opset >= since and self.has(index) else None

    def get(self, attribute: str, default: Any = None) -> Any:
        return self.attributes.get(attribute, default)


def _decoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return [_decoded(v) for v in value] if isinstance(value, (list, tuple)) else value
