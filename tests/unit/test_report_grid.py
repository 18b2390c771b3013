"""The grid priced into the page: what its sliders show is what analyze says, at every setting."""

from __future__ import annotations

import random
import shlex
from math import prod

import pytest

import costsim
from costsim.analysis import Analysis
from costsim.errors import DoesNotFitError
from costsim.hardware import load_profile
from costsim.report.page.grid import DIGITS, MOST_POINTS, grid

CASES = [
    ("shufflenet_v2_0.5x", "rpi4b"),
    ("mobilenet_v1_1x", "embedded_buffer"),
    ("yolov8n", "ethos_u55_256"),
    ("mlperf_tiny_resnet8", "stm32h743"),
]


def command_line(words: list[str]) -> Analysis:
    """What ``costsim analyze`` gives for these words."""
    _, _, network, _, hw, *rest = words
    options = list(zip(rest[::2], rest[1::2], strict=True))
    profile = load_profile(hw, dict(text.split("=") for name, text in options if name == "--set"))
    run = {name[2:].replace("-", "_"): text for name, text in options if name != "--set"}
    return costsim.analyze(network, profile, **{k: int(v) if v.isdigit() else v for k, v in run.items()})


@pytest.mark.parametrize(("network", "hw"), CASES)
def test_every_setting_is_what_its_command_line_says(network: str, hw: str) -> None:
    found = grid(costsim.analyze(network, hw), "")
    assert found is not None
    choices = found["choices"]
    assert len(found["latency_ms"]) == len(found["bound"]) == prod(len(c["texts"]) for c in choices) <= MOST_POINTS
    chance = random.Random(network)
    kinds = set()
    for _ in range(6):
        places = [chance.randrange(len(c["texts"])) for c in choices]
        point = 0
        for place, choice in zip(places, choices, strict=True):
            point = point * len(choice["texts"]) + place
        words = [c["arguments"][i] for c, i in zip(choices, places, strict=True) if i != c["own"] and "arguments" in c]
        wide = [c["networks"][i] for c, i in zip(choices, places, strict=True) if "networks" in c]
        command = shlex.split(" ".join([found["command"], *words]))
        command[2:3] = wide or [network]
        kinds.add(found["latency_ms"][point] is None)
        if found["latency_ms"][point] is None:
            with pytest.raises(DoesNotFitError):
                command_line(command)
            continue
        analysis = command_line(command)
        assert found["latency_ms"][point] == pytest.approx(analysis.latency_ms, rel=10.0 ** (1 - DIGITS))
        assert found["limits"][found["bound"][point]] == analysis.summary["bound"]
        shares = {record["bound"]: 100 * record["share_ratio"] for record in analysis.bound_records}
        percents = dict(zip(found["limits"], found["shares"][found["shares_of"][point]], strict=False))
        assert all(abs(percents.get(name, 0) - share) <= 1 for name, share in shares.items())
        low, high = found["intervals"][found["interval_of"][point]]
        assert low == pytest.approx(analysis.trust.low_ratio, abs=6e-3)
        assert high == pytest.approx(analysis.trust.high_ratio, abs=6e-3)
    assert False in kinds


def test_the_command_begins_as_the_page_was_made() -> None:
    analysis = costsim.analyze("shufflenet_v2_0.5x", "rpi4b", threads=4)
    found = grid(analysis, "costsim analyze shufflenet_v2_0.5x --hw rpi4b --threads 4 --html page.html")
    assert found is not None and found["command"] == "costsim analyze shufflenet_v2_0.5x --hw rpi4b --threads 4"
    threads = next(choice for choice in found["choices"] if choice["key"] == "threads")
    assert threads["texts"][threads["own"]] == "4"
    own = 0
    for choice in found["choices"]:
        own = own * len(choice["texts"]) + choice["own"]
    assert found["latency_ms"][own] == pytest.approx(analysis.latency_ms, rel=1e-4)
