"""Results worked out before, for callers that ask for the same again: a sweep prices one table on thousands of devices.

Whoever makes a table owns what is kept for it: a cache lives in the object it serves and is freed with it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar

import numpy as np

Result = TypeVar("Result")
Answer = TypeVar("Answer")


class Cache:
    """The last result of each kind, kept until what it depends on changes in value. Safe from threads.

    Arguments are kept with the result and compared number by number: no key can be mistaken for another.
    Two threads that ask for the same at once may both work it out; each gets a result of its own arguments.
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[str, tuple[tuple[Any, ...], Any]] = {}

    def get(self, name: str, given: tuple[Any, ...], make: Callable[[], Result]) -> Result:
        """The result of ``make``, which depends on ``given`` and on the owner of this cache alone.

        Args:
            name: what is asked for; one result is kept of each.
            given: numbers, words, arrays, blocks of profiles, none of which is ever written to.
            make: works it out.
        """
        kept = self._kept.get(name)  # one read of one pair: another thread may put another in its place
        if kept is not None and same_value(kept[0], given):
            return kept[1]
        result = make()
        self._kept[name] = given, result
        return result


class RowCache(Generic[Answer]):
    """Answers to rows, each worked out once however often it occurs, in one table or in thousands. Safe from threads.

    Bounded: answers that were not asked for since as many others were are forgotten.
    """

    MOST_KEPT = 2_000
    """Rows of one generation; two are kept: some MiB in all."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[Hashable, Answer] = {}
        self._older: dict[Hashable, Answer] = {}

    def __len__(self) -> int:
        return len(self._kept) + len(self._older)

    def answers(
        self, keys: Sequence[Hashable], work_out: Callable[[np.ndarray], Sequence[Answer]]
    ) -> tuple[list[Answer], np.ndarray]:
        """The distinct answers, and ``(rows,)`` which of them each row has.

        Args:
            keys: per row, all that its answer depends on, the question among it.
            work_out: positions of rows to one answer each.
        """
        place: dict[Hashable, int] = {}
        which = np.array([place.setdefault(key, len(place)) for key in keys], dtype=int)
        with self._lock:
            known = {key: kept[key] for key in place for kept in (self._older, self._kept) if key in kept}
        unknown = [key for key in place if key not in known]
        if unknown:
            first_at = np.unique(which, return_index=True)[1]
            found = work_out(first_at[[place[key] for key in unknown]])
            known.update(zip(unknown, found, strict=True))
        with self._lock:
            if len(self._kept) + len(known) > self.MOST_KEPT:
                self._kept, self._older = {}, self._kept
            self._kept.update(known)
        return [known[key] for key in place], which


class Caches:
    """What one caller keeps between the tables it has priced: a session, a sweep's process, or a single analysis."""

    def __init__(self) -> None:
        self.array_costs: RowCache[tuple[float, ...]] = RowCache()
        """What an accelerator's array costs a row."""
        self.tiles: RowCache[np.ndarray] = RowCache()
        """The best tiles of a row for every size of buffer."""


def same_value(one: Any, other: Any) -> bool:
    """Whether two values are of one type and hold the same numbers and words, looked at through and through."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and one.dtype == other.dtype and bool(np.all(one == other))
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same_value(value, other[key]) for key, value in one.items())
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same_value, one, other))
    if hasattr(one, "__dict__"):  # frozen blocks of a profile, tables, plans
        return same_value(vars(one), vars(other))
    return bool(one == other)


def hashable(value: Any) -> Hashable:
    """A key with the same numbers and words as a block of a profile at one point, whatever lies in it."""
    if isinstance(value, Mapping):
        return frozenset((name, hashable(part)) for name, part in value.items())
    if isinstance(value, tuple | list):
        return tuple(map(hashable, value))
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    if hasattr(value, "__dict__"):
        return type(value), hashable(vars(value))
    return value
