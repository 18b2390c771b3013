"""Sizes that only the data decide, while a module is traced: boxes that pass a threshold, pixels of a mask.

torch cannot trace on where Python's course depends on such a size. So ops of the same names stand in that make a
number of values which is assumed: as many as the user says, or a few that only lead the trace to its end and are cut
off when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import torch
from torch import Tensor
from torch.fx.experimental.symbolic_shapes import ShapeEnv
from torch.overrides import TorchFunctionMode

DATA_DEPENDENT = ("nonzero", "nms", "unique")
"""The ops that stand in, of the library ``costsim``."""

FEW = 4
"""Values that lead a trace to its end."""

MANY = 8
"""Ops with sizes of the data that torch itself traces on from: with every further one its sizes get more involved, and
a detector that selects boxes class by class takes minutes."""

_library = torch.library.Library("costsim", "FRAGMENT")
_library.define("nonzero(Tensor self, int count) -> Tensor")
_library.define("nms(Tensor boxes, Tensor scores, int count) -> Tensor")
_library.define("unique(Tensor self, int count) -> Tensor")

_FAKES: dict[str, Callable[..., Tensor]] = {
    "nonzero": lambda self, count: self.new_empty((count, self.dim()), dtype=torch.int64),
    "nms": lambda boxes, scores, count: boxes.new_empty((count,), dtype=torch.int64),
    "unique": lambda self, count: self.new_empty((count,)),
}
for _name, _fake in _FAKES.items():
    torch.library.register_fake(f"costsim::{_name}", _fake, lib=_library)
    _library.impl(_name, _fake, "CompositeExplicitAutograd")


class _Assuming(TorchFunctionMode):
    """Puts the ops that stand in where the module calls one whose size the data decide."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.decided = False
        """Whether Python's course was led by a value of a tensor."""
        self.read = False
        """Whether a number was taken out of a tensor."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        if name == "__getitem__" and _holds_mask(args[1]):
            return function(args[0], self._places(args[1]))
        if name == "masked_select":
            return args[0][self._places(args[1])]
        made = self._made(name, args, kwargs)
        return function(*args, **kwargs) if made is None else made

    def _made(self, name: str, args: Any, kwargs: Any) -> Any:
        ops, count = torch.ops.costsim, self.count
        first = args[0] if args and isinstance(args[0], Tensor) else None
        if first is None:
            return None
        if name == "nonzero" or (name == "where" and len(args) + len(kwargs) == 1):
            places = ops.nonzero(first, count)
            as_tuple = name == "where" or kwargs.get("as_tuple")
            return tuple(places.unbind(1)) if as_tuple else places
        if name == "argwhere":
            return ops.nonzero(first, count)
        if name in ("unique", "_unique2", "_return_output", "unique_consecutive"):
            return ops.unique(first, count)
        if name == "nms" or name.startswith("torchvision.nms"):
            return ops.nms(first, args[1], count)
        if name in ("item", "__int__", "__index__", "__float__", "tolist"):
            return self._number(name, first)
        if name == "__bool__":
            self.decided = True
            return True
        return None

    def _number(self, name: str, x: Tensor) -> Any:
        self.read = True
        if name == "tolist" and x.dim():
            return [self.count] * x.numel()
        return float(self.count) if name == "__float__" else self.count

    def _places(self, index: Any) -> tuple[Any, ...]:
        """An index with lists of positions in the place of masks, as torch itself indexes."""
        places: list[Any] = []
        for part in index if isinstance(index, tuple) else (index,):
            is_mask = _is_mask(part)
            places += torch.ops.costsim.nonzero(part, self.count).unbind(1) if is_mask else [part]
        return tuple(places)


class TooInvolved(Exception):
    """More sizes depend on the data than a trace with open ones is worth."""

    def __str__(self) -> str:
        return "data-dependent"


@contextmanager
def watching() -> Iterator[None]:
    """Let torch trace on from a few sizes of the data, or numbers read out of them, and give up at one more.

    torch makes a symbol for each; those are counted, which costs other networks nothing.
    """
    own, met = ShapeEnv.create_unbacked_symint, count(1)

    def counted(self: ShapeEnv, *args: Any, **kwargs: Any) -> Any:
        if next(met) > MANY:
            raise TooInvolved
        return own(self, *args, **kwargs)

    ShapeEnv.create_unbacked_symint = counted  # type: ignore[method-assign]
    try:
        yield
    finally:
        ShapeEnv.create_unbacked_symint = own  # type: ignore[method-assign]


def _is_mask(index: Any) -> bool:
    return isinstance(index, Tensor) and index.dtype in (torch.bool, torch.uint8) and index.dim() > 0


def _holds_mask(index: Any) -> bool:
    return any(_is_mask(part) for part in index) if isinstance(index, tuple) else _is_mask(index)


@contextmanager
def assuming(boxes: int | None) -> Iterator[_Assuming]:
    """Trace with so many values where the data decide their number, and every condition on the data true."""
    taken_over = _suppression(boxes or FEW)
    try:
        with _Assuming(boxes or FEW) as assumptions:
            yield assumptions
    finally:
        for owner, own in taken_over:
            owner.nms = own


def _suppression(count: int) -> list[tuple[Any, Any]]:
    """Torchvision's own suppression calls its library at once, past the functions of torch: it is replaced as well."""
    import sys

    replaced = []
    for name in ("torchvision.ops.boxes", "torchvision.ops"):
        module = sys.modules.get(name)
        if module is not None and hasattr(module, "nms"):
            replaced.append((module, module.nms))
            setattr(module, "nms", lambda boxes, scores, threshold: torch.ops.costsim.nms(boxes, scores, count))  # noqa: B010
    return replaced
