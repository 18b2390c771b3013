"""What would make a network fit is found by trying, and does what it says."""

from __future__ import annotations

import re

import pytest

import costsim
from costsim.advice.fitting import what_would_fit, what_would_have_fitted
from costsim.errors import DoesNotFitError


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


def test_a_network_a_part_refuses_is_told_what_it_would_have_taken() -> None:
    with pytest.raises(DoesNotFitError) as refused:
        costsim.analyze("mcunet_in3", "rp2040")
    said = what_would_have_fitted(refused.value)
    side = int(re.match(r"it would fit with input (\d+) x", said)[1])
    assert costsim.analyze("mcunet_in3", "rp2040", input_size=f"3x{side}x{side}").summary["fits"]
    with pytest.raises(DoesNotFitError):
        costsim.analyze("mcunet_in3", "rp2040", input_size=f"3x{side + 32}x{side + 32}")


def test_where_neither_alone_is_enough_both_are_tried() -> None:
    with pytest.raises(DoesNotFitError) as refused:
        costsim.analyze("mobilenet_v2_1x", "nucleo_l4r5zi")
    said = what_would_have_fitted(refused.value)
    assert re.match(r"it would fit with width multiplier 0\.\d+ instead of 1 and input \d+ x \d+", said)
    assert what_would_have_fitted(DoesNotFitError("from elsewhere")) == ""
