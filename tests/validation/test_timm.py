"""RTX 3090 and 5090 in PyTorch, eager and compiled, against timm's throughputs."""

import numpy as np
import pytest

from costsim.calibrate.errors import ErrorSummary, interval_ratios
from costsim.hardware import load_profile
from validation import timm
from validation.timm_networks import network

FITTED = [*timm.EAGER, *timm.COMPILED]


@pytest.mark.parametrize("setting", FITTED, ids=lambda setting: setting.name)
def test_families_left_out_are_none_of_those_the_fit_has_seen(setting):
    rows = timm.measurements(setting)
    assert not set(rows.family[rows.part == "fitted"]) & set(rows.family[rows.part == "left out"])
    assert len(rows) >= 100


@pytest.mark.parametrize("setting", FITTED, ids=lambda setting: setting.name)
def test_kept_networks_are_those_that_were_measured(setting):
    rows = timm.measurements(setting).set_index("network")
    for name in ("mobilenet_edgetpu_100@224", "resnext50_32x4d@224", "coatnet_1_rw_224@224"):
        graph = network(name)
        assert graph.input_shape == (rows.graph_batch[name], 3, rows.side[name], rows.side[name])
        assert float(graph.total_macs) / rows.graph_batch[name] / 1e9 == pytest.approx(rows.gmacs[name], rel=0.03)


@pytest.mark.parametrize("setting", FITTED, ids=lambda setting: setting.name)
def test_the_null_model_is_the_best_line_through_what_it_saw(setting):
    errors = np.array(list(timm.null_errors(setting).values()))
    assert len(errors) > 50
    assert 0.1 < np.abs(errors).mean() < 0.4


@pytest.mark.slow
@pytest.mark.parametrize("setting", FITTED, ids=lambda setting: setting.name)
def test_cards_state_the_errors_of_families_left_out(setting):
    unseen = timm.left_out([setting])
    run = timm.run(setting, {})
    errors = [e for name, e in zip(run.networks, run.log_errors().tolist(), strict=True) if name in unseen]
    card = load_profile(setting.board, runtime=setting.runtime).calibration
    assert ErrorSummary.of(errors).mean_ratio == pytest.approx(card.mean_error_ratio, abs=0.005)
    assert interval_ratios(errors) == pytest.approx((card.low_ratio, card.high_ratio), abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [timm.EAGER, timm.COMPILED], ids=["eager", "compiled"])
def test_the_fit_ends_where_the_profiles_are(settings):
    runs = [timm.run(setting) for setting in settings]
    solved = timm.solve(runs, timm.left_out(settings))
    for index, setting in enumerate(settings):
        shipped = load_profile(setting.board, runtime=setting.runtime)
        values = solved.values(runs, index)
        assert values == pytest.approx({path: shipped.value_at(path) for path in values}, rel=0.05)
