"""What would make a network fit the memory on chip: found by carrying changes out, not by a rule of thumb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from costsim.advice.changes import Change, State, input_sizes, widths
from costsim.devices import device_for
from costsim.errors import DoesNotFitError, InputError
from costsim.guidelines.pricing import takes_minutes
from costsim.simulate import Simulation, simulate


@dataclass(frozen=True)
class Fitting:
    """Each alone would do; None where nothing of its kind does."""

    input_size: str | None
    """``input 160 x 160 instead of 224 x 224``."""
    width: str | None
    """``width multiplier 0.6 instead of 1``."""
    buffer_bytes: float | None

    def __str__(self) -> str:
        buffer = f"a buffer of {self.buffer_bytes / 2**20:.3g} MiB" if self.buffer_bytes else None
        return ", or ".join(filter(None, (self.input_size, self.width, buffer))) or "nothing that was tried"


def what_would_fit(simulation: Simulation) -> Fitting | None:
    """The largest input, the largest width and the smallest buffer with which every map of the network stays on chip.

    None for networks that take too long to plan again a dozen times.
    """
    if takes_minutes(simulation):
        return None
    state = State(simulation.graph, simulation.run, simulation.profile)
    kinds = (input_sizes(state), widths(state))
    input_size, width = (_first_that_fits(simulation, state, list(changes)) for changes in kinds)
    return Fitting(input_size, width, _buffer_bytes(simulation))


def _first_that_fits(simulation: Simulation, state: State, changes: Sequence[Change]) -> str | None:
    """By halving: what keeps less of a network never needs more memory."""
    low, high = 0, len(changes)
    while low < high:
        middle = (low + high) // 2
        if _fits(simulation, state, changes[middle]):
            high = middle
        else:
            low = middle + 1
    return changes[low].text if low < len(changes) else None


def _fits(simulation: Simulation, state: State, change: Change) -> bool:
    try:
        changed = change.apply(state)
        made = simulate(changed.graph, changed.profile, changed.run)
    except (InputError, DoesNotFitError):
        return False
    return bool(device_for(made.profile).footprint(made.ops, made.profile, made.run).fits)


def _buffer_bytes(simulation: Simulation) -> float | None:
    plan, profile = simulation.ops.plan, simulation.profile
    if plan is None:
        return None
    fitting, size = float(plan.fitting_bytes[0, 0]), profile.value_at("hardware.memory.onchip.size")
    return fitting if fitting > size else None
