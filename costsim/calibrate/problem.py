"""Predictions of many networks at once, as a function of a profile's constants.

All networks of a run are one op table, and the constants under trial are columns on the points
axis: one pass of the device model gives a prediction and its whole Jacobian.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from costsim.devices import RunConfig, device_for
from costsim.hardware import Profile
from costsim.hardware.vary import vary
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable
from costsim.tables.schema import Array

STEP = 1e-4
"""Relative step of the finite differences."""


@dataclass(frozen=True)
class Constant:
    """A fitted field of the profile and what is believed of it beforehand.

    The belief is a log-normal around the profile's value: ``spread`` is the standard deviation of
    the logarithm, so 0.1 says "within about 10 %".
    """

    path: str
    spread: float
    low: float = 1e-12
    high: float = 1e12


@dataclass(frozen=True)
class MeasuredRun:
    """Networks measured in one go: one device, one data type, one thread count."""

    name: str
    profile: Profile
    run: RunConfig
    tables: Mapping[str, OpTable]
    """Network to its ops as the profile's runtime executes them."""
    measured_s: Mapping[str, float]

    @property
    def networks(self) -> tuple[str, ...]:
        return tuple(self.measured_s)

    @cached_property
    def _joined(self) -> OpTable:
        return OpTable.join([self.tables[name] for name in self.networks])

    @cached_property
    def log_measured(self) -> np.ndarray:
        return np.log(np.array([self.measured_s[name] for name in self.networks]))

    def predict(self, columns: Mapping[str, np.ndarray]) -> Array:
        """Seconds ``(networks, points)`` with the given fields set to one value per point."""
        return self.total(self.costs(columns).latency_s)

    def total(self, seconds: Array) -> Array:
        """``(networks, points)`` sums of what the rows of all networks, one after another, take."""
        return self._joined.networks.total(seconds)

    def costs(self, columns: Mapping[str, np.ndarray]) -> CostTable:
        """Costs of all networks, one after another; points are steps around the first, whose plan they all run."""
        first = vary(self.profile, {path: values[:1] for path, values in columns.items()})
        device = device_for(first)
        planned = device.plan(self._joined, first, self.run)
        return device.costs(planned, vary(self.profile, columns), self.run)

    def log_errors(self) -> np.ndarray:
        """log(predicted / measured) of the profile as it stands, network by network."""
        return np.log(self.predict({})[:, 0]) - self.log_measured

    def log_prediction(self, constants: Sequence[Constant], log_values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logarithm of the predictions and their derivatives by the logarithm of each constant."""
        trials = np.tile(log_values, (len(constants) + 1, 1))
        trials[1:] += STEP * np.eye(len(constants))
        columns = {c.path: np.exp(trials[:, i]) for i, c in enumerate(constants)}
        log_s = np.log(self.predict(columns))
        log_s = np.broadcast_to(log_s, (len(self.networks), len(trials)))
        return log_s[:, 0], (log_s[:, 1:] - log_s[:, :1]) / STEP
