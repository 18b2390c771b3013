"""Reading YAML files: duplicate keys refused, errors with file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

from costsim.errors import InputError, shortened
from costsim.files import read_text

DEEPEST = 100
"""Levels of one file. The parser's C code recurses, and ends the process a few thousand levels down."""

_BEFORE_A_VALUE = re.compile(r"[ \t]*(?:[-?:][ \t]+)*")
"""What a line begins with: each level of blocks is at least one column further in than the one around it."""


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping a YAML file holds.

    Raises:
        InputError: unreadable, not YAML, a key given twice, or not a mapping.
    """
    tree = _read(path)
    if not isinstance(tree, dict):
        raise InputError("the top of the file must be 'key: value' lines", where=str(path))
    for key in tree:
        if not isinstance(key, str):
            raise InputError(f"the key {shortened(key)} is no text", where=str(path), mend="keys are words")
    return dict(tree)


def read_yaml_list(path: Path, mend: str) -> list[Any]:
    """The list a YAML file holds; ``mend`` tells how its entries are written.

    Raises:
        InputError: unreadable, not YAML, a key given twice, or not a list.
    """
    entries = _read(path)
    if not isinstance(entries, list):
        raise InputError("not a list", where=str(path), mend=mend)
    return list(entries)


@contextmanager
def texts_read() -> Iterator[dict[str, str]]:
    """The text of every YAML file read inside, by path."""
    texts: dict[str, str] = {}
    before = _TEXTS.set(texts)
    try:
        yield texts
    finally:
        _TEXTS.reset(before)


_TEXTS: ContextVar[dict[str, str] | None] = ContextVar("texts", default=None)


def _read(path: Path) -> Any:
    text = read_text(path)
    noted = _TEXTS.get()
    if noted is not None:
        noted[str(path)] = text
    return parse_yaml(text, str(path))


def parse_yaml(text: str, where: str, lines: bool = True) -> Any:
    """What the YAML text holds; errors name the line in it, unless it has but one.

    Raises:
        InputError: not YAML, a key given twice, or a value no Python object can be made of.
    """
    from ruamel.yaml.error import YAMLError  # profiles that were read before need no parser

    try:
        return _parsed(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = str(getattr(error, "problem", None) or error).splitlines()[0]
        place = f"{where}:{mark.line + 1}" if mark and lines else where
        raise InputError(f"not valid YAML: {shortened(problem)}", where=place, mend="mend that line") from None
    except _TooDeepError:
        raise InputError("not valid YAML: nested too deeply", where=where, mend="write fewer levels") from None
    except (ValueError, TypeError, OverflowError, AttributeError, LookupError) as error:  # from making the objects
        problem = (str(error).splitlines() or ["a value cannot be read"])[0]
        raise InputError(f"not valid YAML: {shortened(problem)}", where=where, mend="mend that value") from None


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    """Kept: profiles inherit from the same few files, and a sweep reads its profiles again and again."""
    from ruamel.yaml import YAML

    _check_depth(text)
    return YAML(typ="safe").load(text)


class _TooDeepError(Exception):
    """More levels than ``DEEPEST``."""


def _check_depth(text: str) -> None:
    """Count levels by the parser's events, which come without recursion, in texts that may have too many."""
    before = (_BEFORE_A_VALUE.match(line) for line in text.splitlines())
    columns = max((match.end() for match in before if match), default=0)
    if text.count("[") + text.count("{") + 2 * columns <= DEEPEST:  # lists need no column of their own under a key
        return
    from ruamel.yaml import YAML
    from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent

    depth = 0
    for event in YAML(typ="safe").parse(text):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > DEEPEST:
            raise _TooDeepError
