"""What a profile knows of energy: prices of single accesses, or the power of the whole device."""

from __future__ import annotations

from collections.abc import Mapping

from costsim.hardware.blocks import Block, Joules, Ratio, Watts
from costsim.hardware.declared import Field, NonNegativeFloat, check

TIMED = ("idle", "running")
"""Parts that are a power times the time a network takes; all others are prices times amounts."""


class Energy(Block):
    """Prices of arithmetic and bytes, with the power beside them; or the power of all of it, where no more is known.

    See ``uncertainty_ratio`` before believing digits.
    """

    mac_j: Joules | None = Field(None, alias="mac", examples=["1 pJ"])
    """A multiply-accumulate, with the registers beside it."""
    onchip_j_per_byte: Joules | None = Field(None, alias="onchip_byte", examples=["1 pJ"])
    offchip_j_per_byte: Joules | None = Field(None, alias="dram_byte", examples=["1 pJ"])
    zero_ratio: Ratio = 0.0
    """Share of multiply-accumulates that are left out for a zero in a map: none of those that read the input."""
    idle_w: Watts = Field(0.0, alias="idle", validate_default=False)
    """Clocks and leakage: paid for all the time a network takes."""
    running_w: Watts | None = Field(None, alias="running")
    """The whole device while a network runs, whatever it does."""
    uncertainty_ratio: NonNegativeFloat
    """0.5: the energy is between two thirds and one and a half of what is said."""

    @check
    def _check(self) -> None:
        prices = (self.mac_j, self.onchip_j_per_byte, self.offchip_j_per_byte)
        if self.running_w is not None and (self.idle_w or any(price is not None for price in prices)):
            raise ValueError("running is the power of everything: leave mac, onchip_byte, dram_byte and idle out")
        if self.running_w is None and any(price is None for price in prices):
            raise ValueError("needs mac, onchip_byte and dram_byte, or running alone")

    def ends_j(
        self, parts_j: Mapping[str, float], low_ratio: float, high_ratio: float | None
    ) -> tuple[float, float | None]:
        """Least and most joules, where the time is between these multiples; None where it has no upper end."""
        timed = sum(joules for part, joules in parts_j.items() if part in TIMED)
        priced = sum(parts_j.values()) - timed
        least = (priced + timed * low_ratio) / (1 + self.uncertainty_ratio)
        if high_ratio is None:
            return least, None
        return least, (priced + timed * high_ratio) * (1 + self.uncertainty_ratio)
