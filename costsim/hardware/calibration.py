"""The accuracy card of a profile: what its predictions were held against, and how far off they were."""

from __future__ import annotations

from typing import Any, Literal

from costsim.hardware.blocks import Block, DType, Ratio
from costsim.hardware.declared import Field, PositiveFloat


class Range(Block):
    """What the measured networks held of one kind of multiplying op."""

    kernels: tuple[int, ...]
    """The larger side of the kernels, in pixels."""
    channels: tuple[int, int]
    """The fewest and the most channels that one of these ops read or wrote."""


class MadeOn(Block):
    """What a card was made on: off it, the card's interval is not that of a prediction.

    Written by ``costsim calibrate`` and, for the shipped profiles, by ``python -m validation.stamp``.
    """

    fingerprint: str
    """Of all numbers of the profile (``costsim.hardware.fingerprint``)."""
    measurements: int = 0
    """How many latencies were measured; 0 where none was, and all below is empty."""
    threads: tuple[int, ...] = ()
    dtypes: tuple[DType, ...] = ()
    batches: tuple[int, ...] = ()
    pixels: tuple[int, int] | None = None
    """The smallest and the largest input image, height times width."""
    op_classes: dict[str, Ratio] = Field(default_factory=dict)
    """Op class to its share of the predicted time, the mean over the measured networks."""
    products: dict[str, Range] = Field(default_factory=dict)
    """By the device's word of each multiplying op."""
    others: tuple[str, ...] = ()
    """Words of all other ops."""
    host_wait: Ratio = 0.0
    """The largest share of the predicted time that one of the networks waited for the host to issue its ops."""


class Calibration(Block):
    """What the fitted numbers were fitted on and how far off they are; the source of every interval."""

    status: Literal["calibrated", "derived", "uncalibrated"]
    """``derived``: calibrated on something near, such as a profile with other numbers."""
    data: str
    """The measurements, or why there are none."""
    date: str | None = None
    mean_error_ratio: float | None = None
    """Mean absolute error of predictions of what ``error_of`` names."""
    error_of: Literal["left out", "training error", "cards left out"] = "left out"
    """Whether the errors are of networks left out of the fit, of those the profile was fitted on or chosen by, or of
    other devices, each predicted by the rates that a fit without it gives the runtime."""
    within_10_percent_ratio: Ratio | None = None
    low_ratio: PositiveFloat
    """A 90 % interval reaches from ``low_ratio`` to ``high_ratio`` times the prediction."""
    high_ratio: PositiveFloat
    dtypes: tuple[DType, ...] = ()
    """The data types of the measurements; empty: the runtime's first."""
    by_dtype: dict[DType, Calibration] = Field(default_factory=dict)
    """Cards of further data types, measured and fitted apart; what they were made on stands in ``made_on``."""
    made_on: MadeOn | None = None
    """Empty where nobody stamped the card: then nothing vouches that it is of these numbers."""

    def record(self) -> dict[str, Any]:
        """The card as plain data, without what it was made on."""
        own = self.model_dump(exclude={"made_on", "by_dtype"})
        return own | {"by_dtype": {dtype: card.record() for dtype, card in self.by_dtype.items()}}
