"""What advice says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from costsim.advice.changes import LOSSES, Change, State
from costsim.advice.written import write_network
from costsim.limits import Assertion
from costsim.units import format_milliseconds


def _how_it_runs(state: State) -> dict[str, str]:
    run = state.run
    return {"threads": str(run.threads), "dtype": run.dtype, "runtime": state.profile.runtime.name}


@dataclass(frozen=True)
class Suggestion:
    """A list of changes, carried out and priced together."""

    changes: tuple[Change, ...]
    """In the order they are made."""
    state: State
    totals: dict[str, Any]
    """As in ``Analysis.summary``, of the changed network."""
    macs_kept_ratio: float
    params_kept_ratio: float
    shortfall_ratio: float
    """How far the worst target is from being met, as a share of its limit; 0: all are met."""
    score: float | None = None
    """What the user's scoring function says of the changed network."""

    @property
    def text(self) -> str:
        """The instructions, in one line."""
        return "; ".join(change.text for change in self.changes)

    @property
    def losses(self) -> tuple[float, float, float]:
        """What it asks for, and the shares of multiply-accumulates and parameters it loses."""
        lost = (round(max(0.0, 1 - kept), 6) for kept in (self.macs_kept_ratio, self.params_kept_ratio))
        return (max(change.loss for change in self.changes), *lost)  # type: ignore[return-value]

    @property
    def loss(self) -> str:
        """What it asks of the network's weights, and so of its accuracy."""
        return LOSSES[max(change.loss for change in self.changes)]

    def __str__(self) -> str:
        latency, kept = format_milliseconds(self.totals["latency_ms"]), f"{self.macs_kept_ratio:.0%} of the MACs"
        return f"{self.text}: {latency}, {kept} ({self.loss})"

    def options(self, before: State, given: Collection[str] = ()) -> list[str]:
        """What the command line needs besides the written network: what changed, and what was ``given`` at first."""
        now, was = _how_it_runs(self.state), _how_it_runs(before)
        needed = (name for name in now if name in given or now[name] != was[name])
        return [word for name in needed for word in (f"--{name}", now[name])]

    def save(self, path: str | Path) -> None:
        """Write the changed network: ONNX where the path ends so, else JSON.

        Raises:
            InputError: another ending, a layer the format has no word for, or a path that cannot be written.
        """
        write_network(self.state.graph, path)

    def record(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "changes": [{"kind": change.kind, "change": change.text} for change in self.changes],
            "asks_for": self.loss,
            "macs_kept_ratio": self.macs_kept_ratio,
            "params_kept_ratio": self.params_kept_ratio,
            "shortfall_ratio": self.shortfall_ratio,
            "score": self.score,
            "input_shape": list(self.state.graph.input_shape),
            "runtime": self.state.profile.runtime.name,
            "dtype": self.state.run.dtype,
            "threads": int(self.state.run.threads),
            "totals": self.totals,
        }


@dataclass(frozen=True)
class Advice:
    """What to change of a network on a device so that targets are met."""

    network: str
    hw: str
    targets: tuple[Assertion, ...]
    before: State
    totals: dict[str, Any] | None
    """Of the network as it is; None where it does not fit the device."""
    met: bool
    """It meets the targets as it is."""
    suggestions: tuple[Suggestion, ...]
    """Lists of changes that meet all targets, the cheapest loss first."""
    nearest: Suggestion | None
    """Where none does, the one that comes nearest."""
    priced: int
    """Changed networks that were priced."""

    def record(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "network": self.network,
            "hw": self.hw,
            "targets": [target.text for target in self.targets],
            "met": self.met,
            "totals": self.totals,
            "suggestions": [suggestion.record() for suggestion in self.suggestions],
            "nearest": self.nearest.record() if self.nearest else None,
            "priced": self.priced,
        }

    def __str__(self) -> str:
        targets = " and ".join(target.text for target in self.targets)
        if self.met:
            return f"{self.network} on {self.hw} meets {targets} as it is"
        if self.suggestions:
            lists = (f"{number}. {s}" for number, s in enumerate(self.suggestions, 1))
            return "\n".join([f"{self.network} on {self.hw} meets {targets} with", *lists])
        nearest = f"; the nearest is {self.nearest}" if self.nearest else ""
        return f"nothing within these limits makes {self.network} on {self.hw} meet {targets}{nearest}"
