"""STM32N6: latencies STMicroelectronics publishes for its model zoo (stm32ai-modelzoo READMEs, STM32N6570-DK).

Only networks all of whose ops run on the accelerator: squeeze-excite, some shuffles and poolings fall back
to the core there, at a cost not published.
"""

from __future__ import annotations

import numpy as np

from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.network import Network
from costsim.simulate import simulate

PUBLISHED_MS = [
    ("mobilenet_v1_0.25x", 224, 2.98),
    ("mobilenet_v1_0.5x", 224, 7.38),
    ("mobilenet_v1_0.75x", 224, 11.73),
    ("mobilenet_v1_1x", 224, 16.94),
    ("mobilenet_v2_0.5x", 224, 10.08),
    ("mobilenet_v2_0.75x", 224, 14.56),
    ("mobilenet_v2_1x", 224, 20.39),
    ("shufflenet_v2_0.5x", 224, 8.35),
    ("fd_mobilenet_0.25x", 224, 1.88),
    ("fd_mobilenet_0.75x", 224, 6.83),
    ("proxylessnas_mobile", 224, 27.65),
    ("squeezenet_1_1", 128, 3.82),
    ("squeezenet_1_1", 224, 7.97),
]


def test_published_latencies() -> None:
    profile = load_profile("stm32n6")
    ratios = []
    for name, side, published_ms in PUBLISHED_MS:
        graph = Network(name, input_size=f"3x{side}x{side}").graph
        seconds = simulate(graph, profile, RunConfig.of(profile)).costs.latency_s.sum()
        ratios.append(seconds * 1e3 / published_ms)
    assert np.abs(np.array(ratios) - 1).mean() <= 0.2
    assert np.abs(np.array(ratios) - 1).max() <= 0.3
