"""The operands of one op of a file, resolved: what the calls of all file formats share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.importers.writer import GraphWriter, Stored, Value


@dataclass(frozen=True)
class Operands:
    """Inputs by position, None where an optional one is left out."""

    WRITE: ClassVar[str] = "export"
    """How such files come about, as an order: what is to be done about one that lacks something."""
    WHERE_VALUES_ARE: ClassVar[str] = "put the external data beside the file, or save the model in one file"
    """What to do where the values of a stored tensor are missing."""

    writer: GraphWriter
    inputs: tuple[Value | None, ...]

    def has(self, index: int) -> bool:
        return index < len(self.inputs) and self.inputs[index] is not None

    def value(self, index: int = 0) -> Value:
        """An input that has to be there, as a tensor of the graph or a stored one."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None:
            raise InputError(f"input {index} is missing", mend=f"{self.WRITE} it again")
        return value

    def stored(self, index: int) -> Stored:
        """An input that must be held in the file; its values may be left out."""
        value = self.value(index)
        if isinstance(value, Tensor):
            raise InputError(f"input {index} is computed at run time", mend=f"{self.WRITE} it with stored weights")
        return value

    def numbers(self, index: int) -> list[Any]:
        """The values of an input on which shapes depend."""
        value = self.stored(index)
        if value.values is None:
            raise InputError(
                f"input {index} decides about shapes and its values are not in the file",
                mend=self.WHERE_VALUES_ARE,
            )
        return list(value.values.reshape(-1).tolist())
