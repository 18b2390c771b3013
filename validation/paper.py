"""The ShuffleNet V2 paper on ARM: fit on Tables 1 to 4 only, then predict Table 8.

``python -m validation.paper`` fits and writes the profile; the figures are of predictions.
``validation.paper_runtime`` shows what Tables 1 to 4 say of the runtime itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from costsim.calibrate.constants import constants_of
from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.calibrate.few_shot import seen_constants
from costsim.calibrate.fit import Fit, fit
from costsim.calibrate.paper import PaperRow, paper_rows, reconstructed_rows
from costsim.calibrate.problem import Constant, MeasuredRun
from costsim.calibrate.validate import Case, case_of
from costsim.devices import RunConfig
from costsim.devices.cpu.profile import CpuFitted
from costsim.hardware import Profile, load_profile
from costsim.simulate import lower_for
from validation.apply import calibration_block, write_fit
from validation.arm_runs import profile_path
from validation.gpu_fit import left_out_errors

PROFILE = "snapdragon_810_paper"
SOURCE = "Ma et al. 2018, arXiv 1807.11164, Tables 1 to 4, ARM"

START = CpuFitted(
    gemm_ratio=1.0, spatial_ratio=0.5856, unpacked_ratio=0.4995, depthwise_ratio=0.3251, vector_ratio=0.3704,
    load_ratio=0.8615, l2_bytes_per_cycle=2.73, l2_contention_ratio=0.05907, pack_bytes_per_cycle=3.372,
    transform_bytes_per_cycle=0.6901, cache_ratio=0.3164, overlap=3.334, group_overhead="6.06 us",
    clock_ratio=0.8997, contention_ratio=0.3619, one_core_dram_ratio=0.6717, dram_ratio=0.823, op_overhead="5 us",
    thread_overhead="10.1 us",
)  # fmt: skip
"""Where the fit starts and what it is held to: this silicon under ncnn, as first fitted to ncnn's benchmark, with 5 us
of dispatch, as one thread wakes no others."""

MICRO_TABLES = ("T1", "T2", "T3", "T4")


def run_of(rows: Collection[PaperRow], profile: Profile) -> MeasuredRun:
    """Rows of the paper as a fit takes them, with the profile's runtime."""
    begun, config = profile.model_copy(update={"fitted": START}), RunConfig("fp32", 1)
    tables = {row.name: lower_for(row.graph, profile, config) for row in rows}
    return MeasuredRun(PROFILE, begun, config, tables, {row.name: row.latency_s for row in rows})


def micro_run(profile: Profile) -> MeasuredRun:
    """Tables 1 to 4."""
    return run_of([row for row in paper_rows("cpu") if row.is_micro], profile)


def fit_micro(run: MeasuredRun) -> Fit:
    """The constants that make the least of the errors."""
    return fit([run], constants_seen(run), [])


def constants_seen(run: MeasuredRun) -> tuple[Constant, ...]:
    """All that one thread shows."""
    every = constants_of("cpu")
    return (*every.core, *seen_constants(every.board, [run]))


def errors_by_left_out_table(run: MeasuredRun) -> dict[str, float]:
    """Errors of Tables 1 to 4, as log(predicted / measured), each from a fit on the three others."""
    folds = [[name for name in run.networks if name.startswith(table)] for table in MICRO_TABLES]
    return left_out_errors(run, folds, constants_seen(run))


def log_errors(rows: Collection[PaperRow], profile: Profile, values: Mapping[str, float]) -> np.ndarray:
    """log(predicted / measured) with these constants."""
    run = run_of(rows, profile)
    return np.log(run.predict({path: np.array([value]) for path, value in values.items()})[:, 0]) - run.log_measured


def solve() -> None:
    """Fit on Tables 1 to 4 and write the profile; its card is of what the fit has not seen."""
    profile = load_profile(PROFILE)
    run = micro_run(profile)
    found = fit_micro(run)
    values = found.values([run], 0)
    published = log_errors([row for row in paper_rows("cpu") if not row.is_micro], profile, values)
    guessed = log_errors(reconstructed_rows("cpu"), profile, values)
    unseen = [*errors_by_left_out_table(run).values(), *published, *guessed]
    error = ErrorSummary.of(list(found.log_errors[0].values()))
    note = f"{SOURCE}: {error.count} speeds, mean error {error.mean_ratio:.1%}; held to the Cortex-A57 under ncnn"
    data = (
        f"fitted on {error.count} speeds of {SOURCE}; the runtime was chosen on the orderings of these tables and its "
        f"depthwise loop knowing Table 8, so the errors, those on the {len(published)} networks of Table 8, are no test"
    )
    card = calibration_block(data, published, interval_ratios(unseen)) | {"error_of": "training error"}
    write_fit(profile_path(PROFILE), values, note, card)


def predictions() -> tuple[list[tuple[PaperRow, Case]], list[tuple[PaperRow, Case]]]:
    """(Tables 1 to 4, Table 8) as the profile predicts them."""
    profile = load_profile(PROFILE)
    pairs = [(r, case_of(r.name, r.simulate(profile), r.latency_s)) for r in paper_rows("cpu")]
    return [p for p in pairs if p[0].is_micro], [p for p in pairs if not p[0].is_micro]


if __name__ == "__main__":
    solve()
