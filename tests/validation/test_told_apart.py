"""How sure a difference is: pairs of measured networks, told apart or not."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from costsim.analysis import Analysis
from costsim.devices import RunConfig
from costsim.diff import Side, diff
from costsim.hardware import load_profile
from costsim.orders import told_apart
from costsim.simulate import simulate
from validation.arm_report import results
from validation.arm_runs import CORES, measurements, network, profile_path


def runs():
    """(board, threads, data type) to network to measured milliseconds."""
    table = measurements()
    return {
        (board, int(rows.threads.iloc[0]), rows.dtype.iloc[0]): dict(zip(rows.network, rows.latency_ms, strict=True))
        for (board, _), rows in table.groupby(["board", "run"], sort=False)
    }


def pairs_left_out():
    """(measured, predicted) log ratios of all pairs of one run, each network predicted by a fit without it."""
    measured, found = runs(), []
    for core in sorted(CORES):
        for run in results(core)["runs"]:
            errors, ms = run["log_error_left_out"], measured[run["board"], run["threads"], run["dtype"]]
            for a, b in combinations(sorted(errors), 2):
                ratio = np.log(ms[a] / ms[b])
                found.append((ratio, ratio + errors[a] - errors[b]))
    return np.array(found)


def figures(pairs):
    """Shares of the pairs that are told apart, and of those that are in the measured order."""
    told = np.array([told_apart(1.0, np.exp(predicted)) for _, predicted in pairs])
    right = np.sign(pairs[told, 0]) == np.sign(pairs[told, 1])
    return float(told.mean()), float(right.mean())


def test_the_share_that_tells_networks_apart_is_the_measured_one():
    pairs = pairs_left_out()
    near = pairs[np.abs(pairs[:, 0]) < np.log(2)]
    assert len(pairs) == 9711
    np.testing.assert_allclose(figures(pairs), (0.94, 0.98), atol=0.006)
    np.testing.assert_allclose(figures(near), (0.84, 0.95), atol=0.006)


def test_fifty_pairs_of_measured_networks_on_their_boards():
    rng, measured = np.random.default_rng(0), runs()
    keys, verdicts = sorted(measured), []
    for number in range(50):
        board, threads, dtype = keys[number % len(keys)]
        ms = measured[board, threads, dtype]
        near = [(a, b) for a, b in combinations(sorted(ms), 2) if 1.02 < max(ms[a] / ms[b], ms[b] / ms[a]) < 3]
        names = near[rng.integers(len(near))]
        profile = load_profile(profile_path(board))
        run = RunConfig.of(profile, dtype, threads)
        old, new = (Side.of(Analysis(simulate(network(name), profile, run))) for name in names)
        verdicts.append((diff(old, new).verdict, "slower" if ms[names[1]] > ms[names[0]] else "faster"))
    claimed = [(said, true) for said, true in verdicts if said != "~"]
    print(f"{sum(said == true for said, true in claimed)} of {len(claimed)} claimed right, {len(verdicts)} pairs")
    assert np.mean([said == true for said, true in claimed]) >= 0.95
    assert len(claimed) >= 2 / 3 * len(verdicts)
