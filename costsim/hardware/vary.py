"""Profile fields as columns: one profile with arrays in it stands for many devices at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from costsim.errors import InputError, unknown_name
from costsim.hardware.declared import Block, fields_of
from costsim.hardware.profile import Profile
from costsim.hardware.trees import fields_named


def vary(profile: Profile, columns: Mapping[str, np.ndarray]) -> Profile:
    """A copy in which the fields at the dotted paths hold one SI value per point, shape ``(points,)``.

    A single value becomes a number. Fields are named by their YAML words
    (``hardware.memory.onchip.size``). Values are not checked again: whoever makes the columns has to.

    Raises:
        InputError: no such field.
    """
    for path, values in columns.items():
        column = np.asarray(values, dtype=np.float64)
        profile = _replace(profile, path.split("."), column.item() if column.size == 1 else column, path)
    return profile


def folded(values: np.ndarray) -> Any:
    """A plain number where all points agree, so that it costs no more than one point; else the column."""
    if not (values == values[0]).all():
        return values
    return values[0] if values.dtype == object else values[0].item()


def numeric_field(profile: Profile, key: str) -> str:
    """The full path of a number of the profile; ``key`` may leave out its beginning.

    Raises:
        InputError: no such number, or several.
    """
    matches = fields_named(key, profile.provenance)
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise InputError(f"'{key}' could be {' or '.join(matches)}", where=profile.name, mend="write more of the path")
    raise unknown_name("field", key, profile.provenance, where=profile.name)


def field_at(profile: Profile, path: str) -> Any:
    """The SI value of the number at a dotted path of YAML words; one a point where it is a column."""
    block: Any = profile
    for word in path.split("."):
        block = block[word] if isinstance(block, dict) else getattr(block, _field_name(block, word, path))
    return block


def points(block: Any) -> int:
    """How many devices a profile, or a block of one, stands for."""
    return max((points(value) for value in _parts(block)), default=np.size(block) if _is_column(block) else 1)


def at_point(block: Any, point: int) -> Any:
    """A profile, or a block of one, with its columns replaced by their values at one point."""
    return at_points(block, np.array([point]))


def at_points(block: Any, where: np.ndarray) -> Any:
    """The same at several points; a column whose values agree there becomes a number."""
    if _is_column(block):
        return folded(block[where if len(block) > 1 else [0]])
    if isinstance(block, dict):
        return {word: at_points(value, where) for word, value in block.items()} if _columns(block) else block
    if isinstance(block, Block):
        chosen = {name: at_points(value, where) for name, value in block}
        changed = {name: value for name, value in chosen.items() if value is not getattr(block, name)}
        return block.model_copy(update=changed) if changed else block
    return block


def equal_points(*blocks: Any) -> list[np.ndarray]:
    """The points at which these blocks of a profile hold the same numbers, group by group."""
    columns = [column for block in blocks for column in _columns(block)]
    width = max((len(column) for column in columns), default=1)
    distinct = np.stack([np.broadcast_to(column, width) for column in columns] or [np.zeros(1)])
    groups, group_of = np.unique(distinct, axis=1, return_inverse=True)
    return [np.flatnonzero(group_of.ravel() == group) for group in range(groups.shape[1])]


def _is_column(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 1


def _columns(block: Any) -> list[np.ndarray]:
    return [block] if _is_column(block) else [column for part in _parts(block) for column in _columns(part)]


def _parts(block: Any) -> list[Any]:
    if isinstance(block, Block):
        return list(vars(block).values())
    return list(block.values()) if isinstance(block, dict) else []


def _replace(block: Any, path: list[str], values: np.ndarray | float, whole: str) -> Any:
    word, *rest = path
    if isinstance(block, dict):
        if word not in block:
            raise unknown_name("field", whole, block)
        return {**block, word: _replace(block[word], rest, values, whole) if rest else values}
    name = _field_name(block, word, whole)
    new = _replace(getattr(block, name), rest, values, whole) if rest else values
    return block.model_copy(update={name: new})


def _field_name(block: Block, word: str, whole: str) -> str:
    words = {field.word: name for name, field in fields_of(type(block)).items()}
    if word not in words:
        raise unknown_name("field", whole, words)
    return words[word]
