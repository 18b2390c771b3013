"""Sizes of tensors in an exported program: fixed, open with an example, or known only when it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from costsim.graph.layers import Shape


class DataDependent(Exception):
    """A size that only the data decide."""


class Sizes:
    """Sizes as whole numbers. An open size is read as that of the example; the program is left as it is."""

    def value(self, size: Any) -> Any:
        """A number, open or not; whatever is no number as it is.

        Raises:
            DataDependent: only running the network tells.
        """
        node = getattr(size, "node", None)
        if node is None or not hasattr(node, "expr"):
            return size
        hint = None if _is_unbacked(node) else node.hint
        if hint is None:
            raise DataDependent
        return hint

    def shape(self, tensor: Any) -> Shape:
        """The shape of a tensor.

        Raises:
            DataDependent: a size of it is known only when it runs.
        """
        return tuple(int(self.value(size)) for size in tensor.shape)


def _is_unbacked(node: Any) -> bool:
    return any(str(symbol).startswith(("u", "zuf")) for symbol in node.expr.free_symbols)


@dataclass
class Cut:
    """Where a network ends for costsim: at the first op whose size depends on the data."""

    op: str
    name: str
    ops: int = 0

    def behind(self, node: Any) -> None:
        """One more op is behind the cut."""
        self.ops += 1

    def note(self) -> str:
        """What a user should know of it."""
        return f"cut at {self.op} '{self.name}': its size depends on the data; {self.ops} ops behind it are not counted"
