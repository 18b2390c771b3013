"""Guideline G2 of ShuffleNet V2 (arXiv 1807.11164) on five devices: what do groups cost at equal multiply-accumulates?

Ten pointwise group convolutions on 56x56 maps, widened by the square root of the groups so that the
multiply-accumulates stay about the same. The table is latency over that of one group. Takes seconds.
"""

from typing import Any

import numpy as np
from common import swept

from costsim.graph import LayerGraph
from costsim.networks.micro import pointwise_groups

CHANNELS = 256
"""Of one group."""

QUANTUM = 8
"""Channels of a group are a multiple of it, so that no device wastes part of a vector."""

SPEC = {
    "network": {"python": "groups_on_devices:equal_macs"},
    "hw": ["gtx_1080ti", "v100", "rpi4b", "snapdragon_810", "embedded_buffer"],
    "axes": {"network.groups": [1, 2, 4, 8]},
    "top": 20,
}


def equal_macs(*, groups: Any) -> LayerGraph:
    """The network of the paper's Table 2 at about the multiply-accumulates of one group."""
    each = np.rint(CHANNELS / np.sqrt(groups) / QUANTUM).astype(int) * QUANTUM
    return pointwise_groups(each * groups, groups)


if __name__ == "__main__":
    latency_ms = swept(__file__, __doc__, SPEC).best.pivot_table("latency_ms", "hw", "network.groups")
    print("\nLatency over that of the fewest groups:")
    print(latency_ms.div(latency_ms.iloc[:, 0], axis=0).round(2).to_string())
