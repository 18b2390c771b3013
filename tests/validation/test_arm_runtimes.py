"""What docs/accuracy.md says of other runtimes on ARM boards."""

import numpy as np
import pytest

from costsim.calibrate.errors import ErrorSummary
from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.simulate import simulate
from validation.apply import log_errors
from validation.arm_report import PAGE
from validation.arm_runtimes import graph, measurements, results
from validation.arm_runtimes_report import section

OFF = {"paddle_lite": 0.085, "tnn": 0.08, "tengine": 0.19, "xnnpack": 0.135}
"""Mean errors of networks left out."""


@pytest.mark.parametrize("runtime", OFF)
def test_networks_left_out(runtime):
    runs = [run for name, outcome in results().items() if name.startswith(runtime) for run in outcome["runs"]]
    assert ErrorSummary.of(log_errors(runs)).mean_ratio < OFF[runtime]


def test_xnnpack_where_more_than_four_networks_were_measured_on_the_core():
    assert ErrorSummary.of(log_errors(results()["xnnpack a53"]["runs"])).mean_ratio < 0.09
    assert ErrorSummary.of(log_errors(results()["xnnpack a55"]["runs"])).mean_ratio < 0.2
    assert ErrorSummary.of(log_errors(results()["xnnpack a76"]["runs"])).mean_ratio < 0.13


def test_the_page_is_that_of_the_results():
    assert section() in PAGE.read_text()


@pytest.mark.parametrize(("runtime", "board"), [("paddle_lite", "rk3399_big"), ("xnnpack", "imx8mp")])
def test_shipped_rates_give_the_errors_of_the_fit(runtime, board):
    table = measurements()
    rows = table[
        (table.runtime == runtime) & (table.board == board) & (table.threads == 1) & (table["dtype"] == "int8")
    ]
    runs = [run for outcome in results().values() for run in outcome["runs"] if run["board"] == board]
    seen = next(run["log_error_seen"] for run in runs if run["dtype"] == "int8" and run["threads"] == 1)
    profile = load_profile(board, runtime=runtime)
    for row in rows.itertuples():
        got = simulate(graph(row.network, row.input), profile, RunConfig("int8", 1)).costs.latency_s.sum()
        assert np.isclose(np.log(got / row.latency_ms * 1e3), seen[f"{row.network} {row.input:g}"], atol=0.01)
