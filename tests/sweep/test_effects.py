"""Values of an axis are compared over what all of them share."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from costsim.report.page.swept_page import effects
from costsim.report.verbs.swept import sweep_text
from costsim.sweep import load_spec, sweep
from costsim.sweep.effects import MOST_SETTINGS, compared, settings
from costsim.sweep.reduce import quantiles

LARGER_BUFFERS = {
    "network": ["mobilenet_v1_1x", "vgg16", "shufflenet_v2_0.5x"],
    "hw": ["embedded_buffer"],
    "axes": {"hardware.memory.onchip.size": ["2 KiB", "8 KiB", "1 MiB"], "input_size": [64, 224]},
    "keep_points": True,
}


def test_a_larger_buffer_never_looks_slower(tmp_path: Path) -> None:
    """The small buffer holds the small networks alone; the means over whatever fits rise with the buffer."""
    spec = load_spec(LARGER_BUFFERS)
    result = sweep(spec, tmp_path / "out", shard_points=5)
    axis = next(axis for axis in spec.space.axes if axis.name.endswith("size") and axis.name != "input_size")
    raw = result.summary["effect"]["latency_ms"][axis.name]
    plain = [total / count for count, total, *_ in (raw[str(value)] for value in axis.values)]
    assert result.summary["outcomes"]["does not fit"] > 0
    assert plain != sorted(plain, reverse=True), "nothing here would mislead a plain mean"
    records = effects(result, axis, "latency_ms")
    means = [record["mean"] for record in records]
    assert means == sorted(means, reverse=True)
    assert all(0 < record["settings"] <= record["points"] for record in records)
    assert [record["points"] for record in records] == sorted(record["points"] for record in records)
    assert str(records[0]["settings"]) in sweep_text(result, spec)


def test_the_means_are_those_of_the_settings_found_by_hand() -> None:
    random = np.random.default_rng(3)
    places = [(setting, value) for setting, value in product(range(60), range(3)) if random.random() < 0.8]
    numbers = random.random(len(places))
    numbers[::11] = np.nan
    at = {place: number for place, number in zip(places, numbers.tolist(), strict=True) if not np.isnan(number)}
    shared = [setting for setting in range(60) if all((setting, value) in at for value in range(3))]
    assert 2 < len(shared) < 60
    found = compared(np.array(places), numbers)
    assert found[0] == len(shared)
    for value, (mean, least, most) in found[1].items():
        own = [at[setting, value] for setting in shared]
        assert mean == pytest.approx(sum(own) / len(own))
        assert (least, most) == (min(own), max(own))


def test_where_nothing_is_shared_nothing_is_compared() -> None:
    assert compared(np.array([[0, 0], [1, 1]]), np.array([1.0, 2.0])) == (0, {})
    assert compared(np.empty((0, 2), dtype=int), np.empty(0)) == (0, {})


def test_a_value_that_fits_nowhere_does_not_hide_the_others() -> None:
    found = compared(np.array([[0, 0], [0, 2], [5, 0], [5, 2], [9, 2]]), np.array([1.0, 2.0, 3.0, 4.0, 9.0]))
    assert found == (2, {0: (2.0, 1.0, 3.0), 2: (3.0, 2.0, 4.0)})


def test_of_many_settings_whole_ones_are_drawn() -> None:
    spec = load_spec({
        "network": "alexnet", "hw": "rpi4b",
        "axes": {"hardware.clock": "1 GHz .. 2 GHz x 500", "hardware.memory.dram.bandwidth": "4 GB/s .. 8 GB/s x 100",
                 "threads": [1, 2, 4]},
    })  # fmt: skip
    points = np.arange(spec.space.points)
    indices = spec.space.indices_of(points)
    kept = settings({name: points.astype(float) for name in spec.objectives}, indices, spec)
    setting = kept["setting/threads"]
    _, times = np.unique(setting[:, 0], return_counts=True)
    assert (times == 3).all()
    assert 0.8 * MOST_SETTINGS < len(times) < 1.2 * MOST_SETTINGS
    clocks = np.bincount(setting[:, 0] // 300 // 50, minlength=10)
    assert clocks.min() > 0.7 * clocks.max()  # spread over the space


@pytest.mark.parametrize("seed", range(5))
def test_quantiles_are_those_of_numpy_to_half_a_bin(seed: int) -> None:
    """A bin is 10**(1/200) wide and a quantile its middle: off by half of it at most, 0.58 %."""
    numbers = np.random.default_rng(seed).lognormal(size=2001)
    bins, counts = np.unique(np.floor(np.log10(numbers) * 200), return_counts=True)
    found = quantiles(np.stack([bins, counts], axis=1).astype(float))
    for ratio, value in found.items():
        exact = np.quantile(numbers, float(ratio), method="inverted_cdf")
        assert abs(np.log10(value / exact)) * 200 <= 0.5 + 1e-9
