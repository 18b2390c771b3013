"""The predictor says what ``analyze`` says, from threads and from other processes."""

import io
import json
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import costsim
from costsim.cli import run
from costsim.importers.json import save_network
from costsim.importers.python import named
from costsim.networks import build
from costsim.networks.nas_bench_201 import OPS

NETS = ["shufflenet_v2_1x", "mobilenet_v2_1x", "squeezenet_1_1", "shufflenet_v1_g3_1x"]
PAGE = Path(__file__).parents[2] / "docs" / "search.md"


@pytest.mark.parametrize("hw", ["rpi4b", "gtx_1080ti", "ethos_u55_256", "stm32n6", "nvdla"])
def test_equal_to_analyze_to_the_last_digit(hw):
    graphs = [costsim.Network(name).graph for name in NETS]
    mixed = [*NETS, *(graph.with_input(1, 3, 160, 160) for graph in graphs)]
    assert list(costsim.Predictor(hw)(mixed)) == [costsim.analyze(net, hw).latency_ms for net in mixed]


def test_networks_that_fit_a_flash_one_by_one_are_priced_together():
    graph = costsim.Network("mcunet_in0").graph
    sizes = [graph.with_input(1, 3, side, side) for side in (32, 40, 48, 56)]
    together = costsim.Predictor("stm32h743")(sizes)
    assert list(together) == [costsim.analyze(net, "stm32h743").latency_ms for net in sizes]
    flash = [costsim.analyze(net, "stm32h743").summary["flash_bytes"] for net in sizes]
    assert max(flash) < 2 * 2**20 < sum(flash)


def test_more_networks_than_are_priced_together():
    net = costsim.Network("shufflenet_v2_0.5x").graph
    assert np.ptp(costsim.Predictor("rpi4b")([net] * 130)) == 0
    assert costsim.Predictor("rpi4b")([]).shape == (0,)


def test_pickled_and_from_threads():
    predictor = pickle.loads(pickle.dumps(costsim.Predictor("rpi4b", threads=4)))
    expected = predictor(NETS)
    with ThreadPoolExecutor(4) as pool:
        assert all(np.array_equal(found, expected) for found in pool.map(predictor, [NETS] * 8))


def test_networks_that_near_are_not_ranked():
    predictor = costsim.Predictor("rpi4b")
    assert predictor.rank_ok("shufflenet_v2_1x", "resnet50")
    assert not predictor.rank_ok("shufflenet_v2_1x", "shufflenet_v2_1x")


def test_bad_input():
    with pytest.raises(costsim.InputError, match="unknown network"):
        costsim.Predictor("rpi4b")(["shuflenet"])
    with pytest.raises(costsim.InputError, match="does not run int4"):
        costsim.Predictor("rpi4b", dtype="int4")


def test_the_search_of_the_docs_runs(capsys):
    exec(PAGE.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0], {})
    assert capsys.readouterr().out.startswith("(1, 3, ")


