"""Sizes of tensors in an exported program: fixed, open with an example, or known only when it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import Integer

from costsim.graph.layers import Shape


class DataDependent(Exception):
    """A size that only the data decide."""


class Sizes:
    """Sizes as whole numbers. An open size is read as that of the example; the program is left as it is."""

    def __init__(self) -> None:
        self._known: dict[Any, int] = {}
        """Symbols of sizes that constants of the program decide."""

    def know(self, size: Any, length: int) -> None:
        """Take a size that is open, and nothing but open, to be as long as was found."""
        node = getattr(size, "node", None)
        if node is not None and hasattr(node, "expr") and node.expr.is_Symbol:
            self._known[node.expr] = Integer(length)

    def value(self, size: Any) -> Any:
        """A number, open or not; whatever is no number as it is.

        Raises:
            DataDependent: only running the network tells.
        """
        node = getattr(size, "node", None)
        if node is None or not hasattr(node, "expr"):
            return size
        expression = node.expr.xreplace(self._known) if self._known else node.expr
        if expression.is_number:
            return int(expression)
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
    """Where a network ends for costsim: at the first op whose size, or whose choice of a branch, the data decide."""

    op: str
    name: str
    reason: str = "its size depends on the data"
    ops: int = 0

    def behind(self, node: Any) -> None:
        """One more op is behind the cut."""
        self.ops += 1

    def note(self) -> str:
        """What a user should know of it."""
        return f"cut at {self.op} '{self.name}': {self.reason}; {self.ops} ops behind it are not counted"
