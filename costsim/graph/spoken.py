"""A layer as the flat attributes of a graph's node or a table's row: ``op`` and its fields, plain values all.

    op="conv", c_out=64, kernel=3, stride=2, groups=4        op="relu"        op="add"        op="concat", axis=1

Tuples are written ``3x5``, what is None ``none``, so that every graph format takes them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, replace
from functools import partial
from typing import Any

import numpy as np

from costsim.errors import InputError, nearest, unknown_name
from costsim.graph import layers as L
from costsim.graph.layers import Layer, Shape
from costsim.graph.layers.elementwise import ACTIVATIONS, ARITHMETIC
from costsim.graph.options import LAYER_TYPES, fields_of, layer_of, may_be_none, type_name

SPOKEN = {"out_channels": "c_out", "out_features": "c_out", "block": "block_size", "type_name": "type"}
"""Fields that are called otherwise in a graph, where ``block`` is the block a layer belongs to."""

DERIVED = ("op", "layer", "block", "output_shape", "params", "macs", "flops")
"""Attributes that say something else where the layer has no such field."""

NEAR = 0.75
"""Similarity to a field's name from which an attribute is taken for a misspelling of it."""

CALLED: dict[type[Layer], str] = {L.Flatten: "flatten", L.ReshapeLike: "reshape_like", L.ScatterAdd: "scatter_add"}
"""Layers that run under a word they share, or under several."""

_ONE_A_FUNCTION: dict[str, tuple[type[Layer], str]] = {
    **{function: (L.Arithmetic, function) for function in ARITHMETIC},
    "add": (L.Add, "add"),
    "mul": (L.Multiply, "mul"),
    **{function: (L.Activation, function) for function in (*ACTIVATIONS, "identity")},
    "max_pool": (L.Pool2d, "max"),
    "avg_pool": (L.Pool2d, "avg"),
}

SPELLED_OUT: dict[str, type[Layer]] = {"arithmetic": L.Arithmetic, "activation": L.Activation, "pool": L.Pool2d}
"""Words for a class whose function is a field of its own."""


def _word_of_class(kind: type[Layer]) -> str:
    """Its op word; of a copy, the one it has where it copies."""
    return CALLED.get(kind) or str(getattr(kind, "word", None) or kind.op)


_BY_FUNCTION = {*SPELLED_OUT.values(), L.Add, L.Multiply}
ONE_A_CLASS = {_word_of_class(kind): kind for kind in LAYER_TYPES.values() if kind not in _BY_FUNCTION}
"""The word of each class that has one."""

WIDTHS = ("depthwise_conv", "grouped_conv")
"""What a convolution is also called; of the first, groups and channels are those of its input."""

WORDS = (*ONE_A_CLASS, *_ONE_A_FUNCTION, *SPELLED_OUT, *WIDTHS)
"""Every word that ``op`` may be."""

_WORD_OF = {kind: word for word, kind in ONE_A_CLASS.items()}
_WINDOWED = {"kernel", "stride", "padding", "dilation", "groups", "c_out", "out_channels", "out_features"}


def attributes_of(layer: Layer) -> dict[str, Any]:
    """The layer as ``op`` and its fields. One of a class of the user's own stays the object it is, as ``layer``."""
    kind = type(layer)
    if kind in _WORD_OF:
        said: dict[str, Any] = {"op": _WORD_OF[kind]}
    elif (function := _function_word(layer)) is not None:
        said = {"op": function}
    elif kind in SPELLED_OUT.values():
        said = {"op": next(word for word, spelled in SPELLED_OUT.items() if spelled is kind), "function": None}
    else:
        return {"op": layer.op, "layer": layer}
    for name, field in fields_of(kind).items():
        value = getattr(layer, name)
        if (name == "function" and said["op"] in _ONE_A_FUNCTION) or (value is None and field.default is None):
            continue
        said[SPOKEN.get(name, name)] = _written(layer, name, value)
    return said


def layer_from(attributes: Mapping[str, Any], inputs: tuple[Shape, ...], own: Mapping[str, type[Layer]]) -> Layer:
    """The layer that a node's attributes speak of; ``own`` are the user's layer classes by their word.

    Raises:
        InputError: no layer among them, an unknown word, or a field that is missing, misspelt or of a wrong type.
    """
    given = {str(name): value for name, value in attributes.items() if not is_missing(value)}
    if isinstance(layer := given.get("layer"), Layer):
        return layer
    if layer is not None:
        raise InputError(
            f"its 'layer' is {layer!r}", mend="give it a layer of costsim.graph.layers, or 'op' and fields"
        )
    if "op" not in given:
        raise InputError("carries no layer", mend="give it 'op' and its fields, or 'layer'")
    word = str(given["op"])
    kind, options = _kind(word, own)
    if word in WIDTHS:
        given = _widths(word, given, inputs)
    known = fields_of(kind)
    by_name = {SPOKEN.get(name, name): name for name in known} | {name: name for name in known if name != "block"}
    for attribute, value in given.items():
        if (name := by_name.get(attribute)) is not None and name not in options:
            options[name] = _read(value, known[name], attribute)
        else:
            _refuse_slip(word, attribute, by_name)
    missing = [name for name, field in known.items() if name not in options and _is_required(field)]
    if missing:
        spoken = [SPOKEN.get(name, name) for name in missing]
        raise InputError(f"{word} lacks {', '.join(spoken)}", mend=f"give the node {spoken[0]}=...")
    options |= {n: None for n, f in known.items() if n not in options and f.default is MISSING and may_be_none(f)}
    return layer_of(kind, options) if kind.__module__.startswith("costsim.") else kind(**options)


