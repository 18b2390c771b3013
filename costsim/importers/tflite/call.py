"""One op of a TFLite graph, with its operands resolved and their axes in the graph's order."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import pieces
from costsim.importers.operands import Operands
from costsim.importers.tflite.flatfile import FileOp
from costsim.importers.tflite.layout import MAP_RANK, TO_FILE, TO_GRAPH, to_file, to_graph
from costsim.importers.writer import Stored, Value

if TYPE_CHECKING:
    from costsim.importers.tflite.reader import Reader


@dataclass(frozen=True)
class Call(Operands):
    """What a handler needs to know of an op."""

    WRITE: ClassVar[str] = "convert"
    WHERE_VALUES_ARE: ClassVar[str] = "convert it with fixed sizes"

    op: FileOp
    reader: Reader

    def is_map(self, index: int = 0) -> bool:
        """Whether an input lies in the graph as (n, c, h, w)."""
        return self.op.inputs[index] in self.reader.maps

    @property
    def gives_map(self) -> bool:
        """Whether the first output does."""
        return self.op.outputs[0] in self.reader.maps

    def tensor(self, index: int = 0) -> Tensor:
        """An input as a tensor of the graph; a constant becomes an operand of its own."""
        value = self.value(index)
        if isinstance(value, Tensor):
            return value
        return self.writer.constant(self.in_order(index) if self.gives_map else value)

    def operand(self, index: int) -> Value:
        """An input of an op that keeps axes: constants in the order of axes that its tensors have."""
        value = self.value(index)
        if isinstance(value, Tensor):
            return self.as_given(value, self.is_map(index), self.gives_map)
        return self.in_order(index) if self.gives_map else value

    def as_given(self, x: Tensor, is_map: bool, wants_map: bool) -> Tensor:
        """The tensor in the order of axes somebody else reads; the same bytes under other names."""
        if is_map == wants_map or len(x.shape) != MAP_RANK:
            return x
        return self.writer.add(_named(x, to_graph(x.shape) if wants_map else to_file(x.shape)), x, part="axes")

    def in_file_order(self, index: int = 0) -> Tensor:
        """An input with the axes of the file, for ops that give them a new order."""
        value = self.value(index)
        if isinstance(value, Stored):
            return self.writer.constant(value)
        return self.as_given(value, self.is_map(index), False)

    def result(self, y: Tensor) -> Tensor:
        """A result with the file's axes, as the graph holds it."""
        return self.as_given(y, False, self.gives_map)

    def shaped(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        """``x`` as the first output, whose shape in the file is given."""
        wanted = tuple(shape)
        return pieces.reshaped(
            self.writer, x, to_graph(wanted) if self.gives_map and len(wanted) == MAP_RANK else wanted
        )

    def in_order(self, index: int) -> Stored:
        """A constant beside a map, with its axes as those of maps; broadcast axes stand in front."""
        return self.reader.reordered(self.op.inputs[index], self.stored(index), TO_GRAPH)

    def file_shape(self, index: int = 0) -> tuple[int, ...]:
        shape = self.value(index).shape
        return to_file(shape) if self.is_map(index) and isinstance(self.value(index), Tensor) else shape

    def axis(self, axis: int, index: int = 0) -> int:
        """An axis of the file as one of the graph's tensor."""
        axis = pieces.axis_of(axis, self.value(index).shape)
        return TO_FILE[axis] if self.is_map(index) else axis

    def weight(self, index: int, axes: Sequence[int]) -> Stored | None:
        """A stored weight with its axes in another order, the same object for every op that reads it."""
        value = self.value(index)
        return None if isinstance(value, Tensor) else self.reader.reordered(self.op.inputs[index], value, axes)

    def ints(self, index: int) -> list[int]:
        return [int(v) for v in self.numbers(index)]

    def get(self, option: str, default: Any = 0) -> Any:
        """An option by the schema's name, ``StrideH``; the default where the file leaves all of them out."""
        if self.op.options is None:
            return default
        try:
            return getattr(self.op.options, option)()
        except struct.error as error:
            raise InputError(f"its option {option} lies outside the file", mend="convert it again") from error

    @property
    def output_type(self) -> str:
        """TFLite's name of the first output's element type."""
        return self.reader.graph.tensors[self.op.outputs[0]].dtype

    def vector(self, option: str) -> list[int]:
        """An option that is a list of integers."""
        count = self.get(f"{option}Length")
        if not 0 <= count <= MAP_RANK * 2:
            raise InputError(f"its option {option} has {count} entries", mend="convert it again")
        return [int(getattr(self.op.options, option)(i)) for i in range(count)]

    def activated(self, y: Tensor) -> Tensor:
        """The fused activation as a layer of its own, to be fused again by whatever device is asked about."""
        can_fuse = hasattr(self.op.options, "FusedActivationFunction")
        function = FUSED.get(self.get("FusedActivationFunction")) if can_fuse else None
        return self.writer.add(L.Activation(function), y, part=function) if function else y


def _named(x: Tensor, shape: tuple[int, ...]) -> L.Reshape:
    return L.Reshape(shape[1:], None if shape[0] == x.shape[0] else shape[0])


FUSED = {1: "relu", 2: "clip", 3: "relu6", 4: "tanh", 5: "sign"}
"""``ActivationFunctionType``; 2 clips to -1 and 1."""
