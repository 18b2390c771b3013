"""``calibrate --host`` from end to end: measure the plan, fit, write the profile."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from pathlib import Path

from costsim.calibrate.card import write_stamped
from costsim.calibrate.host.fit import HostFit, fit_host
from costsim.calibrate.host.journal import Journal
from costsim.calibrate.host.machine import Conditions, Machine
from costsim.calibrate.host.measure import (
    STABLE_RATIO,
    USUAL_VISIT,
    Progress,
    Visit,
    measure,
    noise_ratio,
    silent,
)
from costsim.calibrate.host.plan import calibration_plan
from costsim.calibrate.host.runtimes import HostRuntime, Pass
from costsim.errors import InputError
from costsim.graph import LayerGraph


def calibrate_host(
    target: Path,
    machine: Machine,
    runtime: HostRuntime,
    journal_path: Path,
    *,
    plan: Mapping[str, Callable[[], LayerGraph]] | None = None,
    visit: Visit = USUAL_VISIT,
    clock: Callable[[], float] = time.perf_counter,
    progress: Progress = silent,
) -> HostFit:
    """Measure what the journal does not have yet, fit, and write the profile to ``target``.

    Raises:
        InputError: the journal is of other conditions, the machine swings too far, a file cannot be written.
    """
    plan = calibration_plan() if plan is None else plan
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    conditions = Conditions(machine, runtime.name, runtime.version, today)
    journal = Journal(journal_path, conditions.as_journal_head())
    ready = {name: partial(_prepared, runtime, graph, conditions.threads) for name, graph in plan.items()}
    measure(ready, journal, visit=visit, clock=clock, progress=progress)
    timings = {name: journal.timing(name) for name in plan}
    if (noise := noise_ratio(timings.values())) > STABLE_RATIO:
        raise InputError(
            f"unstable, not used: usual visits take {noise:.0%} longer than the fastest, above {STABLE_RATIO:.0%}",
            where=str(journal_path),
            mend="delete it, and measure again when nothing else runs on this machine",
        )
    graphs = {name: graph() for name, graph in plan.items()}
    done = count(1)
    fitted = fit_host(
        target.stem,
        conditions,
        graphs,
        timings,
        lambda network: progress(next(done), len(plan), f"fit without {network}"),
    )
    write_stamped(target, fitted.text, [fitted.run])
    return fitted


def _prepared(runtime: HostRuntime, graph: Callable[[], LayerGraph], threads: int) -> Pass:
    return runtime.prepare(graph(), threads)
