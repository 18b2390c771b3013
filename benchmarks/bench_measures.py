"""What all measures cost a sweep: processor time of its points with them, over that without."""

from __future__ import annotations

import sys
import time
from importlib import import_module
from statistics import median
from typing import Any

from bench_sweep import DEVICES, NETWORKS, REPEATS
from bench_topologies import EXAMPLES, random_networks

from costsim.allocator import keep_freed_memory
from costsim.measures import BY_NAME
from costsim.sweep.engine import CHUNK_POINTS, Engine
from costsim.sweep.spec import load_spec

FEWER_POINTS = 256
"""Of networks that differ in more than their widths, which are built one by one."""


def ratio(spec: dict[str, Any], points: int) -> float:
    """The median over chunks, each half priced without and half with all measures; the first chunk warms up.

    No engine is given points that the other has met, and each begins as often as the other.
    """
    engines = [Engine(load_spec({**spec, **more})) for more in ({}, {"metrics": list(BY_NAME)})]
    ratios = []
    for repeat in range(2 * REPEATS + 1):
        seconds = [0.0, 0.0]
        for half in (0, 1):
            which = (repeat + half) % 2
            start = (2 * repeat + half) * points
            indices = engines[which].spec.space.indices(start, start + points)
            begin = time.process_time()
            engines[which].totals(indices)
            seconds[which] = time.process_time() - begin
        ratios.append(seconds[1] / seconds[0])
    return median(ratios[1:])


def main() -> None:
    keep_freed_memory()  # as the workers of a sweep do
    for title, spec in {**DEVICES, **NETWORKS}.items():
        print(f"{title:45} {ratio(spec, CHUNK_POINTS):.2f} times", flush=True)
    sys.path[:0] = [str(EXAMPLES), str(EXAMPLES.parent)]
    cells = {**import_module("rank_cells").SPEC, "hw": "rpi4b"}
    for title, spec in {"random networks": random_networks("rpi4b", 24), "cells of NAS-Bench-201": cells}.items():
        print(f"{title + ' on a CPU':45} {ratio(spec, FEWER_POINTS):.2f} times", flush=True)


if __name__ == "__main__":
    main()
