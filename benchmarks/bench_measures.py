"""What all measures cost a sweep: processor time of a chunk of points with them, over that without."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

from bench_sweep import DEVICES, NETWORKS, REPEATS

from costsim.measures import BY_NAME
from costsim.sweep.engine import CHUNK_POINTS, Engine
from costsim.sweep.spec import load_spec


def ratio(spec: dict[str, Any]) -> float:
    """The median over chunks, each priced without and with all measures in turn; the first chunk warms up."""
    plain, measured = (Engine(load_spec({**spec, **more})) for more in ({}, {"metrics": list(BY_NAME)}))
    ratios = []
    for repeat in range(REPEATS + 1):
        seconds = []
        for engine in (plain, measured):
            indices = engine.spec.space.indices(repeat * CHUNK_POINTS, (repeat + 1) * CHUNK_POINTS)
            start = time.process_time()
            engine.totals(indices)
            seconds.append(time.process_time() - start)
        ratios.append(seconds[1] / seconds[0])
    return median(ratios[1:])


def main() -> None:
    for title, spec in {**DEVICES, **NETWORKS}.items():
        print(f"{title:45} {ratio(spec):.2f} times", flush=True)


if __name__ == "__main__":
    main()
