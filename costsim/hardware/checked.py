"""Blocks as pydantic's models, which check what is read."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model
from pydantic_core import PydanticUndefined, core_schema

from costsim.hardware.declared import MISSING, Block, Declared, fields_of, types_of

AnyBlock = TypeVar("AnyBlock", bound=Block)

STRICT = ConfigDict(extra="forbid", populate_by_name=True, defer_build=True, allow_inf_nan=False)


def checked(kind: type[AnyBlock], values: dict[str, Any]) -> AnyBlock:
    """A block of these values, by field or by the words of a profile.

    Raises:
        ValidationError: they are not what the block declares.
    """
    block: AnyBlock = _adapter(kind).validate_python(values)
    return block


@cache
def model_of(kind: type[Block]) -> type[BaseModel]:
    """The model with the fields a block declares."""
    fields: Any = {name: (types_of(kind)[name], _default(kind, name)) for name in fields_of(kind)}
    model: type[BaseModel] = create_model(kind.__name__, __config__=STRICT, __doc__=kind.__doc__, **fields)
    return model


def schema_of(kind: type[Block], handler: Any) -> Any:
    """How pydantic checks a block wherever a type names it: as its model, then by its own methods."""
    methods = _checks(kind)

    def read(values: Any, as_model: Callable[[Any], BaseModel]) -> Block:
        if isinstance(values, kind):
            return values
        block = kind.of(vars(as_model(kind.before_checks(values))))
        for name in methods:
            getattr(block, name)()
        return block

    return core_schema.no_info_wrap_validator_function(read, handler.generate_schema(model_of(kind)))


@cache
def _adapter(kind: type[Block]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _default(kind: type[Block], name: str) -> Any:
    declared = next((vars(owner)[name] for owner in kind.__mro__ if name in vars(owner)), MISSING)
    if not isinstance(declared, Declared):
        return declared
    return Field(PydanticUndefined if declared.default is MISSING else declared.default, **declared.named)


def _checks(kind: type[Block]) -> list[str]:
    """Names of the methods that check a block, those of its parents first."""
    methods = ((name, method) for owner in reversed(kind.__mro__) for name, method in vars(owner).items())
    return list(dict.fromkeys(name for name, method in methods if getattr(method, "checks", False)))
