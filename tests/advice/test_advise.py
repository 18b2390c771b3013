"""Advice: what it promises is delivered, and it is no worse than an edit known to do it."""

import json
import shlex
from itertools import product

import pytest

import costsim
from costsim.cli import run as run_cli
from costsim.edit import group_convs, scale_widths, swap_activations
from costsim.edit.sizes import answering
from costsim.errors import InputError
from costsim.hardware import load_profile

KNOWN = [
    ("shufflenet_v2_1x", "rpi4b", {"threads": 4}, {}),
    ("shufflenet_v2_1x", "rpi4b", {"input_size": (3, 160, 160)}, {}),
    ("mobilenet_v2_1x", "rpi4b", {}, {"width": 0.75}),
    ("mobilenet_v1_1x", "kirin_970", {"input_size": (3, 192, 192), "threads": 4}, {}),
    ("resnet18", "rk3399_big", {"threads": 2}, {"scale": 0.8}),
    ("squeezenet_1_1", "rpi3b_plus", {"threads": 4, "input_size": (3, 160, 160)}, {}),
    ("yolov8n", "ethos_u55_256", {"input_size": (3, 480, 480)}, {"swap": ("swish", "hard_swish")}),
    ("efficientnet_b0", "rpi4b", {"threads": 2}, {"swap": ("swish", "relu")}),
    ("mobilenet_v3_large", "orange_pi_5_big", {"dtype": "fp16", "threads": 1}, {"width": 0.8}),
    ("shufflenet_v2_1x", "gtx_1080ti", {}, {"width": 0.5}),
    ("resnet50", "gtx_1080ti", {"input_size": (3, 160, 160)}, {}),
    ("mobilenet_v2_1x", "ethos_u65_512", {"input_size": (3, 192, 192)}, {"width": 0.9}),
    ("shufflenet_v1_g3_1x", "rpi4b", {}, {"groups": 2}),
    ("densenet121", "rpi3b_plus", {"threads": 4, "input_size": (3, 128, 128)}, {}),
]
"""Network, device, run and edits that meet a target set just above what they take."""

QUICK = 5
"""Of them, those that are tried in the quick suite."""


def edited(name, edits):
    """The network with known edits, made by hand."""
    if "width" in edits:
        from costsim.networks import build

        return build(name, width=edits["width"])
    graph = costsim.Network(name).graph
    if "scale" in edits:
        graph = scale_widths(graph, edits["scale"])
    if "groups" in edits:
        graph = group_convs(graph, edits["groups"])
    if "swap" in edits:
        graph = swap_activations(graph, *edits["swap"])
    return graph


@pytest.mark.parametrize(
    ("name", "hw", "run", "edits"), [*KNOWN[:QUICK], *(pytest.param(*k, marks=pytest.mark.slow) for k in KNOWN[QUICK:])]
)
def test_advice_is_no_worse_than_a_known_edit_and_is_delivered(name, hw, run, edits, tmp_path):
    known = costsim.analyze(edited(name, edits), hw, **run)
    limit = known.latency_ms * 1.001
    dtype = {"dtype": run["dtype"]} if "dtype" in run else {}
    advice = costsim.advise(name, hw, f"latency_ms < {limit}", **dtype)
    best = advice.suggestions[0]
    kept = known.summary["macs"] / costsim.Network(name).macs
    assert best.totals["latency_ms"] < limit
    assert best.macs_kept_ratio >= kept - 1e-9
    path = tmp_path / "better.json"
    best.save(path)
    ran = {"threads": best.state.run.threads, "dtype": best.state.run.dtype}
    runtime = best.state.profile.runtime.name
    ran |= {"runtime": runtime} if runtime != load_profile(hw).runtime.name else {}
    assert costsim.analyze(str(path), hw, **ran).latency_ms == pytest.approx(best.totals["latency_ms"], rel=0.01)


def test_the_best_pair_is_that_of_trying_all_of_them():
    """Input sizes by widths, all of them, priced one by one."""
    limit = 9.0
    advice = costsim.advise("shufflenet_v2_1x", "rpi4b", f"latency_ms < {limit}", threads=4)
    whole = costsim.Network("shufflenet_v2_1x").macs
    kept = []
    for side, percent in product((224, 192, 160, 128, 96), range(25, 101, 5)):
        net = edited("shufflenet_v2_1x", {"width": percent / 100})
        priced = costsim.analyze(net, "rpi4b", input_size=(3, side, side), threads=4)
        if priced.latency_ms < limit:
            kept.append(priced.summary["macs"] / whole)
    assert advice.suggestions[0].macs_kept_ratio >= max(kept) - 0.02


def test_every_list_meets_every_target():
    targets = ["latency_ms < 30", "peak_activation_bytes < 2MiB", "params < 3M"]
    advice = costsim.advise("mobilenet_v2_1x", "rpi4b", targets)
    assert advice.suggestions
    for suggestion in advice.suggestions:
        assert suggestion.totals["latency_ms"] < 30
        assert suggestion.totals["peak_activation_bytes"] < 2 * 2**20
        assert suggestion.totals["params"] < 3e6


def test_lists_stand_by_what_they_lose():
    advice = costsim.advise("shufflenet_v2_1x", "rpi4b", "latency_ms < 30")
    assert advice.suggestions[0].text == "run on 3 threads"
    kept = [s.macs_kept_ratio for s in advice.suggestions]
    assert kept == sorted(kept, reverse=True)


def test_a_network_that_does_not_fit_is_advised_too():
    with pytest.raises(costsim.DoesNotFitError):
        costsim.analyze("vgg16", "ethos_u55_256")
    advice = costsim.advise("vgg16", "ethos_u55_256", "latency_ms < 10 s")
    assert advice.totals is None
    assert advice.suggestions
    for suggestion in advice.suggestions:
        again = costsim.analyze(suggestion.state.graph, "ethos_u55_256")
        assert again.latency_ms == suggestion.totals["latency_ms"]


