"""What docs/accuracy.md says of ncnn in int8."""

import numpy as np

from costsim.calibrate.errors import ErrorSummary
from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.simulate import simulate
from validation.apply import log_errors
from validation.arm_int8 import GROUPS, results, runs_of
from validation.arm_int8_report import section, signs
from validation.arm_report import PAGE
from validation.arm_runs import network


def test_networks_left_out():
    every = ErrorSummary.of(log_errors([run for group in results().values() for run in group["runs"]]))
    assert every.count == 300
    assert every.mean_ratio < 0.12


def test_whether_int8_is_faster():
    pairs = list(signs())
    assert len(pairs) > 200
    assert np.mean([was == said for was, said in pairs]) >= 0.9


def test_the_page_is_that_of_the_results():
    assert section() in PAGE.read_text()


def test_shipped_rates_give_the_errors_of_the_fit():
    found = {(run["board"], run["threads"]): run for group in results().values() for run in group["runs"]}
    for board, threads in (("rpi4b", 1), ("rpi5", 1), ("orange_pi_5_big", 4)):
        seen = found[board, threads]["log_error_seen"]
        group = next(g for name, g in GROUPS.items() if any(r["board"] == board for r in results()[name]["runs"]))
        run = next(r for r in runs_of(group) if r.profile.name == board and r.run.threads == threads)
        for name in ("resnet18_int8", "squeezenet_int8"):
            got = simulate(network(name), load_profile(board), RunConfig("int8", threads)).costs.latency_s.sum()
            assert np.isclose(np.log(got / run.measured_s[name]), seen[name], atol=0.01), (board, name)
