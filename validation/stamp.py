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
from costsim.hardware.load import runtime_names
from costsim.trust.stamp import stamp
from validation.cards import made_on


def profiles() -> list[Path]:
    """Every shipped profile."""
    return [find_profile(name) for name in profile_names()]


def carded_runtimes(path: Path) -> list[str]:
    """Runtimes besides the board's first that were measured on it."""
    others = runtime_names(path)[1:]
    return [name for name in others if load_profile(path, runtime=name).calibration.status == "calibrated"]


def stale() -> list[str]:
    """Profiles whose numbers are not those their card says it was made with."""
    return [
        path.stem
        for path in profiles()
        if not all(is_as_carded(load_profile(path, runtime=name)) for name in (None, *carded_runtimes(path)))
    ]


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
        for runtime in (None, *carded_runtimes(path)):
            profile = load_profile(path, runtime=runtime)
            now = made_on(profile)
            if profile.calibration.made_on != now:
                stamp(path, now, runtime)
                print(f"{profile.name} {runtime or ''}: {now.fingerprint}, {now.measurements} measurements")


if __name__ == "__main__":
    main(sys.argv[1:])
