"""Sweeps, searches and journals killed at any moment, and several at once on one folder: the same bytes in the end."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from costsim.calibrate.host.journal import Journal
from costsim.sweep import sweep
from costsim.sweep.search import search

SWEEP = {
    "network": "mobilenet_v1_1x", "hw": ["rpi4b", "gtx_1080ti"], "keep_points": True,
    "axes": {"network.width": "0.5 .. 1 step 0.1", "batch": "1 .. 4"},
}  # fmt: skip
SEARCH = {
    "network": "squeezenet_1_1", "hw": "rpi4b", "evaluations": 40, "population": 5, "seed": 3,
    "axes": {"batch": "1 .. 32", "threads": [1, 2, 4]}, "objectives": {"macs": "max", "latency_ms": "min"},
}  # fmt: skip
VISITS = 200

RESULTS = ("best.parquet", "pareto.parquet", "summary.json")

_FORK = multiprocessing.get_context("fork")


def one_worker(folder: Path) -> None:
    sweep(SWEEP, folder, shard_points=4)


def two_workers(folder: Path) -> None:
    sweep(SWEEP, folder, shard_points=4, workers=2)


def searched(folder: Path) -> None:
    search(SEARCH, folder)


def measured(folder: Path) -> None:
    """As a calibration of a machine keeps what it measures."""
    folder.mkdir(exist_ok=True)
    journal = Journal(folder / "best.parquet", {"machine": "a board"})
    for number in range(VISITS):
        if not journal.rounds(f"net{number}"):
            journal.add(f"net{number}", 1 + number / 7)


JOBS: dict[str, tuple[Callable[[Path], None], int]] = {
    "a sweep": (one_worker, 40),
    "a sweep of two workers": (two_workers, 25),
    "a search": (searched, 25),
    "a calibration": (measured, 10),
}
"""What is killed, and how often."""


def results(folder: Path) -> dict[str, bytes]:
    return {name: path.read_bytes() for name in RESULTS if (path := folder / name).exists()}


def killed(job: Callable[[Path], None], folder: Path, kills: int, longest_s: float, rng: random.Random) -> None:
    """Run the job until it was killed so often, each time on what the last left, then to its end."""
    while kills:
        process = _FORK.Process(target=job, args=(folder,))
        process.start()
        time.sleep(rng.uniform(0, longest_s))
        if process.is_alive():
            process.kill()
            kills -= 1
            process.join()
        else:
            process.join()
            shutil.rmtree(folder)
    job(folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", JOBS)
def test_whatever_is_killed_ends_with_the_same_bytes(name: str, tmp_path: Path) -> None:
    job, kills = JOBS[name]
    job(tmp_path / "whole")  # and what it imports and remembers is there for the others
    process = _FORK.Process(target=job, args=(tmp_path / "timed",))
    began = time.monotonic()
    process.start()
    process.join()
    took_s = time.monotonic() - began
    killed(job, tmp_path / "out", kills, took_s, random.Random(name))
    assert results(tmp_path / "out") == results(tmp_path / "whole")


@pytest.mark.parametrize("job", [one_worker, searched])
def test_four_processes_and_four_threads_share_a_folder(job: Any, tmp_path: Path) -> None:
    job(tmp_path / "whole")
    processes = [_FORK.Process(target=job, args=(tmp_path / "processes",)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(job, tmp_path / "threads") for _ in range(4)]:
            done.result()
    assert results(tmp_path / "processes") == results(tmp_path / "threads") == results(tmp_path / "whole")
