"""Blocks of a profile and how their fields are declared.

A declaration speaks pydantic's words, and pydantic checks what is read by it (``costsim.hardware.checked``). It is
loaded for that alone: most processes work with a profile that was checked before.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, NamedTuple, Self, dataclass_transform, get_args, get_type_hints

MISSING: Any = ...
"""The default of a field that has none."""


class Declared:
    """What pydantic's ``Field`` takes beside the default, as attributes: ``alias``, ``ge``, ``examples`` ..."""

    def __init__(self, default: Any = MISSING, **named: Any) -> None:
        self.default = default
        self.named = named
        vars(self).update(named)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic import Field as PydanticField

        return handler(Annotated[source, PydanticField(**self.named)])


def Field(default: Any = MISSING, *, alias: str | None = None, **named: Any) -> Any:
    """What there is to say of a field beside its type; ``alias`` is its word in a profile."""
    return Declared(default, **({"alias": alias} if alias else {}), **named)


PositiveFloat = Annotated[float, Declared(gt=0)]
NonNegativeFloat = Annotated[float, Declared(ge=0)]
PositiveInt = Annotated[int, Declared(gt=0)]
NonNegativeInt = Annotated[int, Declared(ge=0)]


def check(method: Callable[[Any], None]) -> Callable[[Any], None]:
    """A method of a block that raises ``ValueError`` where its fields contradict each other."""
    method.checks = True  # type: ignore[attr-defined]
    return method


class FieldOf(NamedTuple):
    """A field as it is declared."""

    word: str
    """What a profile calls it."""
    default: Any
    """``MISSING`` where there is none, or where one is made."""
    maker: Callable[[], Any] | None
    """What makes the default: ``dict``, or a block whose own fields have defaults."""

    def is_default(self, value: Any) -> bool:
        """Whether a profile would hold this value without naming the field."""
        if isinstance(value, Block) and type(value) is self.maker:
            return not value.model_dump(exclude_defaults=True)
        default = self.default if self.maker is None else self.maker()
        return value is default or (not hasattr(value, "shape") and bool(value == default))  # a column is no default


class _Described:
    """``Block.model_fields``: what pydantic knows of the fields, read from their types when first asked for."""

    def __get__(self, block: object, owner: type[Block]) -> Mapping[str, Any]:
        from costsim.hardware.checked import model_of

        fields: Mapping[str, Any] = model_of(owner).model_fields
        return fields


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Block(ABC):  # noqa: B024  families derive abstract ones
    """A part of a profile: unknown keys are refused, fields are set by their YAML words."""

    model_fields = _Described()

    def __init__(self, **values: Any) -> None:
        from costsim.hardware.checked import checked

        vars(self).update(vars(checked(type(self), values)))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """A block of values that were checked before, by field."""
        block = cls.__new__(cls)
        vars(block).update(values)
        return block

    @classmethod
    def before_checks(cls, tree: Any) -> Any:
        """What is read in the place of what is written; blocks that read more kindly than they write say so."""
        return tree

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from costsim.hardware.checked import schema_of

        return schema_of(cls, handler)

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """The block with other values, which are not checked."""
        return self.of({**vars(self), **update})

    def model_dump(
        self, *, by_alias: bool = False, exclude_defaults: bool = False, exclude: set[str] | None = None
    ) -> dict[str, Any]:
        """The block as plain data, by field or by the words of a profile."""
        dumped = {}
        for name, field in fields_of(type(self)).items():
            value = getattr(self, name)
            if name in (exclude or ()) or (exclude_defaults and field.is_default(value)):
                continue
            dumped[field.word if by_alias else name] = _dumped(value, by_alias, exclude_defaults)
        return dumped

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set: make another with model_copy")

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(vars(self).items())

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self)})"


@cache
def fields_of(kind: type[Block]) -> dict[str, FieldOf]:
    """Every field of a kind of block, those of its parents first."""
    found = {}
    for owner in reversed(kind.__mro__):
        for name, annotation in vars(owner).get("__annotations__", {}).items():
            if str(annotation).startswith("ClassVar"):
                continue
            given = vars(owner).get(name, MISSING)
            said = given if isinstance(given, Declared) else Declared(given)
            found[name] = FieldOf(said.named.get("alias", name), said.default, said.named.get("default_factory"))
    return found


@cache
def types_of(kind: type[Block]) -> dict[str, Any]:
    """Every field of a kind of block to its type, with the marks beside it."""
    return get_type_hints(kind, include_extras=True)


def marks_in(annotation: Any) -> Iterator[Any]:
    """What ``Annotated`` says beside a type, also inside ``X | None`` and collections of ``X``."""
    yield from getattr(annotation, "__metadata__", ())
    for part in get_args(annotation):
        yield from marks_in(part)


def _dumped(value: Any, by_alias: bool, exclude_defaults: bool) -> Any:
    if isinstance(value, Block):
        return value.model_dump(by_alias=by_alias, exclude_defaults=exclude_defaults)
    if isinstance(value, dict):
        return {key: _dumped(part, by_alias, exclude_defaults) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(_dumped(part, by_alias, exclude_defaults) for part in value)
    return value
