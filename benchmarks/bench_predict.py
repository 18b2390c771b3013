"""The predictor on every cell of NAS-Bench-201 that passes something on, on one CPU board: one process, then two.

Building the networks and predicting their latency are timed apart. One process is timed in CPU seconds; two are held
against one by the wall, so they want two idle cores.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from itertools import product
from multiprocessing import get_context

import costsim
from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.networks.nas_bench_201 import OPS, nas_bench_201

HW = "rpi4b"

EVERY = 50
"""One cell of so many is held against ``analyze``."""

CELLS = ["|{}~0|+|{}~0|{}~1|+|{}~0|{}~1|{}~2|".format(*ops) for ops in product(OPS, repeat=6)]


def networks(cells: list[str]) -> Iterator[LayerGraph]:
    for cell in cells:
        with suppress(InputError):
            yield nas_bench_201(cell=cell)


def predicted(predict: costsim.Predictor, cells: list[str]) -> int:
    """What a worker of a search does: build and predict; how many it was."""
    return len(predict(networks(cells)))


def main() -> None:
    predict = costsim.Predictor(HW)
    predict(["nas_bench_201_residual"])
    start = time.process_time()
    graphs = list(networks(CELLS))
    built = time.process_time()
    latency_ms = predict(graphs)
    done = time.process_time()
    print(f"{len(CELLS):,} cells, {len(graphs):,} of them networks, on {HW}, one core:")
    print(f"  built in {built - start:.1f} s, predicted in {done - built:.1f} s")
    some = range(0, len(graphs), EVERY)
    differ = sum(costsim.analyze(graphs[i], HW).latency_ms != latency_ms[i] for i in some)
    print(f"  {differ} of {len(some)} differ from analyze in any digit")
    halves = [CELLS[::2], CELLS[1::2]]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        list(pool.map(predicted, [predict] * 2, [CELLS[:200]] * 2))  # both are warm
        start = time.perf_counter()
        list(pool.map(predicted, [predict], [CELLS]))
        one = time.perf_counter() - start
        start = time.perf_counter()
        list(pool.map(predicted, [predict] * 2, halves))
        two = time.perf_counter() - start
    print(f"  built and predicted by one process in {one:.1f} s, by two in {two:.1f} s: {one / two:.2f} times as fast")


if __name__ == "__main__":
    main()
