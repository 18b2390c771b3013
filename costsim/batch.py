"""Batches of a network: the largest that a device's memory holds, and the one from which on it is busy."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

import numpy as np

from costsim.devices import RunConfig, device_for
from costsim.errors import DoesNotFitError, InputError
from costsim.graph import LayerGraph
from costsim.hardware import Profile
from costsim.simulate import lower_for

LARGEST = 2**17
"""Images at which the search gives up: a device that holds so many states no memory that runs out."""


TRIED = 2 ** np.arange(11)
"""Batches at which it is looked for where a device fills: 1 to 1024."""

FULL = 0.9
"""Share of the best throughput at which a device counts as filled."""


class Filled(NamedTuple):
    """Where more images at a time stop to pay."""

    batch: int
    """The fewest images, a power of two, at which throughput comes within a tenth of the best."""
    best_per_s: float
    """Images a second at the best of all batches tried."""


def filled(graph: LayerGraph, profile: Profile, run: RunConfig) -> Filled | None:
    """The batch that fills a device which needs many images to be busy.

    None: it is busy with one, or the network has a fixed batch.
    """
    device = device_for(profile)
    if not device.fills_with_batch:
        return None
    for count in range(len(TRIED), 0, -1):
        batches = TRIED[:count]
        with suppress(DoesNotFitError):
            try:
                ops = device.plan(lower_for(graph.with_batch(batches), profile, run), profile, run)
            except InputError:
                return None
            seconds = np.broadcast_to(device.costs(ops, profile, run).latency_s.sum(axis=0), batches.shape)
            per_s = batches / seconds
            first = int(np.argmax(per_s >= FULL * per_s.max()))
            return Filled(int(batches[first]), float(per_s.max()))
    return None


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
