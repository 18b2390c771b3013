"""Data classes that are compiled late do what those of the standard library do."""

from __future__ import annotations

import dataclasses
import pickle
from dataclasses import FrozenInstanceError, field, replace
from typing import Any

import pytest

from costsim.dataclass import dataclass


def _written(decorator: Any) -> Any:
    @decorator(frozen=True)
    class Written:
        first: int
        second: tuple[int, ...] = field(default_factory=tuple)
        third: int = field(default=3, repr=False)
        named: str | None = field(default=None, kw_only=True, compare=False)
        doubled: int = field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "doubled", 2 * self.first)

    return Written


LATE, PLAIN = _written(dataclass), _written(dataclasses.dataclass)


@dataclass(frozen=True)
class Base:
    """Of module level, so that it can be pickled."""

    width: int = 1


@dataclass(frozen=True)
class Derived(Base):
    height: int = 2


@dataclasses.dataclass(frozen=True)
class DerivedPlainly(Base):
    height: int = 2


def test_objects_are_made_shown_compared_and_copied_as_those_of_the_standard_library() -> None:
    assert repr(LATE(1, (2,), named="a")) == repr(PLAIN(1, (2,), named="a")).replace("PLAIN", "LATE")
    assert hash(LATE(1)) == hash(PLAIN(1)) == hash(LATE(1, named="not compared"))
    assert LATE(1) == LATE(1, named="not compared") != LATE(2)
    assert LATE(1) != PLAIN(1)
    assert replace(LATE(1), first=4).doubled == 8
    assert [f.name for f in dataclasses.fields(LATE)] == [f.name for f in dataclasses.fields(PLAIN)]


@pytest.mark.parametrize("wrong", [(), (1, (), 3, "named"), (1, (), 3, 4, 5)])
def test_wrong_arguments_are_refused(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        LATE(*wrong)


def test_fields_are_not_set_again() -> None:
    with pytest.raises(FrozenInstanceError):
        LATE(1).first = 2
    with pytest.raises(FrozenInstanceError):
        del LATE(1).first


@pytest.mark.parametrize("kind", [Derived, DerivedPlainly])
def test_classes_inherit_whichever_way_they_are_written(kind: Any) -> None:
    made = kind(height=5)
    assert (made.width, made.height) == (1, 5)
    assert made == kind(1, 5) and made != Base(1)
    assert Base(3) == Base(3) != Base(4)


def test_an_object_is_unpickled_in_a_process_that_has_made_none() -> None:
    @dataclass(frozen=True, eq=False)
    class Itself:
        value: int

    written = pickle.dumps(Derived(7))
    assert pickle.loads(written) == Derived(7)
    bare = Itself.__new__(Itself)
    object.__setattr__(bare, "value", 1)
    assert repr(bare).endswith("Itself(value=1)") and bare != Itself(1) and len({bare, Itself(1)}) == 2
