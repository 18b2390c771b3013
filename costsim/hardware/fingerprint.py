"""Which numbers a card was made with: a hash of everything in a profile that a prediction depends on."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from costsim.hardware.profile import Profile

DIGITS = 16
"""Of the hash, in hexadecimal: enough that no two profiles ever share one by chance."""

MOVES_NO_TIME = {"input_from", "resident_bytes", "holds_panels"}
"""Where the input lies when the clock starts, a matter of the measurement (``costsim.calibrate.protocol``), and the
memory a library takes: no prediction of a time that cards speak of depends on them."""


def fingerprint(profile: Profile) -> str:
    """SHA-256 over the hardware, runtime and fitted blocks, 16 hexadecimal digits.

    Units do not matter (``1.8 GHz`` is ``1800 MHz``), nor do names, titles, sources and the card itself, nor what moves
    no time. Fields at their default are left out, so that a field added to the schema leaves the cards as they were.
    """
    blocks = [
        _plain(getattr(profile, name).model_dump(exclude_defaults=True, exclude=MOVES_NO_TIME))
        for name in ("hardware", "runtime", "fitted")
    ]
    text = json.dumps(blocks, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def is_as_carded(profile: Profile) -> bool:
    """Whether the profile holds the very numbers its card was made with."""
    made_on = profile.calibration.made_on
    return made_on is not None and made_on.fingerprint == fingerprint(profile)


def _plain(value: Any) -> Any:
    """Words and numbers alone: columns of a swept profile as lists, whole numbers as the floats they are worth."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
