"""Memory of one process that analyzes thousands of different networks: it has to stay flat.

Every network differs in width from all others, so nothing kept for one serves the next but equal rows. Prints the
resident memory after each tenth, each network on one of the devices in turn, with the caches of one caller.
"""

from __future__ import annotations

import argparse
import gc
import resource
from pathlib import Path

from costsim import networks
from costsim.devices import RunConfig
from costsim.hardware import load_profile
from costsim.simulate import simulate
from costsim.tables.cache import Caches

DEVICES = ("rpi4b", "gtx_1080ti", "embedded_buffer", "ethos_u55_256")


def resident_mib() -> float:
    """Memory the process holds now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=20_000)
    count = parser.parse_args().networks
    profiles, caches = [load_profile(name) for name in DEVICES], Caches()
    for number in range(count):
        profile = profiles[number % len(profiles)]
        graph = networks.build("mobilenet_v1_1x", width=0.25 + 1.5 * number / count)
        simulate(graph.with_input(1, 3, 64, 64), profile, RunConfig.of(profile), caches)
        if number % max(count // 10, 1) == 0 or number == count - 1:
            gc.collect()
            rows = len(caches.tiles), len(caches.array_costs)
            print(f"{number + 1:>7,} networks  {resident_mib():6.0f} MiB  rows kept: {rows}", flush=True)


if __name__ == "__main__":
    main()
