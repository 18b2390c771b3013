"""The one function every printed interval comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from costsim.devices import RunConfig
from costsim.hardware import Profile
from costsim.hardware.calibration import Calibration, MadeOn
from costsim.hardware.fingerprint import is_as_carded
from costsim.hardware.load import ON_COMMAND_LINE
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable
from costsim.trust.evidence import image_of
from costsim.trust.held import OTHER, unheld_words
from costsim.trust.off_card import OffCard, off_card, other_numbers, widened
from costsim.trust.widening import BATCH, FALLBACK, NUMBERS, RESOLUTION, THREADS, Ratios
from costsim.units import counted

NAMED = 3
"""Ops or fields a reason names."""

Status = Literal["calibrated", "derived", "estimated"]


@dataclass(frozen=True)
class Trust:
    """How far one prediction can be trusted, and why."""

    status: Status
    """``calibrated``: on the card. ``derived``: measured near it. ``estimated``: nothing like it was measured."""
    low_ratio: float
    """A 90 % interval reaches from ``low_ratio`` to ``high_ratio`` times the prediction."""
    high_ratio: float
    reasons: tuple[str, ...]
    """Why it is no more than that, a sentence each; empty on the card."""
    at_least: bool = False
    """Whether ops without a cost model are in: ``high_ratio`` is then that of the others, the time has no upper end."""

    @property
    def label(self) -> str:
        """What to call the interval beside its ends."""
        return {
            "calibrated": "90 % interval",
            "derived": "90 % interval, derived",
            "estimated": "not calibrated",
        }[self.status]

    def ends(self, value: float) -> tuple[float, float | None]:
        """The interval around a predicted value, in its unit."""
        return value * self.low_ratio, None if self.at_least else value * self.high_ratio

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "status": self.status,
            "low_ratio": self.low_ratio,
            "high_ratio": None if self.at_least else self.high_ratio,
            "at_least": self.at_least,
            "reasons": list(self.reasons),
        }

    def card(self, profile: Profile, dtype: str) -> Calibration:
        """The profile's card as far as it speaks for this prediction: errors only where it is on the card."""
        known = profile.calibration_in(dtype)
        if self.status == "calibrated":
            return known
        return known.model_copy(
            update={
                "status": "derived" if self.status == "derived" else "uncalibrated",
                "mean_error_ratio": None,
                "within_10_percent_ratio": None,
                "low_ratio": self.low_ratio,
                "high_ratio": self.high_ratio,
            }
        )


def trust(profile: Profile, run: RunConfig, ops: OpTable, costs: CostTable) -> Trust:
    """The interval of one prediction: the card's, widened for each way the prediction lies off the card.

    Args:
        profile: the device, with its card.
        run: data type and threads.
        ops: the planned op table of one network at one point.
        costs: its costs, one row an op.
    """
    card = profile.calibration_in(run.dtype)
    off = off_card(profile, run, ops, costs, is_as_carded(profile))
    interval = Ratios(*map(_number, widened(card, off)))
    reasons = [*_nothing_measured(card), *_off_the_card(profile, run, ops, off)]
    made_on = card.made_on
    if made_on is not None and made_on.measurements:
        if np.any(off.whole.get(FALLBACK, False)):
            reasons.append(_fallback(unheld_words(ops, costs, made_on, OTHER)))
        for kind, share in off.shares.items():
            if np.any(share > 0):
                reasons.append(_unheld(kind, _number(share), unheld_words(ops, costs, made_on, kind)))
    if np.any(off.waits > 0):
        reasons.append(_host(_number(off.waits), made_on.host_wait if made_on else 0.0))
    # Unknown ops leave the known part as well calibrated as it was; the whole is no longer measured.
    unknown = [label.name for label in ops.labels if not label.known]
    if unknown:
        reasons.append(_unknown(unknown, len(ops)))
    return Trust(_status(card, reasons), interval.low, interval.high, tuple(reasons), bool(unknown))