CONSTRUCTOR = """
from costsim.graph import NetBuilder

def network(channels=8, depth=2):
    net = NetBuilder("mine", source="python")
    x = net.input(1, 3, 32, 32)
    for _ in range(depth):
        x = net.conv_bn(x, channels, 3, padding=1)
    net.classifier(x, 10)
    return net.graph
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(CONSTRUCTOR)
    return tmp_path / "mine.py"


def predicted(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    assert run(["predict", *arguments, "--hw", "rpi4b", "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)["predictions"]


def test_names_files_and_lists_on_the_command_line(tmp_path, capsys, monkeypatch):
    save_network(costsim.Network(NETS[1]).graph, tmp_path / "net.json")
    (tmp_path / "nets.txt").write_text(f"# two\n{NETS[2]}\n\n{NETS[3]}\n")
    half = {"network": "mobilenet_v2_1x", "width": 0.5}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps([half])))
    found = predicted(capsys, NETS[0], str(tmp_path / "net.json"), "-", "--from", str(tmp_path / "nets.txt"))
    in_order = [NETS[0], NETS[1], build("mobilenet_v2_1x", width=0.5), NETS[2], NETS[3]]
    assert [p["latency_ms"] for p in found] == [costsim.analyze(net, "rpi4b").latency_ms for net in in_order]
    assert found[2]["network"] == json.dumps(half)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_architectures_of_a_constructor(mine, tmp_path, capsys, workers, monkeypatch):
    monkeypatch.setattr("costsim.cli.predict.TOGETHER", 2)
    (tmp_path / "archs.jsonl").write_text('{"channels": 16}\n[24, 3]\n{"depth": 1}\n')
    found = predicted(capsys, str(tmp_path / "archs.jsonl"), "--constructor", f"{mine}:network", "--workers", workers)
    network = named(f"{mine}:network")
    expected = [network(channels=16), network(24, 3), network(depth=1)]
    assert [p["latency_ms"] for p in found] == [costsim.analyze(net, "rpi4b").latency_ms for net in expected]


def test_sizes_and_batch_are_those_of_analyze(capsys):
    found = predicted(capsys, NETS[0], "--input-size", "3x160x160", "--batch", "2")
    expected = costsim.analyze(NETS[0], "rpi4b", input_size="3x160x160", batch=2).latency_ms
    assert found[0]["latency_ms"] == expected


def test_what_cannot_be_predicted_has_a_reason_or_stops(mine, tmp_path, capsys):
    (tmp_path / "archs.jsonl").write_text('{"channels": 16}\n{"colour": 3}\n')
    arguments = [str(tmp_path / "archs.jsonl"), "--constructor", f"{mine}:network"]
    assert run(["predict", *arguments, "--hw", "rpi4b"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "network 2: " in told.err and "colour" in told.err and len(told.err.splitlines()) == 1
    found = predicted(capsys, *arguments, "--keep-going")
    assert found[0]["latency_ms"] and found[1]["latency_ms"] is None and "colour" in str(found[1]["reason"])


@pytest.mark.parametrize(
    ("text", "said"), [("[]", "holds no networks"), ("[1, 2", "not valid JSON"), ("[3]", "3 names")]
)
def test_lists_that_are_none(text, said, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert run(["predict", "-", "--hw", "rpi4b"]) == 1
    told = capsys.readouterr().err
    assert said in told and len(told.splitlines()) == 1


def test_a_generator_is_read_as_it_is_priced():
    alive: list[weakref.ref[object]] = []
    most = 0

    def networks():
        nonlocal most
        for _ in range(300):
            graph = build("shufflenet_v2_0.5x")
            alive.append(weakref.ref(graph))
            most = max(most, sum(ref() is not None for ref in alive))
            yield graph

    assert costsim.Predictor("rpi4b")(networks()).shape == (300,)
    assert most < 290


def cells(count):
    """Cells of NAS-Bench-201 drawn with a seed; some are one network, since what leads nowhere is left out."""
    rng = np.random.default_rng(0)
    drawn = [[OPS[i] for i in rng.integers(len(OPS), size=6)] for _ in range(count)]
    written = ["|{}~0|+|{}~0|{}~1|+|{}~0|{}~1|{}~2|".format(*ops) for ops in drawn]
    for cell in [*written, *written[:3]]:
        with suppress(costsim.InputError):
            yield build("nas_bench_201_residual", cell=cell)


def test_networks_met_before_are_not_priced_again(monkeypatch):
    monkeypatch.setattr("costsim.predict.predictor.TOGETHER", 4)
    graphs, priced = list(cells(20)), []
    own = costsim.Predictor._latency_ms
    counting = lambda self, some, lowering: priced.append(len(some)) or own(self, some, lowering)  # noqa: E731
    monkeypatch.setattr(costsim.Predictor, "_latency_ms", counting)
    found = costsim.Predictor("rpi4b")(graphs)
    assert sum(priced) <= len(graphs) - 3 and max(priced) == 4
    assert list(found) == [costsim.analyze(graph, "rpi4b").latency_ms for graph in graphs]


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr("costsim.predict.distinct.KEPT_NETWORKS", 2)
    graphs = list(cells(8))
    assert list(costsim.Predictor("rpi4b")(graphs)) == [costsim.analyze(graph, "rpi4b").latency_ms for graph in graphs]


@pytest.mark.slow
@pytest.mark.parametrize("hw", ["rpi4b", "kirin_970"])
def test_cells_of_nas_bench_201_are_equal_to_analyze(hw):
    graphs = list(cells(200))
    assert list(costsim.Predictor(hw)(graphs)) == [costsim.analyze(graph, hw).latency_ms for graph in graphs]
