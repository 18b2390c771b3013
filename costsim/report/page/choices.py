"""What a visitor may turn for a network on a device: run options, and the clock and memories of the device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile
from costsim.report.page.knobs import array_fields, memory_fields
from costsim.report.words import shape
from costsim.simulate import run_of

FACTORS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)
"""What a number of the device is multiplied with, from the left end of its slider to the right."""

SIDES = (0.5, 0.75, 1.25, 1.5, 2.0)
"""Height and width of the input, as multiples of the network's own."""

SIDE_STEP = 32
"""Pixels that most networks need the sides of an input to be multiples of."""

BATCHES = (1, 2, 4, 8, 16, 32, 64)

DEVICE = "set."
"""Begins the keys of what belongs to the device."""


@dataclass(frozen=True)
class Choice:
    """One slider or list: what it is called, what it can be set to, and which of that the device has by itself."""

    key: str
    label: str
    texts: tuple[str, ...]
    own: int
    fields: tuple[str, ...] = ()
    """Dotted paths of the profile that it sets; none for an option of the run."""

    @property
    def is_list(self) -> bool:
        """Whether its values have no order that a slider could follow."""
        return self.key in ("dtype", "runtime")

    def arguments(self, text: str) -> list[str]:
        """What sets it on the command line."""
        if not self.fields:
            return [f"--{self.key.replace('_', '-')}", text]
        return [word for field in self.fields for word in ("--set", f"{field}={text.replace(' ', '')}")]

    def chosen(self, asked: Mapping[str, str]) -> str | None:
        """The value asked for where it is one of these and not the device's own."""
        text = asked.get(self.key)
        return text if text in self.texts and text != self.texts[self.own] else None


def choices(
    graph: LayerGraph, profile: Profile, runtimes: Sequence[str] = (), run: RunConfig | None = None
) -> list[Choice]:
    """Everything that can be turned, run options first. What has one setting only is left out.

    ``run`` is how the network runs while nothing is turned, if not by the profile's defaults.
    """
    n, *size = graph.input_shape
    run = run or run_of(graph, profile)
    options = [
        _run("runtime", "runtime", runtimes or [profile.runtime.name], profile.runtime.name),
        _run("dtype", "data type", profile.runtime.dtypes, run.dtype),
        _run("threads", "threads", [str(i + 1) for i in range(profile.max_threads)], str(run.threads)),
        _run("batch", "batch", [str(i) for i in sorted({*BATCHES, n})], str(n)),
        _run("input_size", "input", _sizes(size), shape(size)),
    ]
    device = [_device(label, paths, profile) for label, paths in _device_fields(profile).items()]
    return [choice for choice in (*options, *device) if len(choice.texts) > 1]


def options(asked: Mapping[str, str], turned: Sequence[Choice]) -> dict[str, str]:
    """The run options that differ from what they are when nobody asks. Values no choice has are left out."""
    return {c.key: text for c in turned if not c.fields and (text := c.chosen(asked)) is not None}


def settings(asked: Mapping[str, str], turned: Sequence[Choice]) -> dict[str, str]:
    """The profile fields that differ from the device's own, as ``analyze`` takes them."""
    return {field: text for c in turned if (text := c.chosen(asked)) is not None for field in c.fields}


def _run(key: str, label: str, texts: Sequence[str], own: str) -> Choice:
    return Choice(key, label, tuple(texts), list(texts).index(own))


def _sizes(own: Sequence[int]) -> list[str]:
    """Inputs of the same channels and other sides, small ones first; one only where the input is no picture."""
    if len(own) != 3:
        return [shape(own)]
    channels, *sides = own
    others = {tuple(max(SIDE_STEP, round(side * f / SIDE_STEP) * SIDE_STEP) for side in sides) for f in SIDES}
    return [shape((channels, *pair)) for pair in sorted({*others, tuple(sides)})]


def _device_fields(profile: Profile) -> dict[str, list[str]]:
    clock = {"clock": ["hardware.clock"]} if "hardware.clock" in profile.provenance else {}
    return clock | memory_fields(profile) | array_fields(profile)


def _device(label: str, paths: Sequence[str], profile: Profile) -> Choice:
    """Numbers of one kind (the bandwidths of a memory) that stand at the same value are turned together."""
    first = float(profile.value_at(paths[0]))
    together = tuple(path for path in paths if profile.value_at(path) == first)
    texts = tuple(dict.fromkeys(profile.yaml_text(together[0], first * factor) for factor in FACTORS))
    return Choice(DEVICE + label, label, texts, texts.index(profile.yaml_text(together[0], first)), together)
