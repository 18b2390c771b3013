"""Reading JSON as its standard has it: every number finite, every key once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from costsim.errors import InputError, shortened
from costsim.files import read_text
from costsim.units import plausible


def read_json(path: str | Path, mend: str) -> Any:
    """What a JSON file holds; ``mend`` tells how such a file is made.

    Raises:
        InputError: unreadable, not JSON, a key given twice, or a number that is not finite or too large to reckon with.
    """
    return parse_json(read_text(path, mend=mend), str(path), mend)


def parse_json(text: str, where: str, mend: str) -> Any:
    """What a text in JSON holds.

    Raises:
        InputError: see ``read_json``.
    """
    try:
        return json.loads(
            text, parse_constant=_no_constant, parse_float=_float, parse_int=_int, object_pairs_hook=_object
        )
    except InputError as error:
        problem = error.what
    except RecursionError:
        problem = "nested too deeply"
    except ValueError as error:
        problem = shortened(str(error).splitlines()[0], 120)
    raise InputError(f"not valid JSON: {problem}", where=where, mend=mend) from None


def _float(text: str) -> float:
    value = float(text)
    return value if abs(value) < 1 else plausible(value, text)  # differences and errors may be as small as they are


def _int(text: str) -> int:
    plausible(float(text), text)
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"'{shortened(twice)}' is given twice")
    return found


def _no_constant(text: str) -> Any:
    raise InputError(f"{text} is no number")
