"""How far predictions lie off their card, at one point or at thousands, and the interval that is left of the card's."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from costsim.devices import RunConfig
from costsim.hardware import Profile
from costsim.hardware.calibration import Calibration
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable
from costsim.trust.evidence import images_of
from costsim.trust.held import OTHER, host_waits, unheld_shares
from costsim.trust.widening import BATCH, FALLBACK, HOST, NUMBERS, RESOLUTION, THREADS, Ratios, factors

LEAST_SHARE = 0.01
"""Rows nothing was measured of widen nothing below this share of the time: ten times off, they move it by a tenth."""


class OffCard(NamedTuple):
    """What the measurements did not hold, ``(points,)`` or one value for all."""

    whole: dict[str, Any]
    """Kind of widening of the whole run to where it applies."""
    shares: dict[str, Any]
    """Kind of op to the share of the time on ops of it that none of the measured networks held."""
    waits: Any
    """Share of the time that the device waits for its host, where that is more than in what was measured."""


def off_card(profile: Profile, run: RunConfig, ops: OpTable, costs: CostTable, as_carded: Any) -> OffCard:
    """How far the runs of one network lie off the profile's card.

    Args:
        profile: the device, with its card.
        run: data type and threads.
        ops: the planned op table of one network.
        costs: its costs.
        as_carded: whether the profile holds the numbers of its card.
    """
    card, made_on = profile.calibration_in(run.dtype), profile.calibration.made_on
    whole = {NUMBERS: other_numbers(profile, card, as_carded)}
    if made_on is not None and made_on.measurements:
        batch, pixels = images_of(ops)
        whole[THREADS] = ~np.isin(np.asarray(run.threads, dtype=int), made_on.threads)
        whole[BATCH] = (batch < min(made_on.batches)) | (batch > max(made_on.batches))
        if made_on.pixels:
            whole[RESOLUTION] = (pixels < made_on.pixels[0]) | (pixels > made_on.pixels[1])
    shares: dict[str, Any] = {}
    if card.made_on is not None and card.made_on.measurements:
        shares = unheld_shares(ops, costs, card.made_on)
        if ops.plan is not None:
            whole[FALLBACK] = shares.pop(OTHER, np.zeros(1)) > 0
        count = sum(shares.values()) >= LEAST_SHARE
        shares = {kind: np.where(count, share, 0.0) for kind, share in shares.items()}
    waits, measured = host_waits(profile, costs), card.made_on.host_wait if card.made_on else 0.0
    return OffCard(whole, shares, np.where(waits - measured >= LEAST_SHARE, waits, 0.0))


def other_numbers(profile: Profile, card: Calibration, as_carded: Any) -> Any:
    """Where nothing vouches that the card is of the numbers the profile holds."""
    return card.status == "calibrated" if profile.calibration.made_on is None else np.logical_not(as_carded)


def widened(card: Calibration, off: OffCard) -> Ratios:
    """The card's interval, wider for each way the prediction lies off it."""
    interval = Ratios(card.low_ratio, card.high_ratio)
    for kind, where in off.whole.items():
        ends = zip(interval, interval.times(factors()[kind]), strict=True)
        interval = Ratios(*(np.where(where, wider, end) for end, wider in ends))
    return interval.mixed(off.shares, factors()).beside(off.waits, factors()[HOST])
