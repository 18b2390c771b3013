"""The ShuffleNet V2 paper on ARM: fit on Tables 1 to 4 only, then predict Table 8.

``python -m validation.paper`` fits and writes the profile; the figures are of predictions.
``validation.paper_runtime`` shows what Tables 1 to 4 say of the runtime itself.
"""

from __future__ import annotations

import numpy as np

from costsim.calibrate.constants import constants_of
from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.calibrate.fit import Fit, fit
from costsim.calibrate.paper import PaperRow, paper_rows
from costsim.calibrate.problem import MeasuredRun
from costsim.calibrate.validate import Case, case
from costsim.devices import RunConfig
from costsim.devices.cpu_profile import CpuFitted
from costsim.hardware import Profile, load_profile
from costsim.simulate import lower_for
from validation.apply import calibration_block, write_fit
from validation.arm_runs import profile_path

PROFILE = "snapdragon_810_paper"
SOURCE = "Ma et al. 2018, arXiv 1807.11164, Tables 1 to 4, ARM"

DISPATCH_S = 5e-6
"""Where the fit starts: one thread wakes no others, unlike ncnn's, which the other constants start from."""

MICRO = tuple(row for row in paper_rows("cpu") if row.is_micro)


def start_of_the_fit() -> CpuFitted:
    """The same silicon under ncnn, which every constant is held to."""
    return load_profile("snapdragon_810").fitted.model_copy(update={"op_overhead_s": DISPATCH_S})


def micro_run(profile: Profile) -> MeasuredRun:
    """Tables 1 to 4 as the fit takes them."""
    config = RunConfig("fp32", 1)
    begun = profile.model_copy(update={"fitted": start_of_the_fit()})
    tables = {row.name: lower_for(row.graph, profile, config) for row in MICRO}
    return MeasuredRun("Tables 1 to 4", begun, config, tables, {row.name: row.latency_s for row in MICRO})


def fit_micro(run: MeasuredRun) -> Fit:
    """All constants that one thread shows."""
    constants = constants_of("cpu")
    seen = [c for c in constants.board if "thread" not in c.path and "contention" not in c.path]
    return fit([run], constants.core, seen)


def solve() -> None:
    """Fit on Tables 1 to 4 and write the profile."""
    run = micro_run(load_profile(PROFILE))
    found = fit_micro(run)
    errors = np.array(list(found.log_errors[0].values()))
    low, high = interval_ratios(errors)
    error = ErrorSummary.of(errors).mean_ratio
    note = f"{SOURCE}: {len(errors)} speeds, mean error {error:.1%}; held to the constants of snapdragon_810"
    # Whole networks have ops these tables lack: the interval is no narrower than that of an uncalibrated board.
    block = calibration_block(f"{SOURCE}: {len(errors)} speeds", errors, (min(low, 0.6), max(high, 1.6)))
    write_fit(profile_path(PROFILE), found.values([run], 0), note, block)


def predictions() -> tuple[list[tuple[PaperRow, Case]], list[tuple[PaperRow, Case]]]:
    """(Tables 1 to 4, Table 8) as the profile predicts them."""
    profile = load_profile(PROFILE)
    run = RunConfig.of(profile)
    pairs = [(r, case(r.name, r.graph, profile, run, r.latency_s)) for r in paper_rows("cpu")]
    return [p for p in pairs if p[0].is_micro], [p for p in pairs if not p[0].is_micro]


if __name__ == "__main__":
    solve()
