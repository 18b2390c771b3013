"""The largest batch of a network that a device's memory holds."""

from __future__ import annotations

from costsim.devices import RunConfig, device_for
from costsim.errors import DoesNotFitError, InputError
from costsim.graph import LayerGraph
from costsim.hardware import Profile
from costsim.simulate import lower_for

LARGEST = 2**17
"""Images at which the search gives up: a device that holds so many states no memory that runs out."""


def fits(graph: LayerGraph, profile: Profile, run: RunConfig, batch: int) -> bool:
    """Whether the device can hold the network at this batch."""
    try:
        device_for(profile).plan(lower_for(graph.with_batch(batch), profile, run), profile, run)
    except DoesNotFitError:
        return False
    return True


def largest_batch(graph: LayerGraph, profile: Profile, run: RunConfig) -> int:
    """The most images at a time that fit: weights, activations alive at once and what the runtime takes for itself.

    Raises:
        DoesNotFitError: not even one does.
        InputError: no batch is too large, for the device states no memory that runs out.
    """
    if fits(graph, profile, run, LARGEST):
        raise InputError(
            f"{profile.name} holds {LARGEST:,} images at a time: it states no memory that runs out",
            where="--batch max",
            mend="give a number",
        )
    held, too_many = 0, LARGEST
    while too_many - held > 1:
        middle = (held + too_many) // 2 if held else max(1, too_many // 16)
        if fits(graph, profile, run, middle):
            held = middle
        else:
            too_many = middle
    if not held:
        device_for(profile).plan(lower_for(graph.with_batch(1), profile, run), profile, run)  # says why
    return held
