"""One node of an ONNX graph, with its inputs resolved and its attributes in Python's words."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.importers.writer import GraphWriter, Stored, Value

if TYPE_CHECKING:
    from onnx import NodeProto


@dataclass(frozen=True)
class Call:
    """What a handler needs to know of a node."""

    writer: GraphWriter
    op: str
    inputs: tuple[Value | None, ...]
    attributes: dict[str, Any]
    output_count: int
    opset: int
    wanted: tuple[bool, ...] = ()
    """Which of its outputs are read."""

    @classmethod
    def of(
        cls, writer: GraphWriter, node: NodeProto, inputs: list[Value | None], opset: int, needed: Container[str]
    ) -> Call:
        from onnx import helper

        attributes = {a.name: _decoded(helper.get_attribute_value(a)) for a in node.attribute}
        wanted = tuple(name in needed for name in node.output)
        return cls(writer, node.op_type, tuple(inputs), attributes, len(node.output), opset, wanted)

    def has(self, index: int) -> bool:
        return index < len(self.inputs) and self.inputs[index] is not None

    def value(self, index: int) -> Value:
        if not self.has(index):
            raise InputError(f"input {index} is missing", mend="export it again")
        value = self.inputs[index]
        assert value is not None
        return value

    def tensor(self, index: int = 0) -> Tensor:
        """An input as a tensor of the graph; a constant becomes an operand of its own."""
        value = self.value(index)
        return value if isinstance(value, Tensor) else self.writer.constant(value)

    def stored(self, index: int) -> Stored:
        """An input that must be held in the file; its values may be left out."""
        value = self.value(index)
        if isinstance(value, Tensor):
            raise InputError(f"input {index} is computed at run time", mend="export it with stored weights")
        return value

    def numbers(self, index: int) -> list[Any]:
        """The values of an input on which shapes depend."""
        value = self.stored(index)
        if value.values is None:
            raise InputError(
                f"input {index} decides about shapes and its values are not in the file",
                mend="put the external data beside the file, or save the model in one file",
            )
        return list(value.values.reshape(-1).tolist())

    def ints(self, index: int, attribute: str, since: int) -> list[int] | None:
        """Integers that were an attribute before opset ``since`` and are an input from there on."""
        if attribute in self.attributes:
            return [int(v) for v in self.attributes[attribute]]
        return [int(v) for v in self.numbers(index)] if self.opset >= since and self.has(index) else None

    def get(self, attribute: str, default: Any = None) -> Any:
        return self.attributes.get(attribute, default)


def _decoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return [_decoded(v) for v in value] if isinstance(value, (list, tuple)) else value
