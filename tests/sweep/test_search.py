"""Search finds what an enumeration finds, with a fraction of the evaluations."""

import numpy as np
import pandas as pd
import pytest

from costsim.errors import InputError
from costsim.sweep import sweep
from costsim.sweep.kept import KeptRows
from costsim.sweep.search import search

SPACE = {
    "network": "mobilenet_v1_1x",
    "hw": "rpi4b",
    "axes": {"network.width": "0.25 .. 2 step 0.02", "input_size": "96 .. 288 step 4", "threads": "1 .. 4"},
    "constraints": ["weight_bytes <= 24 MiB"],
    "objectives": {"latency_ms": "min", "macs": "max"},
}


def hypervolume(front: pd.DataFrame, worst_ms: float) -> float:
    """Area under the front of least latency and most macs, seen from (worst_ms, 0)."""
    steps = front.sort_values("latency_ms")
    macs = np.maximum.accumulate(steps["macs"].to_numpy())
    edges = np.append(steps["latency_ms"].to_numpy(), worst_ms)
    return float(((edges[1:] - edges[:-1]) * macs).sum())


@pytest.mark.slow
def test_a_twentieth_of_the_evaluations_finds_the_front(tmp_path):
    whole = sweep(SPACE, tmp_path / "all")
    points = sum(whole.summary["outcomes"].values())
    found = search({**SPACE, "evaluations": points // 20, "population": 50, "seed": 1}, tmp_path / "found")
    assert found.summary["evaluations"] <= points / 20
    worst = float(whole.pareto["latency_ms"].max()) * 1.1
    assert hypervolume(found.pareto, worst) >= 0.95 * hypervolume(whole.pareto, worst)


def test_candidates_keep_the_limits_on_every_device(tmp_path):
    spec = {
        **SPACE,
        "hw": ["rpi4b", "embedded_buffer"],
        "axes": {**SPACE["axes"], "threads": [1]},
        "constraints": ["latency_ms@rpi4b < 60", "latency_ms@embedded_buffer < 4"],
        "objectives": {"macs": "max"},
        "evaluations": 120,
        "population": 40,
    }
    result = search(spec, tmp_path / "out")
    assert (result.best["latency_ms@rpi4b"] < 60).all()
    assert (result.best["latency_ms@embedded_buffer"] < 4).all()
    assert (
        result.best["latency_ms"] == result.best[["latency_ms@rpi4b", "latency_ms@embedded_buffer"]].max(axis=1)
    ).all()
    assert result.best["macs"].is_monotonic_decreasing
    again = search(spec, tmp_path / "out")
    assert again.summary == result.summary


def test_a_study_is_gone_on_with(tmp_path):
    spec = {**SPACE, "evaluations": 40, "population": 20}
    first = search(spec, tmp_path / "out").summary["evaluations"]
    assert first >= 40
    assert search(spec, tmp_path / "out").summary["evaluations"] == first


SMALL = {
    "network": "squeezenet_1_1", "hw": "rpi4b", "evaluations": 12, "population": 4, "seed": 3,
    "axes": {"batch": "1 .. 8", "threads": [1, 2, 4]}, "objectives": {"macs": "max", "latency_ms": "min"},
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A search that was never stopped, its results by file."""
    folder = tmp_path_factory.mktemp("search") / "out"
    search(SMALL, folder)
    return folder


DAMAGES = {
    "cut": lambda content: content[: len(content) // 2],
    "cut at a line": lambda content: b"".join(content.splitlines(keepends=True)[:5]),
    "empty": lambda content: b"",
    "zeros behind": lambda content: content[: len(content) // 2] + b"\0" * 500,
    "a digit changed": lambda content: content.replace(b": 1", b": 2", 1),
    "a byte flipped": lambda content: content[:99] + b"\xff" + content[100:],
    "written across": lambda content: content[:150] + content,
    "lines twice": lambda content: content + content,
    "other text": lambda content: b"not a line\n{}\n00000000 {}\n",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_search_stopped_or_damaged_ends_as_if_it_never_was(tmp_path, whole, damage):
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.json").write_bytes((whole / "manifest.json").read_bytes())
    content = (whole / "candidates.txt").read_bytes()
    (out / "candidates.txt").write_bytes(DAMAGES[damage](content))
    search(SMALL, out)
    for name in ("best.parquet", "pareto.parquet", "summary.json"):
        assert (out / name).read_bytes() == (whole / name).read_bytes()
    assert set(content.splitlines()) <= set((out / "candidates.txt").read_bytes().splitlines())


def test_lines_of_another_search_count_for_nothing(tmp_path, whole):
    rows = KeptRows(whole / "candidates.txt", "another").rows
    assert not rows
    (tmp_path / "candidates.txt").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        KeptRows(tmp_path / "candidates.txt", "x")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"objectives": {"beauty": "max"}}, "unknown metric 'beauty'"),
        ({"objectives": {"latency_ms@rpi9": "min"}}, "unknown device 'rpi9'"),
        ({"score": "nowhere:score"}, "cannot be loaded"),
        ({"constraints": ["macs <= 1k"], "evaluations": 20, "population": 20}, "none of 20 candidates"),
        ({"sampler": "magic"}, "sampler"),
    ],
)
def test_a_wrong_search_is_one_clear_line(tmp_path, change, says):
    with pytest.raises(InputError, match=says):
        search({**SPACE, **change}, tmp_path / "out")
