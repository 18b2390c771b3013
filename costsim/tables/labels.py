"""The words of rows, made when somebody asks for them: whoever prices networks for their times alone never does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar, overload

Label = TypeVar("Label")


class Labels(Sequence[Label], Generic[Label]):
    """A tuple whose items are all made at the first use of one of them."""

    def __init__(self, count: int, make: Callable[[], Iterable[Label]]) -> None:
        """``count`` items, which ``make`` gives in their order."""
        self._count, self._make = count, make

    @cached_property
    def _made(self) -> tuple[Label, ...]:
        return tuple(self._make())

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Label]:
        return iter(self._made)

    @overload
    def __getitem__(self, place: int) -> Label: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Label, ...]: ...

    def __getitem__(self, place: int | slice) -> Label | tuple[Label, ...]:
        return self._made[place]

    def __eq__(self, other: object) -> bool:
        return self._made == tuple(other) if isinstance(other, tuple | Labels) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._made)

    def __reduce__(self) -> Any:
        """Pickled as what it holds."""
        return tuple, (self._made,)
