"""Measurements in, fitted constants out; and every way the input can be wrong."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from costsim.calibrate.constants import constants_of
from costsim.calibrate.errors import ErrorSummary, interval_ratios, rank_correlation_in_bands
from costsim.calibrate.few_shot import calibrate, measured_runs
from costsim.calibrate.fit import fit
from costsim.calibrate.measurements import Measurement, read_measurements
from costsim.calibrate.problem import Constant, MeasuredRun
from costsim.calibrate.profile_file import profile_text
from costsim.cli import cli
from costsim.devices import RunConfig
from costsim.errors import InputError
from costsim.hardware import load_profile, write_profile
from costsim.hardware.vary import vary
from costsim.tables.optable import OpTable

NETWORKS = ("shufflenet_v2_0.5x", "mobilenet_v1_0.25x", "squeezenet_1_1", "resnet18", "alexnet")

BENCHNCNN = """\
loop_count = 8
num_threads = 4
powersave = 0
          squeezenet  min =   84.74  max =   85.60  avg =   85.16
     squeezenet_int8  min =   69.83  max =   70.83  avg =   70.37
           mobilenet  min =  107.84  max =  110.23  avg =  108.60
   some_other_network  min =    1.00  max =    2.00  avg =    1.50
"""

BENCHMARK_MODEL = """\
INFO: Graph: [/data/local/tmp/mobilenet_v1_1x.tflite]
INFO: Num threads: [2]
INFO: Inference timings in us: Init: 5685, First inference: 18535, Warmup (avg): 14462.3, Inference (avg): 14575.2
INFO: Graph: [resnet18.tflite]
INFO: Inference timings in us: Init: 5685, First inference: 18535, Warmup (avg): 14462.3, Inference (avg): 2.5e+04
"""


@pytest.fixture
def base():
    return load_profile("rpi3b_plus")


@pytest.fixture
def written(tmp_path):
    def write(text, name="measured.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def board_like(profile, **factors):
    """What another board would measure: the profile with some constants changed."""
    changed = vary(
        profile, {f"fitted.{k}": np.array([v * profile.value_at(f"fitted.{k}")]) for k, v in factors.items()}
    )
    runs = measured_runs(changed, [Measurement(n, 1.0, 1) for n in NETWORKS])
    return [Measurement(n, float(s), 1) for n, s in zip(NETWORKS, runs[0].predict({})[:, 0], strict=True)]


class TestReading:
    def test_a_summary_of_velas_gives_the_time_and_the_file_beside_it(self, written):
        path = written(
            "experiment,network,core_clock,inference_time\ndefault,kws,1e9,0.0021\ndefault,alexnet,1e9,0.5\n"
        )
        compiled = Path(path).parent / "kws.tflite"
        compiled.write_bytes(b"")
        found = {m.network: m.latency_s for m in read_measurements(path)}
        assert found == {str(compiled): 0.0021, "alexnet": 0.5}

    def test_a_csv_gives_network_time_and_threads(self, written):
        path = written("network,latency_ms,threads\nresnet18,12.5,4\nalexnet,3,\n")
        assert read_measurements(path) == [Measurement("resnet18", 0.0125, 4), Measurement("alexnet", 0.003, None)]

    def test_the_unit_is_in_the_header(self, written):
        assert read_measurements(written("network,latency_us\nresnet18,12500\n"))[0].latency_s == pytest.approx(0.0125)

    def test_the_faster_of_two_measurements_is_kept(self, written):
        found = read_measurements(written("network,latency_ms\nresnet18,12.5\nresnet18,12\n"))
        assert [m.latency_s for m in found] == [0.012]

    def test_a_log_of_benchncnn_gives_the_minima_of_networks_the_zoo_has(self, written):
        found = read_measurements(written(BENCHNCNN, "log.txt"))
        assert found == [Measurement("squeezenet_1_1", 0.08474, 4), Measurement("mobilenet_v1_1x", 0.10784, 4)]

    def test_a_log_of_benchmark_model_may_hold_several_runs(self, written):
        found = read_measurements(written(BENCHMARK_MODEL, "log.txt"))
        assert [(m.network, m.threads) for m in found] == [("mobilenet_v1_1x", 2), ("resnet18", None)]
        assert [m.latency_s for m in found] == pytest.approx([0.0145752, 0.025])

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("network,latency_ms\nresnet18,0\n", "0 ms"),
            ("network,latency_ms\nresnet18,-3\n", "-3 ms"),
            ("network,latency_ms\nresnet18,nan\n", "nan ms"),
            ("network,latency_ms\nresnet18,12 ms\n", "not a number"),
            ("network,latency_ms,latency_s\nresnet18,12,0.012\n", "mixed or missing units"),
            ("network,latency\nresnet18,12\n", "mixed or missing units"),
            ("network,latency_ms\nresnet18,12\nresnet18,30\n", "measured twice"),
            ("network,latency_ms\n,12\n", "network is missing"),
            ("network,latency_ms,threads\nresnet18,12,two\n", "'two' threads"),
            ("model: resnet18\ntime: 12 ms\n", "neither a CSV"),
            ("", "neither a CSV"),
        ],
    )
    def test_what_cannot_be_is_refused_with_the_place(self, written, text, says):
        path = written(text)
        with pytest.raises(InputError) as error:
            read_measurements(path)
        assert says in str(error.value)
        assert "measured.csv" in str(error.value)


class TestFitting:
    def test_a_slower_clock_and_memory_are_found_again(self, base):
        measured = board_like(base, clock_ratio=0.8, one_core_dram_ratio=0.7)
        result = calibrate(base, measured)
        assert result.before.mean_ratio > 0.15
        assert result.after.mean_ratio < 0.02
        found = result.values["fitted.clock_ratio"] / base.fitted.clock_ratio
        assert 0.75 < found < 0.92  # constants of the core may take a part of it, within their spread

    def test_nothing_moves_where_the_base_is_right(self, base):
        result = calibrate(base, board_like(base))
        for path, value in result.values.items():
            assert value == pytest.approx(base.value_at(path), rel=1e-3), path

    def test_one_bad_measurement_does_not_carry_the_others_away(self, base):
        measured = board_like(base)
        spoilt = [Measurement(m.network, m.latency_s * (3 if m.network == "resnet18" else 1), 1) for m in measured]
        values = calibrate(base, spoilt).values
        assert values["fitted.clock_ratio"] == pytest.approx(base.fitted.clock_ratio, rel=0.15)

    def test_shared_constants_move_by_one_factor_and_own_ones_board_by_board(self, base):
        other = load_profile("rpi3b_plus", {"clock": "1 GHz"}).model_copy(update={"name": "other"})
        runs = [r for p in (base, other) for r in measured_runs(p, board_like(p, gemm_ratio=0.8))]
        found = fit(runs, [Constant("fitted.gemm_ratio", 0.5)], [Constant("fitted.clock_ratio", 0.1, high=1.0)])
        assert found.factors[0]["fitted.gemm_ratio"] == found.factors[1]["fitted.gemm_ratio"]
        assert found.factors[0]["fitted.gemm_ratio"] == pytest.approx(0.8, rel=0.05)

    def test_networks_left_out_are_predicted_but_not_fitted(self, base):
        runs = measured_runs(base, board_like(base, clock_ratio=0.7))
        constants = [Constant("fitted.clock_ratio", 1.0, high=1.0)]
        everything_left_out = fit(runs, [], constants, without=NETWORKS)
        assert everything_left_out.factors[0]["fitted.clock_ratio"] == pytest.approx(1.0, rel=1e-4)
        assert set(everything_left_out.log_errors[0]) == set(NETWORKS)

    def test_the_jacobian_is_that_of_the_predictions(self, base):
        run = measured_runs(base, board_like(base))[0]
        constants = [Constant("fitted.gemm_ratio", 1.0), Constant("fitted.load_ratio", 1.0)]
        at = np.log([base.value_at(c.path) for c in constants])
        log_s, jacobian = run.log_prediction(constants, at)
        for i in range(len(constants)):
            stepped, _ = run.log_prediction(constants, at + 0.01 * np.eye(len(constants))[i])
            np.testing.assert_allclose((stepped - log_s) / 0.01, jacobian[:, i], rtol=0.05, atol=2e-3)

    def test_networks_joined_cost_what_they_cost_alone(self, base):
        run = measured_runs(base, board_like(base))[0]
        together = run.predict({})[:, 0]
        for name, seconds in zip(run.networks, together, strict=True):
            alone = MeasuredRun("one", base, RunConfig.of(base, threads=1), run.tables, {name: 1.0})
            assert alone.predict({}).item() == pytest.approx(seconds)
        assert len(OpTable.join(list(run.tables.values()))) == sum(len(t) for t in run.tables.values())

    def test_too_few_networks_are_refused(self, base):
        with pytest.raises(InputError, match="1 network cannot fit"):
            calibrate(base, board_like(base)[:1])

    def test_other_families_say_that_they_are_not_fitted(self):
        with pytest.raises(InputError, match="cannot be calibrated"):
            constants_of("mcu")


class TestErrors:
    def test_a_summary_counts_what_is_within_ten_percent(self):
        summary = ErrorSummary.of(np.log([1.05, 0.95, 1.5, 0.5]))
        assert summary.within_10_percent_ratio == 0.5
        assert summary.mean_ratio == pytest.approx(0.275)
        assert summary.median_ratio == pytest.approx(0.275)

    def test_intervals_hold_their_share_of_new_measurements(self):
        draw = np.random.default_rng(7)
        held = []
        for _ in range(200):
            low, high = interval_ratios(draw.normal(0, 0.1, 60))
            held.append(np.mean([low <= np.exp(-e) <= high for e in draw.normal(0, 0.1, 200)]))
        assert 0.88 < np.mean(held) < 0.94

    def test_few_residuals_give_a_wide_interval(self):
        low, high = interval_ratios(np.log([1.1, 0.9, 1.0]))
        assert low < 0.9
        assert high > 1.1

    def test_ranks_are_judged_among_networks_of_similar_size(self):
        assert rank_correlation_in_bands([1, 1, 1], [1, 2, 3], [10, 20, 30]) == pytest.approx(1)
        assert rank_correlation_in_bands([1, 1, 1], [1, 2, 3], [30, 20, 10]) == pytest.approx(-1)
        assert rank_correlation_in_bands([1, 100, 10000], [1, 2, 3], [1, 2, 3]) is None


class TestVerbs:
    def run(self, *arguments):
        return CliRunner().invoke(cli, [str(a) for a in arguments])

    def csv(self, written, measurements):
        return written(
            "network,latency_ms,threads\n" + "".join(f"{m.network},{m.latency_s * 1e3},1\n" for m in measurements)
        )

    def test_a_fitted_profile_loads_and_says_what_moved(self, base, written, tmp_path):
        source = self.csv(written, board_like(base, clock_ratio=0.8))
        target = tmp_path / "my_board.yaml"
        result = self.run("calibrate", "--base", "arm_a53", "--from", source, "-o", target)
        assert result.exit_code == 0, result.output
        profile = load_profile(target)
        assert profile.calibration.status == "calibrated"
        assert profile.calibration.dtypes == ("fp32",)
        assert profile.fitted.clock_ratio < 0.9 * base.fitted.clock_ratio
        assert "# was" in target.read_text()
        shown = self.run("validate", target, "--against", source)
        assert shown.exit_code == 0, shown.output
        assert "within 10 %" in shown.output

    def test_known_differences_are_written_into_the_profile(self, base, written, tmp_path):
        target = tmp_path / "fast.yaml"
        source = self.csv(written, board_like(base))
        assert (
            self.run(
                "calibrate", "--base", "arm_a53", "--from", source, "-o", target, "--set", "clock=1.6 GHz"
            ).exit_code
            == 0
        )
        assert load_profile(target).hardware.clock_hz == 1.6e9

    def test_nothing_is_overwritten_unasked(self, base, written, tmp_path):
        target = tmp_path / "mine.yaml"
        target.write_text("precious")
        source = self.csv(written, board_like(base))
        refused = self.run("calibrate", "--base", "arm_a53", "--from", source, "-o", target)
        assert isinstance(refused.exception, InputError)
        assert target.read_text() == "precious"
        assert self.run("calibrate", "--base", "arm_a53", "--from", source, "-o", target, "--force").exit_code == 0

    @pytest.mark.parametrize("rows", ["resnet18,12\n", "resnet81,12\nalexnet,3\nsqueezenet_1_1,4\n"])
    def test_what_cannot_be_fitted_leaves_no_file(self, written, tmp_path, rows):
        target = tmp_path / "mine.yaml"
        source = written("network,latency_ms\n" + rows)
        assert isinstance(
            self.run("calibrate", "--base", "arm_a53", "--from", source, "-o", target).exception, InputError
        )
        assert not target.exists()

    def test_a_profile_that_would_extend_itself_is_not_written(self, base, written, tmp_path):
        target, source = tmp_path / f"{base.name}.yaml", self.csv(written, board_like(base))
        refused = self.run("calibrate", "--base", base.name, "--from", source, "-o", target).exception
        assert isinstance(refused, InputError) and "extend itself" in str(refused)
        assert not target.exists()

    @pytest.mark.parametrize("hw", ["gtx_1080ti", "v100"])
    def test_a_fitted_gpu_keeps_the_units_of_its_times(self, hw, written, tmp_path):
        base, target = load_profile(hw), tmp_path / "g.yaml"
        source = self.csv(written, board_like(base, launch=1.3))
        result = self.run("calibrate", "--base", hw, "--from", source, "-o", target)
        assert result.exit_code == 0, result.output
        fitted = load_profile(target).fitted
        assert base.fitted.launch_s < fitted.launch_s < 1.5 * base.fitted.launch_s
        assert fitted.ramp_s == pytest.approx(base.fitted.ramp_s, rel=0.5)

    def test_every_constant_that_can_be_fitted_is_written_as_it_is_read(self, tmp_path):
        for hw in ("rpi4b", "gtx_1080ti", "v100"):
            base = load_profile(hw)
            constants = constants_of(base.family)
            for constant in (*constants.core, *constants.board):
                value = 1.2345 * base.value_at(constant.path)
                settings = {constant.path: base.yaml_text(constant.path, value)}
                if (constant.high and value > constant.high) or (constant.path.endswith("_ratio") and value > 1):
                    continue
                assert load_profile(hw, settings).value_at(constant.path) == pytest.approx(value, rel=1e-3)

    @pytest.mark.parametrize(
        "text", ["schema_version: 1\nname: mine\n", "extends: mine\n", "{", "extends: rpi4b\nodd: 1\n"]
    )
    def test_a_profile_that_cannot_be_read_is_not_left_behind(self, text, tmp_path):
        target = tmp_path / "mine.yaml"
        with pytest.raises(InputError, match=r"mine\.yaml") as refused:
            write_profile(target, text)
        assert "mine." not in str(refused.value).replace("mine.yaml", "")
        assert not list(tmp_path.iterdir())
        target.write_text("precious")
        with pytest.raises(InputError):
            write_profile(target, text)
        assert target.read_text() == "precious"
        assert list(tmp_path.iterdir()) == [target]

    def test_the_picture_is_drawn(self, base, written, tmp_path):
        source = self.csv(written, board_like(base))
        picture = tmp_path / "scatter.png"
        result = self.run("validate", "arm_a53", "--against", source, "--plot", picture)
        assert result.exit_code == 0, result.output
        assert picture.read_bytes().startswith(b"\x89PNG")

    def test_every_line_of_the_file_keeps_units_and_sources(self, base):
        text = profile_text("mine", base, calibrate(base, board_like(base, clock_ratio=0.9)), "mine.csv", {})
        assert " us, source: calibration}" in text
        assert text.count("source: calibration") == len(constants_of("cpu").core) + 4  # one thread: no thread constants
