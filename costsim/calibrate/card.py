"""The card of a profile that was fitted here: stamped with what it was measured on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from costsim.calibrate.problem import MeasuredRun
from costsim.devices import device_for
from costsim.hardware import Profile, read_profile_text, write_profile
from costsim.hardware.calibration import MadeOn
from costsim.trust.evidence import Case, evidence, joined
from costsim.trust.stamp import stamped


def write_stamped(target: Path, text: str, runs: Iterable[MeasuredRun], base: Profile | None = None) -> Profile:
    """Write a fitted profile whose card says what it was made on: these runs, and what ``base`` was made on.

    Raises:
        InputError: the text is no profile, or the file cannot be written.
    """
    profile = read_profile_text(target, text)
    known = base.calibration.made_on if base else None
    own = made_on(profile, runs)
    return write_profile(target, stamped(text, joined(own, known) if known else own))


def made_on(profile: Profile, runs: Iterable[MeasuredRun]) -> MadeOn:
    """What the networks of these runs hold, as the profile predicts them."""
    device, cases = device_for(profile), []
    for run in runs:
        for table in run.tables.values():
            ops = device.plan(table, profile, run.run)
            cases.append(Case(run.run, ops, device.costs(ops, profile, run.run)))
    return evidence(profile, cases)
