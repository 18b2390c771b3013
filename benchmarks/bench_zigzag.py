"""Planning and costing MobileNet v2 beside ZigZag (PyPI ``zigzag-dse``) on a like architecture, in one run.

Both search, layer by layer and (costsim) group by group, how the network runs on 1024 multipliers with 2 MiB on
chip: ZigZag's own Edge-TPU-like example with its shortest search, costsim's generic part set to the same sizes.

    pip install costsim[oracles]; python benchmarks/bench_zigzag.py
"""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
import time
from pathlib import Path

from once import seconds_once

from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.networks.zoo import build

try:
    import zigzag
    from zigzag.api import get_hardware_performance_zigzag
except ImportError as error:
    raise SystemExit(f"needs the extra 'oracles': {error}") from None

SHORTEST_SEARCH = 3
"""ZigZag's limit on loop prime factors: the fewest it still finds mappings with."""

LIKE_ITS_EDGE_TPU = {
    "array.atomic_c": "32",
    "array.atomic_k": "32",
    "memory.onchip.size": "2 MiB",
}


def main() -> None:
    profile = load_profile("embedded_buffer", LIKE_ITS_EDGE_TPU)
    graph, run = build("mobilenet_v2_1x"), RunConfig.of(profile)
    ours = min(seconds_once(graph, profile, run) for _ in range(5))
    theirs = _seconds(_zigzag)
    print(f"costsim {ours * 1e3:.1f} ms, ZigZag {theirs:.1f} s: {theirs / ours:.0f} times faster")


def _zigzag() -> None:
    inputs = Path(zigzag.__file__).parent / "inputs"
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        get_hardware_performance_zigzag(
            workload=str(inputs / "workload" / "mobilenetv2.onnx"),
            accelerator=str(inputs / "hardware" / "edge_tpu_like.yaml"),
            mapping=str(inputs / "mapping" / "edge_tpu_like.yaml"),
            opt="latency",
            dump_folder=folder,
            pickle_filename=f"{folder}/costs.pickle",
            lpf_limit=SHORTEST_SEARCH,
        )


def _seconds(call: object) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
