"""Stamps the card of every shipped profile with what it was made on, and says which were stale.

``python -m validation.stamp`` after any change to a profile that its card's figures still hold for: the card then
speaks for the new numbers. ``--check`` only names the stale ones; names restrict it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from costsim.hardware import load_profile, profile_names
from costsim.hardware.fingerprint import is_as_carded
from costsim.hardware.folders import find_profile
from costsim.trust.stamp import stamp
from validation.cards import made_on


def profiles() -> list[Path]:
    """Every shipped profile."""
    return [find_profile(name) for name in profile_names()]


def stale() -> list[str]:
    """Profiles whose numbers are not those their card says it was made with."""
    return [path.stem for path in profiles() if not is_as_carded(load_profile(path))]


def main(arguments: list[str]) -> None:
    """Stamp, or only check."""
    if "--check" in arguments:
        names = stale()
        print(
            "\n".join(f"{name}: its card is of other numbers; run: python -m validation.stamp {name}" for name in names)
        )
        raise SystemExit(bool(names))
    for path in profiles():
        if arguments and path.stem not in arguments:
            continue
        profile = load_profile(path)
        now = made_on(profile)
        if profile.calibration.made_on != now:
            stamp(path, now)
            print(f"{path.stem}: {now.fingerprint}, {now.measurements} measurements")


if __name__ == "__main__":
    main(sys.argv[1:])