def standing(profile: Profile, dtype: str | None = None) -> Trust:
    """What a profile's card is worth as the profile stands, before it is known what runs there."""
    card = profile.calibration_in(dtype or profile.runtime.dtypes[0])
    off = OffCard({NUMBERS: other_numbers(profile, card, is_as_carded(profile))}, {}, 0.0)
    low, high = map(_number, widened(card, off))
    reasons = [*_nothing_measured(card), *_numbers_changed(profile, off)]
    return Trust(_status(card, reasons), low, high, tuple(reasons), False)


def _number(value: Any) -> float:
    return float(np.ravel(value)[0])


def _status(card: Calibration, reasons: list[str]) -> Status:
    return "estimated" if card.status == "uncalibrated" else "derived" if reasons else "calibrated"


def _nothing_measured(card: Calibration) -> Iterator[str]:
    if card.error_of == "cards left out":
        yield f"It is estimated from its datasheet: {card.data}."
    elif card.status == "uncalibrated":
        yield f"No fitted number stands behind this interval, it is an estimate ({card.data})."
    elif card.status == "derived":
        yield f"The card is of something near, not of this device ({card.data})."


def _numbers_changed(profile: Profile, off: OffCard) -> Iterator[str]:
    if not np.any(off.whole[NUMBERS]):
        return
    if profile.calibration.made_on is None:
        yield (
            "The card does not say which numbers it was made with: nothing vouches that it is of these "
            "('costsim calibrate' writes cards that do)."
        )
    else:
        yield f"The profile's numbers are not those its card was made with{_changed(profile)}."


def _off_the_card(profile: Profile, run: RunConfig, ops: OpTable, off: OffCard) -> Iterator[str]:
    """What of the whole run the measurements did not hold."""
    yield from _numbers_changed(profile, off)
    made_on = profile.calibration.made_on
    if made_on is None:
        return
    batch, pixels = image_of(ops)
    if np.any(off.whole.get(THREADS, False)):
        yield f"It was measured on {_threads(made_on)}, never on {int(run.threads)}."
    if np.any(off.whole.get(BATCH, False)):
        yield f"It was measured at batch {_listed(made_on.batches)}, never at {batch}."
    if np.any(off.whole.get(RESOLUTION, False)):
        yield f"It was measured on images of {_pixels(made_on)}; this one has {pixels:,} pixels."


def _changed(profile: Profile) -> str:
    fields = [path for path, source in profile.provenance.items() if source == ON_COMMAND_LINE]
    if not fields:
        return ""
    values = [f"{path} is {profile.text_at(path)}" for path in fields[:NAMED]]
    more = len(fields) - NAMED
    return f": {', '.join(values)}" + (f" and {more} more are changed" if more > 0 else "")


def _threads(made_on: MadeOn) -> str:
    """``1 thread``, ``1 and 4 threads``."""
    *fewer, most = made_on.threads
    return " and ".join([*map(str, fewer), counted(most, "thread")])


def _pixels(made_on: MadeOn) -> str:
    low, high = made_on.pixels or (0, 0)
    return f"{low:,} pixels" if low == high else f"{low:,} to {high:,} pixels"


def _unheld(kind: str, share: float, words: list[str]) -> str:
    more = " and others" if len(words) > NAMED else ""
    return (
        f"{max(share, 0.001):.1%} of the predicted time is on {kind} that none of the measured networks held "
        f"({', '.join(words[:NAMED])}{more})."
    )


def _host(waits: float, measured: float) -> str:
    most = f"at most {measured:.0%} of theirs" if measured else "none of it"
    return (
        f"{waits:.0%} of the predicted time the device waits for its host to issue ops, {most} in what was measured: "
        "hosts and frameworks take half to twice as long as each other for it."
    )


def _fallback(words: list[str]) -> str:
    more = " and others" if len(words) > NAMED else ""
    return (
        f"None of the measured networks held {', '.join(words[:NAMED])}{more}: "
        "the compiler may send such ops to the host core, at a cost that is not in the prediction."
    )


def _unknown(names: list[str], ops: int) -> str:
    more = " and others" if len(names) > NAMED else ""
    return (
        f"{len(names)} of {ops} ops have no cost model ({', '.join(names[:NAMED])}{more}): "
        "only their bytes are counted, so the time is at least the lower end."
    )


def _listed(values: tuple[int, ...]) -> str:
    return " and ".join(map(str, values))
