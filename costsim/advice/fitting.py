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
    return Fitting(*_smaller_that_fits(state), _buffer_bytes(simulation))


def what_would_have_fitted(error: DoesNotFitError) -> str:
    """What of a network a device refused it would have taken: a smaller input, a narrower network, or both at once."""
    if not error.tried:
        return ""
    state = State(*error.tried)
    alone = [text for text in _smaller_that_fits(state) if text]
    found = ", or ".join(alone) or _both_smaller(state)
    return f"it would fit with {found}" if found else "no smaller input and width that was tried fits"


def _smaller_that_fits(state: State) -> tuple[str | None, str | None]:
    """The largest input and the largest width that fit alone."""
    kinds = list(input_sizes(state)), list(widths(state))
    found = (_first_that_fits(state, changes) for changes in kinds)
    input_size, width = (change.text if change else None for change in found)
    return input_size, width


def _both_smaller(state: State) -> str | None:
    """The largest width that fits at the smallest input, and the largest input that fits at that width."""
    smallest = list(input_sizes(state))[-1:]
    for small in smallest:
        width = _first_that_fits(state, list(widths(state)), small)
        if width is None:
            continue
        narrow = width.apply(state)
        input_size = _first_that_fits(narrow, list(input_sizes(narrow)))
        if input_size is not None:
            return f"{width.text} and {input_size.text}"
    return None


def _first_that_fits(state: State, changes: Sequence[Change], beside: Change | None = None) -> Change | None:
    """By halving: what keeps less of a network never needs more memory."""
    low, high = 0, len(changes)
    while low < high:
        middle = (low + high) // 2
        if _fits(state, changes[middle], beside):
            high = middle
        else:
            low = middle + 1
    return changes[low] if low < len(changes) else None


def _fits(state: State, *changes: Change | None) -> bool:
    try:
        for change in filter(None, changes):
            state = change.apply(state)
        made = simulate(state.graph, state.profile, state.run)
    except (InputError, DoesNotFitError):
        return False
    return bool(device_for(made.profile).footprint(made.ops, made.profile, made.run).fits)


def _buffer_bytes(simulation: Simulation) -> float | None:
    plan, profile = simulation.ops.plan, simulation.profile
    if plan is None:
        return None
    fitting, size = float(plan.fitting_bytes[0, 0]), profile.value_at("hardware.memory.onchip.size")
    return fitting if fitting > size else None