def _function_word(layer: Layer) -> str | None:
    function = getattr(layer, "function", "")
    word = f"{function}_pool" if type(layer) is L.Pool2d else function
    return word if _ONE_A_FUNCTION.get(word) == (type(layer), function) else None


def _kind(word: str, own: Mapping[str, type[Layer]]) -> tuple[type[Layer], dict[str, Any]]:
    if word in own:
        return own[word], {}
    if word in WIDTHS:
        return L.Conv2d, {}
    if word in _ONE_A_FUNCTION:
        kind, function = _ONE_A_FUNCTION[word]
        return kind, {"function": function}
    for words in (ONE_A_CLASS, SPELLED_OUT):
        if word in words:
            return words[word], {}
    raise unknown_name("op", word, (*WORDS, *own))


def _widths(word: str, given: dict[str, Any], inputs: tuple[Shape, ...]) -> dict[str, Any]:
    """The channels that the word implies."""
    if word != "depthwise_conv" or len(inputs) != 1 or len(inputs[0]) < 2:
        return given
    c_in = inputs[0][1]
    return {"groups": c_in} | ({} if {"c_out", "out_channels"} & given.keys() else {"c_out": c_in}) | given


def _refuse_slip(word: str, attribute: str, fields: Mapping[str, str]) -> None:
    """Refuse an attribute that can only be meant as a field; others are the user's own."""
    if attribute in DERIVED or attribute == "function":
        return
    if attribute in _WINDOWED:
        raise InputError(f"{word} has no {attribute}", mend=f"it takes {', '.join(sorted(fields)) or 'no fields'}")
    near = nearest(attribute, fields, cutoff=NEAR)
    if near and near[0] not in ("size", "shape", "count"):
        raise unknown_name(f"field of {word}", attribute, fields)


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING and not type_name(field).endswith("| None")


def is_missing(value: Any) -> bool:
    """None, and what a table has in an empty cell."""
    return value is None or (isinstance(value, float) and math.isnan(value)) or (isinstance(value, str) and not value)


def _written(layer: Layer, name: str, value: Any) -> Any:
    """A field as a plain value; a tuple of one number as that number where the layer takes it for the same."""
    if value is None:
        return "none"
    if isinstance(value, (tuple, list)):
        plain = [v.item() if isinstance(v, np.generic) else v for v in value]
        if any(isinstance(v, np.ndarray) for v in plain):
            return value  # of a design space, which no file holds
        if plain and plain.count(plain[0]) == len(plain) and getattr(replace(layer, **{name: plain[0]}), name) == value:
            return plain[0]
        return f"{plain[0]}x" if len(plain) == 1 else "x".join(map(str, plain)) or "()"
    return value.item() if isinstance(value, np.generic) else value


def _read(value: Any, field: Field[Any], attribute: str) -> Any:
    """A plain value as the field holds it: whole numbers, tuples, flags and None out of text, where it is no text."""
    if isinstance(value, (list, tuple)):
        return tuple(_read(v, field, attribute) for v in value)
    value = value.item() if isinstance(value, np.generic) else value
    kind = type_name(field)
    if isinstance(value, np.ndarray) and value.ndim:
        raise InputError(f"'{attribute}' stands for many networks at once", mend="give one point of the design space")
    if kind in ("str", "str | None"):
        return None if kind != "str" and value == "none" else value
    if isinstance(value, str):
        return _from_text(value, attribute, flag=kind == "bool")
    if isinstance(value, float) and value.is_integer():
        return int(value)  # a column of a table that has empty cells
    return bool(value) if kind == "bool" and value in (0, 1) else value


def _from_text(text: str, attribute: str, *, flag: bool) -> Any:
    text = text.strip()
    if text.lower() == "none":
        return None
    if text == "()":
        return ()
    if flag and text.lower() in ("true", "false"):
        return text.lower() == "true"
    numbers = text.strip("()[] ")
    parts = [_number(part) for part in re.split(r"\s*[x,]\s*", numbers.rstrip("x, "))]
    if None in parts:
        raise InputError(f"'{attribute}' cannot be {text!r}", mend="write a number, or several as 3x5")
    return tuple(parts) if numbers.strip("-+.0123456789e ") else parts[0]


def _number(text: str) -> int | float | None:
    for number in (int, partial(float)):
        try:
            found = number(text)
        except ValueError:
            continue
        return found if math.isfinite(found) else None
    return None
