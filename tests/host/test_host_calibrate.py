"""From measurements of a machine to its profile, with a runtime that takes what a known profile says."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from itertools import cycle

import numpy as np
import pytest

from costsim.calibrate.host import machine as machine_module
from costsim.calibrate.host import runtimes
from costsim.calibrate.host.judge import judge, of_unseen_family
from costsim.calibrate.host.plan import JUDGES, NETWORKS, calibration_plan
from costsim.calibrate.host.run import calibrate_host
from costsim.calibrate.sources import validate_against
from costsim.devices import RunConfig
from costsim.errors import InputError
from costsim.exporters.onnx_layers import WRITERS
from costsim.graph.layers import Input
from costsim.hardware import load_profile
from costsim.network import Network
from costsim.networks.zoo import family_of
from costsim.simulate import simulate
from tests.host.conftest import MACHINE, ONE_PASS, Clock, FakeRuntime

TRUTH = load_profile("epyc_zen4")
RUN = RunConfig("fp32", 1)
UNSEEN = ("resnet18", "mobilenet_v2_1x", "densenet121", "shufflenet_v2_1x")


def seconds(graph, profile=TRUTH):
    return float(simulate(graph, profile, RUN).costs.latency_s.sum())


@pytest.fixture
def runtime(plan):
    graphs = [graph() for graph in plan.values()] + [Network(name).graph for name in UNSEEN]
    return FakeRuntime(Clock(), {graph.name: seconds(graph) for graph in graphs})


def calibrated(target, runtime, plan, **options):
    journal = target.with_suffix(".jsonl")
    return calibrate_host(target, MACHINE, runtime, journal, plan=plan, visit=ONE_PASS, clock=runtime.clock, **options)


class TestPlan:
    def test_nothing_the_judges_are_is_measured_by_the_calibration(self):
        assert not set(JUDGES) & set(calibration_plan())
        assert not set(JUDGES) & set(NETWORKS)

    def test_most_judges_are_of_families_the_calibration_has_nothing_of(self):
        unseen = {name for name in JUDGES if of_unseen_family(name)}
        seen = {id(family_of(name)) for name in NETWORKS}
        assert unseen == {name for name in JUDGES if id(family_of(name)) not in seen}
        assert len(unseen) >= 15
        assert of_unseen_family("somebody/elses.onnx")

    def test_every_network_can_be_built_and_written_as_onnx(self):
        for name, build in calibration_plan().items():
            graph = build()
            assert graph.name == name
            assert all(type(node.layer) in WRITERS or isinstance(node.layer, Input) for node in graph)


class TestFit:
    def test_constants_come_back_from_what_they_predict(self, tmp_path, runtime, plan):
        fitted = calibrated(tmp_path / "mine.yaml", runtime, plan)
        profile = load_profile(tmp_path / "mine.yaml")
        assert fitted.before.mean_ratio > 3 * fitted.after.mean_ratio
        assert fitted.after.mean_ratio < 0.02
        for name in UNSEEN:
            graph = Network(name).graph
            assert seconds(graph, profile) == pytest.approx(seconds(graph), rel=0.08)
        assert profile.fitted.op_overhead_s == pytest.approx(TRUTH.fitted.op_overhead_s, rel=0.25)

    def test_the_profile_says_what_was_measured_and_what_moved(self, tmp_path, runtime, plan):
        fitted = calibrated(tmp_path / "mine.yaml", runtime, plan)
        profile, text = load_profile(tmp_path / "mine.yaml"), (tmp_path / "mine.yaml").read_text()
        assert (profile.name, profile.family, profile.runtime.name) == ("mine", "cpu", "onnxruntime")
        assert profile.hardware.core == MACHINE.model
        assert profile.calibration.status == "calibrated"
        assert f"{len(plan)} chains of layers and networks in onnxruntime 1.0" in profile.calibration.data
        assert profile.calibration.low_ratio == pytest.approx(fitted.low_ratio, rel=1e-2)
        assert "# was 0.85" in text
        assert profile.source_of("fitted.blocked.tile_cycles").kind == "fitted"
        assert profile.source_of("hardware.clock").kind == "measured"

    def test_narrow_vectors_get_the_kernels_for_them(self, tmp_path, runtime, plan):
        narrow = machine_module.Machine("Old CPU", 2, 8, 16, MACHINE.cache_bytes)
        options = {"plan": plan, "visit": ONE_PASS, "clock": runtime.clock}
        calibrate_host(tmp_path / "old.yaml", narrow, runtime, tmp_path / "old.jsonl", **options)
        profile = load_profile(tmp_path / "old.yaml")
        assert profile.runtime.blocked_layout.block == 8
        assert profile.hardware.vector_bytes == 32

    def test_killed_and_run_again_it_gives_the_same_profile(self, tmp_path, plan, runtime):
        calibrated(tmp_path / "mine.yaml", runtime, plan)
        again = FakeRuntime(Clock(), runtime.seconds)
        (tmp_path / "other").mkdir()
        for dies_at in (5, 40):
            again.dies_at = dies_at
            with pytest.raises(KeyboardInterrupt):
                calibrated(tmp_path / "other" / "mine.yaml", again, plan)
            assert not (tmp_path / "other" / "mine.yaml").exists()
        again.dies_at = None
        calibrated(tmp_path / "other" / "mine.yaml", again, plan)
        assert again.visits == runtime.visits
        assert (tmp_path / "other" / "mine.yaml").read_text() == (tmp_path / "mine.yaml").read_text()


def test_measurements_of_a_machine_that_swings_too_far_make_no_profile(tmp_path, runtime, plan):
    shake = cycle([2.0, 1.9, 1.0, 1.8])
    steady = runtime._run
    runtime._run = lambda seconds: steady(seconds * next(shake))
    with pytest.raises(InputError, match=r"mine\.jsonl: unstable, not used: usual visits take \d\d% longer"):
        calibrated(tmp_path / "mine.yaml", runtime, plan)
    assert not (tmp_path / "mine.yaml").exists()


class TestJudge:
    def test_predictions_are_held_against_the_runtime_with_the_noise_beside(self, runtime, monkeypatch):
        monkeypatch.setattr(runtimes, "RUNTIMES", {"onnxruntime": lambda: runtime})
        monkeypatch.setattr(
            "costsim.calibrate.sources.judge", lambda *a, **k: judge(*a, **k, visit=ONE_PASS, clock=runtime.clock)
        )
        found = validate_against("onnxruntime", TRUTH, networks=UNSEEN)
        assert found.summary.mean_ratio == pytest.approx(0.0, abs=1e-4)
        assert found.noise_ratio == pytest.approx(0.01, rel=1e-3)
        assert found.unseen == {"densenet121"}
        assert found.unseen_summary.count == 1
        assert "onnxruntime 1.0 on this machine" in found.against

    def test_other_profiles_are_held_against_a_few_networks_and_know_no_families(self, runtime, monkeypatch):
        monkeypatch.setattr(runtimes, "RUNTIMES", {"onnxruntime": lambda: runtime})
        monkeypatch.setattr("costsim.calibrate.sources.QUICK_NETWORKS", UNSEEN)
        monkeypatch.setattr(
            "costsim.calibrate.sources.judge", lambda *a, **k: judge(*a, **k, visit=ONE_PASS, clock=runtime.clock)
        )
        found = validate_against("onnxruntime", load_profile("rpi4b"))
        assert [c.name for c in found.cases] == list(UNSEEN)
        assert found.unseen_summary is None

    def test_it_goes_on_from_what_was_kept(self, runtime, tmp_path):
        options = {"journal_path": tmp_path / "kept.jsonl", "visit": ONE_PASS, "clock": runtime.clock}
        runtime.dies_at = 7
        with pytest.raises(KeyboardInterrupt):
            judge(runtime, UNSEEN, **options)
        runtime.dies_at = None
        timings = judge(runtime, UNSEEN, **options).timings
        assert len(runtime.visits) == 4 * len(UNSEEN)
        assert timings["resnet18"].latency_s == pytest.approx(runtime.seconds["resnet18"], rel=1e-4)


class TestCommandLine:
    @pytest.fixture
    def call(self, run):
        return lambda *words: run(*map(str, words))

    @pytest.fixture
    def here(self, runtime, monkeypatch, plan):
        monkeypatch.setattr(runtimes, "RUNTIMES", {"onnxruntime": lambda: runtime})
        monkeypatch.setattr(machine_module, "this_machine", lambda: MACHINE)
        known = partial(calibrate_host, plan=plan, visit=ONE_PASS, clock=runtime.clock)
        monkeypatch.setattr("costsim.calibrate.host.run.calibrate_host", known)
        return runtime

    def test_it_measures_fits_writes_and_cleans_up(self, call, here, tmp_path):
        code, out, _ = call("calibrate", "--host", "--runtime", "onnxruntime", "-o", tmp_path / "mine.yaml")
        assert code == 0
        assert "noise floor" in out and "90 % interval" in out
        assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]
        code, out, _ = call("analyze", "mobilenet_v2_1x", "--hw", tmp_path / "mine.yaml")
        assert code == 0 and "onnxruntime" in out

    def test_measurements_that_were_asked_for_are_kept_and_used_again(self, call, here, tmp_path):
        words = ("calibrate", "--host", "--runtime", "onnxruntime", "--measurements", tmp_path / "kept.jsonl", "-o")
        assert call(*words, tmp_path / "one.yaml")[0] == 0
        visits = len(here.visits)
        assert call(*words, tmp_path / "two.yaml")[0] == 0
        assert len(here.visits) == visits
        one, two = ((tmp_path / f"{name}.yaml").read_text() for name in ("one", "two"))
        assert one == two.replace("name: two", "name: one")

    def test_interrupted_it_says_how_to_go_on(self, call, here, tmp_path):
        here.dies_at = 3
        code, out, err = call("calibrate", "--host", "--runtime", "onnxruntime", "-o", tmp_path / "mine.yaml")
        assert (code, out) == (130, "")
        assert "mine.measurements.jsonl: interrupted" in err and "run the same command to go on" in err
        assert not (tmp_path / "mine.yaml").exists()

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (["--runtime", "onnxruntime"], "--host is missing"),
            (["--host"], "--runtime is missing"),
            (["--host", "--runtime", "tflite"], "unknown runtime 'tflite'"),
            (["--host", "--runtime", "onnxruntime", "--base", "arm_a53"], "leave out --base"),
            (["--host", "--runtime", "onnxruntime", "--set", "clock=1GHz"], "leave out --base"),
            (["--base", "arm_a53"], "--from is missing"),
            ([], "--from is missing"),
        ],
    )
    def test_words_that_do_not_go_together_are_refused(self, call, here, tmp_path, words, says):
        code, out, err = call("calibrate", *words, "-o", tmp_path / "mine.yaml")
        assert (code, out) == (1, "") and says in err and "Traceback" not in err
        assert not list(tmp_path.iterdir())

    def test_nothing_is_measured_for_a_file_that_cannot_be_written(self, call, here, tmp_path):
        (tmp_path / "there.yaml").write_text("mine")
        for target, says in (
            ("there.yaml", "is there already"),
            ("no.txt", "ends in .yaml"),
            ("x/y.yaml", "cannot be written"),
        ):
            code, _, err = call("calibrate", "--host", "--runtime", "onnxruntime", "-o", tmp_path / target)
            assert code == 1 and says in err
        assert (tmp_path / "there.yaml").read_text() == "mine"
        assert not here.visits

    @pytest.mark.parametrize("package", ["onnxruntime", "torch", "scipy"])
    def test_a_missing_package_is_one_clear_line(self, tmp_path, package):
        runtime = "onnxruntime" if package == "scipy" else package
        words = ["calibrate", "--host", "--runtime", runtime, "-o", str(tmp_path / "mine.yaml")]
        code = f"import sys; sys.modules[{package!r}] = None; from costsim.cli import run; sys.exit(run({words!r}))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"costsim: {package} is not installed; pip install")
        assert done.stderr.count("\n") == 1
        assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnxruntime", "torch"])
def test_this_machine_can_be_measured(name, tmp_path, plan):
    runtime = runtimes.runtime_named(name)
    few = {n: plan[n] for n in ("conv_1x1_64_at_56", "conv_3x3_64_at_56", "relu_96_at_56", "linear_4096")}
    fitted = calibrate_host(
        tmp_path / "here.yaml", machine_module.this_machine(), runtime, tmp_path / "here.jsonl", plan=few
    )
    assert fitted.after.mean_ratio < 0.5
    timed = judge(runtime, ["shufflenet_v2_0.5x"], visit=ONE_PASS)
    profile = load_profile(tmp_path / "here.yaml")
    ratio = seconds(timed.graphs["shufflenet_v2_0.5x"], profile) / timed.timings["shufflenet_v2_0.5x"].latency_s
    assert np.isfinite(ratio) and 0.1 < ratio < 10
