"""How much slower is too slow: ``+3%``, ``+0.5ms``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from costsim.errors import InputError

_LIMIT = re.compile(r"\+?\s*(\d+(?:\.\d+)?)\s*(%|ms|us|s)")
_MS = {"ms": 1.0, "us": 1e-3, "s": 1e3}


@dataclass(frozen=True)
class Limit:
    """A share of the old time, or milliseconds."""

    text: str
    ratio: float | None
    ms: float | None

    def allows(self, old_ms: float, new_ms: float) -> bool:
        """Whether the new time is within the limit."""
        allowed_ms = old_ms * self.ratio if self.ratio is not None else (self.ms or 0.0)
        return new_ms - old_ms <= allowed_ms


def parse_limit(text: str) -> Limit:
    """A limit as people write it.

    Raises:
        InputError: not a number of percent or of time above or equal to 0.
    """
    match = _LIMIT.fullmatch(text.strip())
    if match is None:
        raise InputError(f"'{text}' is no limit", where="--fail-if", mend="write +3% or +0.5ms")
    number, unit = float(match[1]), match[2]
    if unit == "%":
        return Limit(text.strip(), number / 100, None)
    return Limit(text.strip(), None, number * _MS[unit])
