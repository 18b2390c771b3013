"""Whole sweeps: results, resuming, workers that die, and input that is refused."""

import random
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

import costsim
from costsim.errors import InputError
from costsim.sweep import load_spec, sweep
from costsim.sweep.engine import PRICED

SPEC = {
    "network": "mobilenet_v1_1x",
    "hw": ["rpi4b", "embedded_buffer"],
    "axes": {
        "network.width": "0.25 .. 1.5 step 0.25",
        "input_size": [96, 128, 160],
        "hardware.clock": "1 GHz .. 2 GHz x 4",
    },
    "constraints": ["macs <= 600M"],
    "objectives": {"latency_ms": "min", "macs": "max"},
}

SHARDS = 36

RUN = """
import sys
from costsim.sweep import sweep
if __name__ == "__main__":
    sweep({spec!r}, sys.argv[1], shard_points=4)
"""


def contents(folder):
    """Every file of a sweep's folder, by its path in it."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep") / "undisturbed"
    sweep(SPEC, folder, shard_points=4)
    return folder


def test_best_front_and_counts_agree_with_the_whole_table(tmp_path):
    result = sweep({**SPEC, "keep_points": True}, tmp_path / "out", shard_points=50)
    points = pd.concat([pd.read_parquet(p) for p in sorted((tmp_path / "out" / "shards").glob("*.points.parquet"))])
    priced = points[points["outcome"] == PRICED]
    outcomes = result.summary["outcomes"]
    assert (outcomes["priced"], outcomes["refused"]) == (len(priced), len(points) - len(priced))
    assert (priced["macs"] <= 600e6).all()
    assert result.best["latency_ms"].iloc[0] == priced["latency_ms"].min()
    assert result.best["latency_ms"].is_monotonic_increasing
    for row in result.pareto.itertuples():
        better = (priced["latency_ms"] <= row.latency_ms) & (priced["macs"] >= row.macs)
        strictly = (priced["latency_ms"] < row.latency_ms) | (priced["macs"] > row.macs)
        assert not (better & strictly).any()
    on_front = {(row.latency_ms, row.macs) for row in result.pareto.itertuples()}
    for row in priced.itertuples():
        beaten = ((priced["latency_ms"] <= row.latency_ms) & (priced["macs"] >= row.macs)).sum() > 1
        assert beaten or (row.latency_ms, row.macs) in on_front
    median = result.summary["quantiles"]["latency_ms"]["0.5"]
    assert median == pytest.approx(priced["latency_ms"].median(), rel=0.05)


def test_shards_and_workers_do_not_change_the_result(tmp_path, undisturbed):
    with ThreadPoolExecutor(2) as pool:
        sweep(SPEC, tmp_path / "threads", shard_points=4, executor=pool)
    assert contents(tmp_path / "threads") == contents(undisturbed)
    sweep(SPEC, tmp_path / "processes", shard_points=4, workers=2)
    assert contents(tmp_path / "processes") == contents(undisturbed)
    larger = sweep(SPEC, tmp_path / "larger", shard_points=100)
    smaller = sweep(SPEC, undisturbed, shard_points=4)
    assert larger.best.equals(smaller.best)
    for axis, values in larger.summary["effect"]["latency_ms"].items():
        parts = smaller.summary["effect"]["latency_ms"][axis]
        assert [pytest.approx(whole) for whole in _numbers(values)] == list(_numbers(parts)), axis


def _numbers(tree):
    """The numbers of nested lists and mappings, in order."""
    if isinstance(tree, (dict, list)):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from _numbers(part)
    elif isinstance(tree, (int, float)):
        yield tree


def killed_and_resumed(folder, script, kills, rng):
    """Kill the sweep so often, each time a moment after a random number of new shards; let the last run end."""
    command = [sys.executable, str(script), str(folder)]

    def shards_done():
        return len(list(folder.glob("shards/*.npz")))

    for _ in range(kills):
        enough = shards_done() + rng.randint(1, SHARDS // (kills + 1) - 1)
        process = subprocess.Popen(command)
        while shards_done() < enough:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.003))
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert shards_done() < SHARDS
    subprocess.run(command, check=True, timeout=300)


@pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_a_killed_sweep_goes_on_to_the_same_bytes(tmp_path, kills, undisturbed):
    script = tmp_path / "run.py"
    script.write_text(RUN.format(spec=SPEC))
    folder = tmp_path / "out"
    killed_and_resumed(folder, script, kills, random.Random(kills))
    for name, content in contents(undisturbed).items():
        assert (folder / name).read_bytes() == content, name


def test_a_sweep_killed_as_it_wrote_its_first_file_goes_on(tmp_path):
    (tmp_path / ".manifest.json.x1y2").write_text("{")
    assert len(sweep({**SPEC, "axes": {"input_size": [96]}}, tmp_path).best) == 2


@pytest.mark.slow
def test_a_killed_dask_worker_costs_only_its_shard(tmp_path, undisturbed):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    dask = [sys.executable, "-m", "dask"]
    host, port = address.removeprefix("tcp://").split(":")
    scheduler = subprocess.Popen([*dask, "scheduler", "--host", host, "--port", port, "--no-dashboard"])
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path)]
    workers = [subprocess.Popen([*dask, "worker", address, *options]) for _ in range(2)]
    try:
        killed = []

        def kill_one(done, points):
            if done >= points // 4 and not killed:
                killed.append(True)
                workers[0].send_signal(signal.SIGKILL)

        sweep(SPEC, tmp_path / "out", shard_points=4, scheduler=address, progress=kill_one)
        assert killed
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()
    assert contents(tmp_path / "out") == contents(undisturbed)


@pytest.mark.parametrize("bandwidths", [1, 64])
def test_impossible_networks_are_counted_however_they_are_built(tmp_path, bandwidths):
    axes = {"input_size": [16, 224], "hardware.memory.dram.bandwidth": f"8 GB/s .. 64 GB/s x {bandwidths}"}
    result = sweep({"network": "alexnet", "hw": "rpi4b", "axes": axes}, tmp_path / "out")
    assert result.summary["outcomes"] == {
        "priced": bandwidths, "impossible": bandwidths, "refused": 0, "does not fit": 0
    }  # fmt: skip


def test_rows_are_what_their_axes_say(tmp_path):
    axes = {"input_size": [96, 128], "batch": [1, 2], "hardware.clock": "1 GHz .. 2 GHz x 2"}  # not in order of name
    spec = {"network": ["shufflenet_v2_0.5x", "alexnet"], "hw": ["rpi4b", "embedded_buffer"], "axes": axes}
    objectives = {"macs": "max", "latency_ms": "min"}
    result = sweep({**spec, "objectives": objectives, "top": 100}, tmp_path / "out", shard_points=5)
    assert len(result.best) == 32
    for table in (result.best, result.pareto):
        for row in table.to_dict("records"):
            alone = costsim.analyze(
                row["network"], row["hw"], batch=row["batch"], input_size=(3, row["input_size"], row["input_size"]),
                settings={"hardware.clock": f"{row['hardware.clock']!r} Hz"},
            )  # fmt: skip
            assert (row["macs"], row["latency_ms"]) == (alone.summary["macs"], alone.latency_ms)


def test_the_first_objective_says_what_best_is(tmp_path):
    axes = {"input_size": [96, 128, 160, 192, 224], "batch": [1, 2, 3, 4]}
    spec = {"network": "shufflenet_v2_0.5x", "hw": "rpi4b", "axes": axes, "top": 2}
    by_macs = sweep({**spec, "objectives": {"macs": "max", "latency_ms": "min"}}, tmp_path / "macs")
    assert by_macs.best[["input_size", "batch"]].to_numpy().tolist() == [[224, 4], [224, 3]]
    by_latency = sweep({**spec, "objectives": {"latency_ms": "min", "macs": "max"}}, tmp_path / "latency")
    assert by_latency.best[["input_size", "batch"]].to_numpy().tolist()[0] == [96, 1]


def test_only_the_same_sweep_is_gone_on_with(tmp_path, undisturbed):
    other_numbers = {name: SPEC["axes"][name] for name in reversed(SPEC["axes"])}  # of the same points
    for change in ({"top": 3}, {"axes": other_numbers}):
        with pytest.raises(InputError, match="holds another sweep"):
            sweep({**SPEC, **change}, undisturbed, shard_points=4)
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        sweep(SPEC, tmp_path)
    assert (tmp_path / "letter.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"axes": {"input_siz": [1]}}, "did you mean input_size"),
        ({"axes": {"network.widht": [1]}}, "unknown option 'widht'"),
        ({"axes": {"hardware.clokc": ["1 GHz"]}}, "unknown field"),
        ({"axes": {"hardware.clock": ["1 GB"]}}, "not in Hz"),
        ({"axes": {"hardware.clock": [5]}}, "has no unit"),
        ({"axes": {"threads": [99]}}, "1 to"),
        ({"axes": {"dtype": ["fp64"]}}, "does not run fp64"),
        ({"network": "mobilenet_v9"}, "unknown network"),
        ({"hw": "rpi9"}, "unknown hardware"),
        ({"objectives": {"speed": "max"}}, "unknown metric"),
        ({"constraints": ["macs <= 5 apples"]}, "not a unit"),
        ({"constraints": ["macs <= 1k"]}, "no point is left"),
        ({"axes": {"network.width": "1 .. 9999", "batch": "1 .. 9999", "input_size": "32 .. 999"}}, "sample"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_wrong_specification_is_one_clear_line(tmp_path, change, says):
    with pytest.raises(InputError, match=says) as error:
        sweep(load_spec({**SPEC, **change}), tmp_path / "out")
    assert "\n" not in str(error.value)


def test_an_unreachable_scheduler_is_said(tmp_path):
    with pytest.raises(InputError, match="no scheduler answers"):
        sweep(SPEC, tmp_path / "out", scheduler="tcp://127.0.0.1:9")
