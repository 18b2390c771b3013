"""Wrong numbers of profiles and specifications are said in plain words, whoever found them, and in one line."""

from __future__ import annotations

from typing import Any

import pytest

import costsim
from costsim.errors import MOST, DoesNotFitError, InputError
from costsim.graph import layers as L
from costsim.hardware import load_profile
from costsim.sweep.spec import load_spec

SETTINGS = [
    ({"clock": "-1 GHz"}, "--set hardware.clock: must be greater than 0"),
    ({"cores": "x"}, "--set hardware.cores: must be a whole number, got 'x'"),
    ({"cores": "2.5"}, "--set hardware.cores: must be a whole number, got 2.5"),
    ({"runtime.dtypes": "[]"}, "--set runtime.dtypes: needs 1 or more entries, has 0"),
    ({"runtime.dtypes": "[a]"}, "--set runtime.dtypes.0: must be 'fp32', 'tf32', "),
    ({"runtime.dtypes": "3"}, "--set runtime.dtypes: must be a list, got 3"),
]


@pytest.mark.parametrize(("settings", "said"), SETTINGS)
def test_a_wrong_number_of_a_profile(settings: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as refused:
        load_profile("rpi4b", settings)
    assert str(refused.value).startswith(said)


SPECIFICATIONS: list[tuple[dict[str, Any], str]] = [
    ({"network": "resnet50"}, "sweep: hw: is missing"),
    ({"axis": 1}, "sweep: axis: unknown key"),
    ({"axes": 4}, "sweep: axes: must be a mapping, a line 'key: value' for each entry, got 4"),
    ({"sample": {"points": -3}}, "sweep: sample.points: must be greater than or equal to 1, got -3"),
    ({"sample": "x"}, "sweep: sample: must be a block of fields"),
]


@pytest.mark.parametrize(("changes", "said"), SPECIFICATIONS)
def test_a_wrong_entry_of_a_specification(changes: dict[str, Any], said: str) -> None:
    whole = {"network": "resnet50", "hw": "rpi4b", "axes": {"batch": [1]}, **changes}
    with pytest.raises(InputError) as refused:
        load_spec(changes if "network" in changes else whole)
    assert str(refused.value).startswith(said)


def test_what_does_not_fit_is_said_within_the_length_of_a_message() -> None:
    refused = DoesNotFitError("needs 3 MiB, " * 20, lambda: "half of it would do " * 9, where="layer" * 100)
    refused.instead = "it would fit with input 96 x 96 instead of 224 x 224"
    assert len(str(refused)) <= MOST
    assert str(refused).startswith("layerlayer")
    assert str(refused).endswith(refused.instead)


def test_a_layer_of_a_long_name_leaves_room_for_what_it_needs() -> None:
    graph = costsim.LayerGraph("net")
    graph.add(L.Input((1, 8, 32, 32)), name="x")
    graph.add(L.Conv2d(512, 7, padding=3), "x", name="stage" * 200)
    with pytest.raises(DoesNotFitError, match=r"^stagestage.*set array\.shram to at least \d+ KiB$") as refused:
        costsim.analyze(graph, "ethos_u55_256", settings={"array.shram": "1 KiB"})
    assert len(str(refused.value)) <= MOST
