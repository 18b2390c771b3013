"""Values no axis can have are refused before anything is priced; damaged folders are found out; workers never stay."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

import costsim
from costsim.errors import CostsimError, InputError
from costsim.sweep import load_spec, sweep
from costsim.sweep.axes import parse_axis
from costsim.sweep.search import search

ONE = {"network": "mobilenet_v1_1x", "hw": "rpi4b"}


@pytest.mark.parametrize(
    "axes",
    [
        {"threads": [1.5]}, {"threads": [None]}, {"threads": ["4"]}, {"threads": [True]}, {"threads": [0]},
        {"batch": ["1"]}, {"batch": [10**30]}, {"batch": [0]}, {"batch": [1.5]}, {"batch": [[1, 2]]},
        {"input_size": ["3xa"]}, {"input_size": [[3, -1, 2]]}, {"input_size": [224.5]}, {"input_size": ["a"]},
        {"dtype": [5]}, {"dtype": [["fp32"]]}, {"network.width": ["a"]}, {"network.width": [[1, 2]]},
        {"network.width": [None]}, {"network.width": [float("nan")]}, {"network.width": [float("inf")]},
        {"batch": "1 .. 4 step 0"}, {"batch": "1 .. 4 step -1"}, {"hardware.clock": "1 GHz .. 2 GHz x 0"},
        {"hardware.clock": "1 GHz .. 2 GHz x 99999999999"}, {"hardware.clock": "1 Hz .. 3 GHz step 1 Hz"},
        {"hardware.clock": "1 Hz .. 3 GHz step 1"}, {"hardware.clock": "0 Hz .. 4 GHz log x 3"},
        {"hardware.memory.l2.size": "0 KiB .. 4 KiB log2"}, {"hardware.clock": ["1 GHz", "2 KiB"]},
        {"hardware.clock": ["1 GHz", 2]}, {"hardware.clock": "1 GHz .. 4"}, {"hardware.clock": ["1e999 Hz"]},
        {"network": ["resnet18"]}, {"hw": ["rpi5"]}, {5: 1},
    ],
)  # fmt: skip
def test_a_value_no_point_can_have_is_refused(tmp_path, axes):
    with pytest.raises(InputError) as error:
        sweep({**ONE, "axes": axes}, tmp_path / "out")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"network": None}, {"network": 5}, {"hw": {"a": 1}}, {"hw": 5}, {"network": {"python": None}},
        {"network": {"python": "..os:getcwd"}}, {"network": {"python": "os:getpid"}},
        {"network": {"python": "os:abort_"}}, {"objectives": {"energy_mj": "min"}}, {5: 1},
        {"sample": {"points": 3, "seed": -1}}, {"sample": {"points": 3, "seed": 10**400}}, {"sample": {"points": 0}},
        {"sample": {"points": 10**400}}, {"sample": 5}, {"top": 10**400},
    ],
)  # fmt: skip
def test_a_specification_of_other_types_is_refused(tmp_path, change):
    with pytest.raises(CostsimError) as error:
        sweep(load_spec({**ONE, **change}), tmp_path / "out")
    assert "\n" not in str(error.value)


def test_groups_are_whole(tmp_path):
    with pytest.raises(InputError, match=r"1\.5 is no groups"):
        sweep({"network": "shufflenet_v1_g3_1x", "hw": "rpi4b", "axes": {"network.groups": [1.5]}}, tmp_path / "out")


@pytest.mark.parametrize(
    "change",
    [{"population": 1}, {"seed": -1}, {"seed": 2**40}, {"score": "os:getcwd"}, {"storage": "zzz://x"},
     {"storage": "nonsense"}, {"storage": "sqlite:////nonexist/x.db"}],
)  # fmt: skip
def test_a_search_that_cannot_be_is_refused(tmp_path, change):
    with pytest.raises(InputError) as error:
        search({**ONE, "axes": {"batch": [1, 2]}, "evaluations": 2, "population": 2, **change}, tmp_path / "out")
    assert "\n" not in str(error.value)


def test_sizes_are_written_as_on_the_command_line(tmp_path):
    axes = {"input_size": ["3x96x128", 96, [3, 128, 96]]}
    best = sweep({**ONE, "axes": axes}, tmp_path / "out").best.set_index("input_size")
    for written, size in (("3x96x128", (3, 96, 128)), (96, (3, 96, 96)), ("3x128x96", (3, 128, 96))):
        alone = costsim.analyze("mobilenet_v1_1x", "rpi4b", input_size=size)
        key = written if written in best.index else str(written)
        assert best.loc[key]["latency_ms"] == alone.latency_ms


def test_numbers_of_a_range_are_whole_where_they_must_be():
    assert parse_axis("threads", "1 .. 4 x 4").values == (1, 2, 3, 4)


SPEC = {
    "network": ["mobilenet_v1_1x"],
    "hw": ["rpi4b", "gtx_1080ti"],
    "axes": {"network.width": "0.5 .. 1 step 0.05", "batch": "1 .. 2"},
    "keep_points": True,
}


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep") / "out"
    sweep(SPEC, folder, shard_points=11)
    return folder


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])


DAMAGE = {
    "cut": lambda folder: cut(folder / "shards/00000002.npz", 100),
    "cut at its end": lambda folder: cut(folder / "shards/00000002.npz", -1),
    "empty": lambda folder: cut(folder / "shards/00000002.npz", 0),
    "zeros": lambda folder: (folder / "shards/00000002.npz").write_bytes(bytes(4096)),
    "points cut": lambda folder: cut(folder / "shards/00000002.points.parquet", 100),
    "points missing": lambda folder: (folder / "shards/00000002.points.parquet").unlink(),
    "foreign": lambda folder: shutil.copy(folder / "shards/00000001.npz", folder / "shards/00000002.npz"),
    "foreign points": lambda folder: shutil.copy(
        folder / "shards/00000001.points.parquet", folder / "shards/00000002.points.parquet"
    ),
    "missing": lambda folder: (folder / "shards/00000002.npz").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_shard_is_priced_again(tmp_path, whole, damage):
    folder = tmp_path / "out"
    shutil.copytree(whole, folder)
    for name in ("best.parquet", "pareto.parquet", "summary.json"):
        (folder / name).unlink()
    DAMAGE[damage](folder)
    sweep(SPEC, folder, shard_points=11)
    assert contents(folder) == contents(whole)


def test_a_damaged_manifest_is_named(tmp_path, whole):
    folder = tmp_path / "out"
    shutil.copytree(whole, folder)
    cut(folder / "manifest.json", 10)
    with pytest.raises(InputError, match=r"manifest\.json: not valid JSON"):
        sweep(SPEC, folder, shard_points=11)


LONG = """network: [shufflenet_v1_g3_1x]
hw: [rpi4b, gtx_1080ti]
axes: {network.width: 0.25 .. 2 step 0.02, network.groups: [1, 2, 3, 4, 8], input_size: [128, 160, 192, 224],
       batch: 1 .. 8}
"""


def of_session(session):
    found = subprocess.run(["ps", "-o", "pid=", "-s", str(session)], capture_output=True, text=True, check=False)
    return found.stdout.split()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_the_sweep(tmp_path, how):
    (tmp_path / "s.yaml").write_text(LONG)
    command = [sys.executable, "-m", "costsim", "sweep", "s.yaml", "-o", "out", "--workers", "2"]
    with (tmp_path / "err").open("w") as err:
        main = subprocess.Popen(command, cwd=tmp_path, stderr=err, stdout=err, start_new_session=True)
    until = time.monotonic() + 60
    while len(of_session(main.pid)) < 4 and time.monotonic() < until:  # the main process, a tracker, two workers
        time.sleep(0.1)
    time.sleep(1.0)
    assert main.poll() is None
    (os.killpg if how == signal.SIGINT else os.kill)(main.pid, how)
    main.wait(20)
    until = time.monotonic() + 20
    while of_session(main.pid) and time.monotonic() < until:
        time.sleep(0.1)
    assert not of_session(main.pid)
    if how == signal.SIGINT:
        assert main.returncode == 130
        assert (tmp_path / "err").read_text().split("\n") in (
            ["costsim: interrupted", ""],
            ["", "costsim: interrupted", ""],
        )
