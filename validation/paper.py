"""The ShuffleNet V2 paper on ARM: fit on Tables 1 to 4 only, then predict Table 8.

``python -m validation.paper`` fits and writes the profile; the figures are of predictions.
"""

from __future__ import annotations

import numpy as np

from costsim.calibrate.constants import constants_of
from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.calibrate.fit import fit
from costsim.calibrate.paper import PaperRow, paper_rows
from costsim.calibrate.problem import MeasuredRun
from costsim.calibrate.validate import Case, case
from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.simulate import lower_for
from validation.apply import calibration_block, write_fit
from validation.arm_runs import profile_path

PROFILE = "snapdragon_810_paper"
SOURCE = "Ma et al. 2018, arXiv 1807.11164, Tables 1 to 4, ARM"


def solve() -> None:
    """Fit on Tables 1 to 4 and write the profile."""
    profile = load_profile(PROFILE).model_copy(update={"fitted": load_profile("snapdragon_810").fitted})
    rows = [row for row in paper_rows("cpu") if row.is_micro]
    config = RunConfig("fp32", 1)
    tables = {row.name: lower_for(row.graph, profile, config) for row in rows}
    run = MeasuredRun("Tables 1 to 4", profile, config, tables, {r.name: r.latency_s for r in rows})
    constants = constants_of("cpu")
    seen = [c for c in constants.board if "thread" not in c.path and "contention" not in c.path]
    found = fit([run], constants.core, seen)
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
