"""Profile fields as columns: one profile with arrays in it stands for many devices at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import BaseModel

from costsim.errors import InputError, unknown_name
from costsim.hardware.profile import Profile


def vary(profile: Profile, columns: Mapping[str, np.ndarray]) -> Profile:
    """A copy in which the fields at the dotted paths hold one SI value per point, shape ``(points,)``.

    Fields are named by their YAML words (``hardware.memory.onchip.size``). Values are not checked
    again: whoever makes the columns has to.

    Raises:
        InputError: no such field.
    """
    for path, values in columns.items():
        profile = _replace(profile, path.split("."), np.asarray(values, dtype=np.float64), path)
    return profile


def numeric_field(profile: Profile, key: str) -> str:
    """The full path of a number of the profile; ``key`` may leave out its beginning.

    Raises:
        InputError: no such number, or several.
    """
    matches = [path for path in profile.provenance if path == key or path.endswith(f".{key}")]
    if key in matches or len(matches) == 1:
        return key if key in matches else matches[0]
    if matches:
        raise InputError(f"'{key}' could be {' or '.join(matches)}", where=profile.name, mend="write more of the path")
    raise unknown_name("field", key, profile.provenance, where=profile.name)


def points(block: Any) -> int:
    """How many devices a profile, or a block of one, stands for."""
    return max((points(value) for value in _parts(block)), default=np.size(block) if _is_column(block) else 1)


def at_point(block: Any, point: int) -> Any:
    """A profile, or a block of one, with its columns replaced by their values at one point."""
    if _is_column(block):
        return float(block[min(point, len(block) - 1)])
    if isinstance(block, dict):
        return {word: at_point(value, point) for word, value in block.items()}
    if isinstance(block, BaseModel):
        return block.model_copy(update={name: at_point(value, point) for name, value in block})
    return block


def _is_column(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 1


def _parts(block: Any) -> list[Any]:
    if isinstance(block, BaseModel):
        return [value for _, value in block]
    return list(block.values()) if isinstance(block, dict) else []


def _replace(block: Any, path: list[str], values: np.ndarray, whole: str) -> Any:
    word, *rest = path
    if isinstance(block, dict):
        if word not in block:
            raise unknown_name("field", whole, block)
        return {**block, word: _replace(block[word], rest, values, whole) if rest else values}
    name = _field_name(block, word, whole)
    new = _replace(getattr(block, name), rest, values, whole) if rest else values
    return block.model_copy(update={name: new})


def _field_name(block: BaseModel, word: str, whole: str) -> str:
    words = {info.alias or name: name for name, info in type(block).model_fields.items()}
    if word not in words:
        raise unknown_name("field", whole, words)
    return words[word]