def test_a_target_that_is_met_needs_nothing():
    advice = costsim.advise("shufflenet_v2_1x", "rpi4b", "latency_ms < 1 s")
    assert (advice.met, advice.suggestions, advice.nearest) == (True, (), None)


@pytest.mark.parametrize(
    ("targets", "says"),
    [
        (["latency_ms < 30", "latency_ms > 40"], "contradict"),
        (["latency_ms < 30", "latency_ms >= 30"], "contradict"),
        (["latency_ms == 30", "latency_ms < 20"], "contradict"),
        (["latency < 30"], "did you mean latency_ms"),
        (["latency_ms < -3"], "never below 0"),
        (["params < 0"], "never below 0"),
        (["latency_ms < 30 KiB"], "'30 KiB' is not in s"),
        (["bound < 3"], "unknown metric"),
        (["energy_mj < 3"], "not known"),
        ([], "no target"),
        (["soon"], "not a limit"),
    ],
)
def test_targets_that_are_none_are_one_line(targets, says):
    with pytest.raises(InputError, match=says) as error:
        costsim.advise("shufflenet_v2_1x", "rpi4b", targets)
    assert "\n" not in str(error.value)


def test_limits_that_touch_do_not_contradict():
    advice = costsim.advise("shufflenet_v2_1x", "rpi4b", ["macs <= 145814296", "macs >= 145814296"])
    assert advice.met


@pytest.mark.parametrize(
    "name", ["yolov8n", "resnet50", "densenet121", "shufflenet_v1_g3_1x", "ghostnet", "yolo11n", "mobilenet_v3_large"]
)
def test_narrower_networks_answer_the_same(name):
    graph = costsim.Network(name).graph
    narrow = scale_widths(graph, 0.5)
    assert [n.shape for n in narrow.outputs] == [n.shape for n in graph.outputs]
    assert narrow.total_macs < 0.6 * graph.total_macs
    assert all(narrow[name].shape == graph[name].shape for name in answering(graph))


def test_grouped_networks_keep_their_shapes():
    graph = costsim.Network("resnet18").graph
    grouped = group_convs(graph, 4)
    assert [n.shape for n in grouped] == [n.shape for n in graph]
    assert grouped.total_macs < 0.5 * graph.total_macs


def test_the_command_writes_what_it_advises(tmp_path, capsys):
    pytest.importorskip("onnx")
    path = tmp_path / "better.onnx"
    device = ["--hw", "rpi4b", "--set", "hardware.clock=1.6 GHz", "--threads", "2"]
    command = ["advise", "shufflenet_v2_1x", *device, "--target", "latency_ms < 15", "--format", "json"]
    assert run_cli([*command, "--apply", "1", "-o", str(path)]) == 0
    printed = capsys.readouterr()
    first = json.loads(printed.out)["suggestions"][0]
    again = printed.err.rpartition("to see it: costsim ")[2]
    assert run_cli([*shlex.split(again), "--format", "json"]) == 0
    totals = json.loads(capsys.readouterr().out)["totals"]
    assert totals["latency_ms"] == pytest.approx(first["totals"]["latency_ms"], rel=0.01)


def test_what_nothing_meets_exits_with_3_and_the_nearest(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert run_cli(["advise", "shufflenet_v2_1x", "--hw", "rpi4b", "--target", "latency_ms < 1ms"]) == 3
    out, err = capsys.readouterr()
    assert "Nothing within these limits does it" in out and "the nearest is" in out
    assert len(err.splitlines()) == 1
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--apply", "1"], "go together"),
        (["--apply", "99", "-o", "x.json"], "to apply, not 99"),
        (["--apply", "1", "-o", "x.txt"], "no format to write"),
        (["--apply", "1", "-o", "nowhere/x.json"], "nowhere"),
    ],
)
def test_nothing_is_written_where_the_options_are_wrong(arguments, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_cli(["advise", "shufflenet_v2_1x", "--hw", "rpi4b", "--target", "latency_ms < 30", *arguments]) == 1
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_failed_assertion_says_what_would_meet_it(capsys):
    assert run_cli(["check", "shufflenet_v2_1x", "--hw", "rpi4b", "--assert", "latency_ms < 30"]) == 3
    out = capsys.readouterr().out
    assert "to meet it: run on 3 threads" in out
    assert out.count("to meet it") == 3


def test_lists_stand_by_a_scoring_function():
    """Parameters as the score: smaller inputs keep all of them, narrower networks do not; other groups may add some."""
    advice = costsim.advise("shufflenet_v2_1x", "rpi4b", "latency_ms < 15", score=lambda net: net.total_params)
    scores = [suggestion.score for suggestion in advice.suggestions]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] >= costsim.Network("shufflenet_v2_1x").params
    assert scores == [suggestion.totals["params"] for suggestion in advice.suggestions]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("1 / 0", "raises ZeroDivisionError"),
        ("exit(3)", "raises SystemExit"),
        ("None", "no finite number"),
        ("float('nan')", "no finite number"),
    ],
)
def test_a_scoring_function_that_gives_none_is_one_line(body, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(f"def score(net):\n    return {body}\n")
    command = ["advise", "mlperf_tiny_resnet8", "--hw", "rpi4b", "--target", "latency_ms < 3"]
    assert run_cli([*command, "--score", "mine.py:score", "--apply", "1", "-o", "better.json"]) == 1
    out, err = capsys.readouterr()
    assert not out and says in err and len(err.splitlines()) == 1
    assert not (tmp_path / "better.json").exists()
