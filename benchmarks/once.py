"""Timing what is remembered afterwards: every try in a process of its own, which has met another network only."""

from __future__ import annotations

import multiprocessing
import time

from costsim.devices import RunConfig
from costsim.graph import LayerGraph
from costsim.hardware import Profile
from costsim.networks.zoo import build
from costsim.simulate import simulate

ANOTHER = "densenet161"


def seconds_once(graph: LayerGraph, profile: Profile, run: RunConfig) -> float:
    """Wall time of lowering, planning and costing a network for the first time."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(_seconds, (graph, profile, run))


def _seconds(graph: LayerGraph, profile: Profile, run: RunConfig) -> float:
    simulate(build(ANOTHER), profile, run)
    start = time.perf_counter()
    simulate(graph, profile, run)
    return time.perf_counter() - start
