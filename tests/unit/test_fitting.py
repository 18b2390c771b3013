"""What would make a network fit is found by trying, and does what it says."""

from __future__ import annotations

import re

import costsim
from costsim.advice.fitting import what_would_fit


def fits(**settings: str) -> bool:
    return bool(costsim.analyze("mobilenet_v2_1x", hw="ethos_u65_512", **settings).summary["fits"])


def test_each_way_fits_and_is_the_least_that_does() -> None:
    found = what_would_fit(costsim.analyze("mobilenet_v2_1x", hw="ethos_u65_512").simulation)
    assert found is not None
    side = int(re.match(r"input (\d+) x", found.input_size or "")[1])
    assert fits(input_size=f"3x{side}x{side}")
    assert not fits(input_size=f"3x{side + 32}x{side + 32}")
    assert found.buffer_bytes is not None
    assert fits(settings={"hardware.memory.onchip.size": f"{found.buffer_bytes:.0f} B"})
    assert not fits(settings={"hardware.memory.onchip.size": f"{0.98 * found.buffer_bytes:.0f} B"})


def test_the_first_lines_of_a_report_say_it() -> None:
    text = costsim.analyze("mobilenet_v2_1x", hw="ethos_u65_512").report("text")
    assert "does not fit" in text
    assert "it would fit with input" in " ".join(text.split())
