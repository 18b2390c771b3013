"""The predictor says what ``analyze`` says, from threads and from other processes."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import costsim

NETS = ["shufflenet_v2_1x", "mobilenet_v2_1x", "squeezenet_1_1", "shufflenet_v1_g3_1x"]
PAGE = Path(__file__).parents[2] / "docs" / "search.md"


@pytest.mark.parametrize("hw", ["rpi4b", "gtx_1080ti", "ethos_u55_256", "stm32n6", "nvdla"])
def test_equal_to_analyze_to_the_last_digit(hw):
    graphs = [costsim.Network(name).graph for name in NETS]
    mixed = [*NETS, *(graph.with_input(1, 3, 160, 160) for graph in graphs)]
    assert list(costsim.Predictor(hw)(mixed)) == [costsim.analyze(net, hw).latency_ms for net in mixed]


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
