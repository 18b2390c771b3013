"""Trees of a profile's words before they are checked: laid over each other, each number with its source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from costsim.errors import InputError, shortened
from costsim.units import is_quantity, plausible

Tree = dict[str, Any]

BLOCKS = ("hardware", "runtime", "fitted")
"""The parts of a profile that hold numbers."""


MAPPINGS = (*BLOCKS, "sources", "calibration")
"""What must be ``key: value`` lines in a profile."""


def check_words(tree: Tree, path: Path) -> None:
    """Refuse a profile whose parts are not of the kind that can be laid over each other.

    Raises:
        InputError: a block that is none, a key that is no word, a source that is no name.
    """
    if not isinstance(tree.get("extends", ""), str):
        raise InputError("extends is no name", where=str(path), mend="write the name of one profile")
    for name in MAPPINGS:
        if not isinstance(tree.get(name, {}), dict | None):
            raise InputError(f"{name} is {shortened(tree[name])!r}", where=str(path), mend="write 'key: value' lines")
        for field, key, value in _entries(tree.get(name) or {}, name):
            if name == "fitted" and field == name and key in BLOCKS and not isinstance(value, dict | None):
                raise InputError(f"{name}.{key} is no block", where=str(path), mend="write 'key: value' lines")
            if not isinstance(key, str):
                raise InputError(f"the key {shortened(key)} is no text", where=f"{path}: {field}", mend="write a word")
            if key == "source" and name in BLOCKS and not isinstance(value, str | None):
                raise InputError("source is no name", where=f"{path}: {field}", mend="name one entry of 'sources'")


def check_numbers(tree: Tree, place: Callable[[str], str]) -> None:
    """Refuse numbers nobody can reckon with; those with a unit are checked where they are parsed.

    ``place`` says where a field was written.

    Raises:
        InputError: not finite, or outside of what ``costsim.units.plausible`` allows.
    """
    for name in (*BLOCKS, "calibration"):
        for field, key, value in _entries(tree.get(name) or {}, name):
            for number in value if isinstance(value, list | tuple) else [value]:
                if isinstance(number, int | float):
                    try:
                        plausible(number, number)
                    except InputError as error:
                        raise error.at(place(f"{field}.{key}")) from None


def _entries(tree: Tree, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Every key of a tree and what it holds, with the path of the block it stands in."""
    for key, value in tree.items():
        yield path, key, value
        if isinstance(value, dict):
            yield from _entries(value, f"{path}.{key}")


def strip_sources(tree: Tree, inherited: str | None, path: str, provenance: dict[str, str]) -> Tree:
    """The tree without its ``source`` keys; the nearest one around a number is the number's source.

    A single number takes its own source as ``{value: 1.4 GHz, source: datasheet}``.
    """
    source = tree.get("source", inherited)
    plain: Tree = {}
    for key, value in tree.items():
        here = f"{path}.{key}"
        if key == "source":
            continue
        if isinstance(value, dict) and "value" in value:
            plain[key] = value["value"]
            provenance[here] = value.get("source", source) or ""
        elif isinstance(value, dict):
            plain[key] = strip_sources(value, source, here, provenance)
        else:
            plain[key] = value
            if _is_number(value):
                provenance[here] = source or ""
    return plain


def _is_number(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_is_number(v) for v in value)
    if isinstance(value, bool) or value is None:
        return False
    return isinstance(value, (int, float)) or (isinstance(value, str) and is_quantity(value))


def check_sources(tree: Tree, provenance: Mapping[str, str], path: Path) -> None:
    known = tree.get("sources") or {}
    for field, source in provenance.items():
        if not source:
            raise InputError(f"{field} has no source", where=str(path), mend="put 'source: KEY' beside it or above it")
        if source not in known:
            raise InputError(
                f"{field}: source '{source}' is not listed", where=str(path), mend="describe it under 'sources'"
            )


def overlay(base: Tree, over: Tree) -> Tree:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = overlay(merged[key], value) if both else value
    return merged


def _leaves(tree: Tree, path: str = "") -> Iterator[str]:
    for key, value in tree.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from _leaves(value, here)
        else:
            yield here


def settable_fields(tree: Tree) -> list[str]:
    """Dotted paths ``--set`` can change."""
    return [leaf for block in ("hardware", "runtime", "fitted") for leaf in _leaves(tree.get(block) or {}, block)]


def fields_named(key: str, fields: Iterable[str]) -> list[str]:
    """The fields a key may stand for, which may leave out the beginning of a path.

    Of fields at unlike depths those nearest the top are meant: ``gemm_ratio`` is ``fitted.gemm_ratio``, and
    ``int8.gemm_ratio`` the one of int8.
    """
    matches = [field for field in fields if field == key or field.endswith(f".{key}")]
    if key in matches:
        return [key]
    least = min((field.count(".") for field in matches), default=0)
    return [field for field in matches if field.count(".") == least]


def lay_fitted_over(tree: Tree, provenance: dict[str, str], path: Path) -> set[str]:
    """Put what ``fitted.hardware`` and ``fitted.runtime`` say in its place; the dotted paths of those numbers.

    Effective numbers stand apart from facts in the file, and are numbers of the device like any other once read.
    """
    moved: set[str] = set()
    for block in ("hardware", "runtime"):
        extra = (tree.get("fitted") or {}).pop(block, None)
        if not isinstance(extra, dict):
            continue
        twice = set(_leaves(extra, block)) & set(_leaves(tree.get(block) or {}, block))
        if twice:
            raise InputError(f"{min(twice)} is also in fitted.{block}", where=str(path), mend="give one of the two")
        tree[block] = overlay(tree.get(block) or {}, extra)
        for field in [f for f in provenance if f.startswith(f"fitted.{block}.")]:
            plain = field.removeprefix("fitted.")
            provenance[plain] = provenance.pop(field)
            moved.add(plain)
    return moved


def check_facts(tree: Tree, own: Mapping[str, str], fitted: set[str], path: Path) -> None:
    """Nothing fitted stands among the facts of a file; ``fitted`` holds what its fitted block said of them."""
    for field, source in own.items():
        kind = (tree["sources"][source] or {}).get("kind")
        if kind == "fitted" and not field.startswith("fitted.") and field not in fitted:
            block = field.split(".")[0]
            raise InputError(f"{field} is fitted, not a fact", where=str(path), mend=f"move it under fitted.{block}")
