"""What was worked out for a table last, for callers that ask for the same again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")


def remember(table: Any, name: str, given: tuple[Any, ...], make: Callable[[], Result]) -> Result:
    """The result of ``make``, which depends on the table's columns and on ``given`` alone; kept until these change.

    A sweep of hardware prices one table on thousands of devices that differ in few numbers. What
    does not depend on those is worked out once. Numbers are compared, all else has to be the same object.
    """
    kept = vars(table).setdefault("_remembered", {})
    if name not in kept or not all(map(_same, kept[name][0], given)):
        kept[name] = (given, make())
    return kept[name][1]


def _same(one: Any, other: Any) -> bool:
    return one is other or (isinstance(one, PLAIN) and isinstance(other, PLAIN) and one == other)


PLAIN = (int, float, str)
