"""Layers as plain data: the name of their class and its fields, checked on the way back."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any

import numpy as np

from costsim.errors import InputError, shortened, unknown_name
from costsim.graph import layers as L
from costsim.graph.layers import Layer

LAYER_TYPES: dict[str, type[Layer]] = {
    name: value
    for name in L.__all__
    if isinstance(value := getattr(L, name), type) and issubclass(value, Layer) and value is not Layer
}
"""The layers costsim ships, by the name of their class."""


OF_EVERY_LAYER = frozenset(field.name for field in fields(Layer))
"""Fields that say something of few layers: written where they do."""

SCALARS = ("Dim", "int", "bool", "str")
"""Types of a field that holds one value; all others may hold a list of them."""


def fields_of(kind: type[Layer]) -> dict[str, Field[Any]]:
    """The fields of a layer class by name."""
    return {field.name: field for field in fields(kind)}


def options_of(layer: Layer, where: str) -> dict[str, Any]:
    """The fields of a layer as lists, numbers and text.

    Raises:
        InputError: a field holds one value per point of a design space.
    """
    return {
        name: _plain(value, where)
        for name in fields_of(type(layer))
        if (value := getattr(layer, name)) is not None or name not in OF_EVERY_LAYER
    }


def layer_of(kind: type[Layer], options: dict[str, Any]) -> Layer:
    """The layer with these fields; those left out have their default.

    Raises:
        InputError: a field the layer does not have, one of the wrong type, or one that is missing.
    """
    known = fields_of(kind)
    for name in options:
        if name not in known:
            raise unknown_name("option", name, known)
    return kind(**{name: _value(value, known[name]) for name, value in options.items()})


def type_name(field: Field[Any]) -> str:
    """The declared type of a field as text, whether or not its module postpones annotations."""
    return field.type if isinstance(field.type, str) else getattr(field.type, "__name__", str(field.type))


def may_be_none(field: Field[Any]) -> bool:
    """Whether the layer takes None for it."""
    return field.default is None or type_name(field).endswith(("Any", "| None"))


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, np.ndarray) and value.ndim:
        raise InputError("stands for many networks at once", where=where, mend="write one point of the design space")
    if isinstance(value, (tuple, list)):
        return [_plain(v, where) for v in value]
    return value.item() if isinstance(value, (np.generic, np.ndarray)) else value


def _value(value: Any, field: Field[Any]) -> Any:
    """The option as the layer holds it: lists become tuples; a wrong type is refused.

    Dimensions are whole numbers; only an enlargement may be by a fraction.
    """
    if isinstance(value, (list, tuple)) and type_name(field).removesuffix(" | None") not in SCALARS:
        return tuple(_value(v, field) for v in value)
    wanted = {"bool": bool, "str": str}.get(
        type_name(field).removesuffix(" | None"), (int, float) if field.name == "scale" else int
    )
    fits = isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool)
    fits = fits and not (field.name == "learned" and value < 0)
    if not fits and not (value is None and may_be_none(field)):
        raise InputError(f"'{field.name}' cannot be {shortened(repr(value))}", mend="mend that option")
    return value
