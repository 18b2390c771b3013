"""Sizes of tensors in an exported program: fixed, open with an example, or known only when it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sympy import Integer, solve

from costsim.errors import InputError, unknown_name
from costsim.graph.layers import Shape
from costsim.graph.resize import InputSize

if TYPE_CHECKING:
    from torch.export import ExportedProgram


class DataDependent(Exception):
    """A size that only the data decide."""


class Sizes:
    """Whole numbers. An open size is the one asked for, or that of the example; the program is left as it is."""

    def __init__(self) -> None:
        self._known: dict[Any, int] = {}
        """Symbols of open sizes that were asked for, and of those that constants of the program decide."""

    def know(self, size: Any, length: int) -> None:
        """Take a size that is open, or follows from one that is, to be as long as was found."""
        found = solved(size, length)
        if found is not None:
            self._known[found[0]] = Integer(found[1])

    def keep(self, size: Any) -> None:
        """Take an open size to be that of the example, unless another was asked for."""
        node = getattr(size, "node", None)
        if node is not None and not node.expr.free_symbols <= set(self._known) and node.hint is not None:
            self.know(size, node.hint)

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


def ask(program: ExportedProgram, input_size: InputSize, sizes: Sizes, where: str) -> None:
    """Give the open sizes of a program's inputs the values asked for; others keep those of the example.

    Raises:
        InputError: an input has no such name, or is fixed to another size.
    """
    nodes = [n for n in program.graph.nodes if n.name in program.graph_signature.user_inputs and n.op == "placeholder"]
    tensors = {n.name: n.meta["val"] for n in nodes if hasattr(n.meta.get("val"), "shape")}
    for name, size in _by_name(input_size, list(tensors), where).items():
        known = list(tensors[name].shape)
        own = known[len(known) - len(size) :]
        if len(size) not in (len(known), len(known) - 1) or not all(map(_fits, own, size, [program] * len(size))):
            text = "x".join(str(sizes.value(length)) for length in known[1:])
            raise InputError(f"the program was exported for {text}", where=where, mend="export it with another input")
        for length, asked in zip(own, size, strict=True):
            sizes.know(length, asked)
    for tensor in tensors.values():
        for length in tensor.shape:
            sizes.keep(length)


def _by_name(input_size: Any, names: list[str], where: str) -> Mapping[str, Any]:
    if isinstance(input_size, Mapping):
        for name in input_size:
            if name not in names:
                raise unknown_name("input", name, names, where=where)
        return input_size
    several = bool(input_size) and isinstance(input_size[0], (tuple, list))
    return dict(zip(names, input_size if several else [input_size], strict=False))


def _fits(length: Any, asked: int, program: ExportedProgram) -> bool:
    """Whether a size is the one asked for, or open to it."""
    if not getattr(getattr(length, "node", None), "expr", Integer(0)).free_symbols:
        return int(length) == asked
    found = solved(length, asked)
    if found is None:
        return False
    allowed = program.range_constraints.get(found[0])
    return allowed is None or bool(allowed.lower <= found[1] <= allowed.upper)


def solved(size: Any, length: int) -> tuple[Any, int] | None:
    """The open size that a size follows from (``4 * h``), and what it has to be for this length.

    None where no whole number makes it that long, or several open sizes decide.
    """
    expression: Any = getattr(getattr(size, "node", None), "expr", None)
    symbols = list(getattr(expression, "free_symbols", ()))
    if len(symbols) != 1:
        return None
    symbol = symbols[0]
    if expression == symbol:
        return symbol, length
    whole = [root for root in solve(expression - length, symbol) if root.is_Integer]
    return (symbol, int(whole[0])) if len(whole) == 1 else None


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
