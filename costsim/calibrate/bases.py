"""Which profile a board is nearest to: every core of the family is fitted, and what each fit had to bend is told.

A fit pays for two things: the errors it leaves, and how far it moved constants from where they were known to be. A
base of the wrong core fits the numbers at the price of constants that make no sense for it; that price ranks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from costsim.calibrate.few_shot import FewShot, calibrate, measured_runs
from costsim.calibrate.measurements import Measurement
from costsim.errors import CostsimError
from costsim.hardware import Profile, load_profile, profile_names

STEPS = 15
"""A fit is as good as it gets after so many; what comes after are digits."""

CLEARLY = 1.1
"""A base is said to be wrong where another costs less than the fit by this factor."""

UNEXPLAINED_RATIO = 0.25
"""Above this mean error of its own data a fit explains nothing: boards that fits never saw are 0.05 to 0.2 off."""


@dataclass(frozen=True)
class Fitted:
    """One base, fitted."""

    base: Profile
    result: FewShot

    @property
    def core(self) -> str:
        """What is shared by boards that differ in clock and memory alone."""
        return core_of(self.base)


def core_of(profile: Profile) -> str:
    """The core of a CPU; every other device is one of its own."""
    return str(getattr(profile.hardware, "core", profile.name))


def ranking(
    base: Profile | None,
    measurements: Sequence[Measurement],
    dtype: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> list[Fitted]:
    """One board of every core that runs what ``base`` runs, fitted, the likeliest first.

    Of the boards of a core that is taken whose networks are predicted in the best proportions, whatever its clock;
    of ``base``'s own core it is ``base``. Without one, all CPUs are tried.
    """
    chosen: dict[str, tuple[float, Profile]] = {}
    for profile in _candidates(base, settings or {}):
        with suppress(CostsimError):  # a data type or a count of threads it does not have
            spread = _disproportion(profile, measurements, dtype)
            if base is not None and profile.name == base.name:
                spread = -1.0
            kept = chosen.get(core_of(profile))
            if kept is None or spread < kept[0]:
                chosen[core_of(profile)] = spread, profile
    boards = [profile for _, profile in chosen.values()]
    fitted = [Fitted(profile, calibrate(profile, measurements, dtype, max_steps=STEPS)) for profile in boards]
    return sorted(fitted, key=lambda found: found.result.misfit)


def _candidates(base: Profile | None, settings: Mapping[str, str]) -> Iterator[Profile]:
    if base is not None:
        yield base
    for name in profile_names():
        if base is None or name != base.name:
            with suppress(CostsimError):
                profile = load_profile(name, settings)
                wanted = ("cpu", profile.runtime.name) if base is None else (base.family, base.runtime.name)
                if (profile.family, profile.runtime.name) == wanted and profile.calibration.status == "calibrated":
                    yield profile


def _disproportion(profile: Profile, measurements: Sequence[Measurement], dtype: str | None) -> float:
    """Standard deviation of the log errors: what no other clock would mend."""
    errors = np.concatenate([run.log_errors() for run in measured_runs(profile, measurements, dtype)])
    return float(errors.std())


def doubts(ranked: Sequence[Fitted], base: Profile) -> tuple[str, ...]:
    """What speaks against ``base``, in sentences; empty where it is the likeliest core, or bent nothing."""
    own = next(found for found in ranked if found.base.name == base.name)
    best = ranked[0]
    left = own.result.after.mean_ratio
    unexplained: tuple[str, ...] = ()
    if left > UNEXPLAINED_RATIO:
        what = f"the fit leaves a mean error of {left:.0%}: no constants of a {own.core} explain these times"
        unexplained = (f"{what}; are they of one inference, in the column's unit, and ran every op on the device?",)
    if best is own or own.result.misfit < CLEARLY * best.result.misfit:
        return unexplained
    bent = own.result.implausible
    what = f"{', '.join(bent)} left the plausible range of a {own.core}" if bent else f"a {own.core} fits worse"
    error = best.result.after.mean_ratio
    return (
        *unexplained,
        f"{what}: is it a {best.core}? {best.base.name} fits with {error:.1%} (--base {best.base.name})",
    )
