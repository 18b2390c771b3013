"""F1: ops the device does not run itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import Any

import numpy as np

from costsim.edit.sizes import CHEAPER_ACTIVATIONS, spoken, swap_activations
from costsim.graph import LayerGraph
from costsim.guidelines.base import Case, Suspicion, seconds


def host_fallback(case: Case) -> Iterator[Suspicion]:
    """{fallen} to the {host}: {kinds}; {share:.0%} of the time here.

    An accelerator runs a list of ops. The compiler leaves the others to a processor beside it,
    which is slow at them and waits for their maps.

    Priced against the network with the nearest activation that the device runs, where the op is one that has been
    replaced so; else against the same device running every op itself.
    """
    ops = case.simulation.ops
    for region in case.regions:
        rows = case.rows(region.nodes)
        fallen = rows[case.on_host[rows]]
        by_word: dict[str, list[int]] = {}
        for row in fallen:
            by_word.setdefault(ops.labels[row].op, []).append(int(row))
        for word, of_word in by_word.items():
            evidence = {
                "count": len(of_word),
                "fallen": f"{len(of_word)} ops fall back" if len(of_word) > 1 else "1 op falls back",
                "host": getattr(getattr(case.simulation.profile.hardware, "host", None), "core", "host"),
                "kinds": word.replace("_", " "),
                "share": float(case.latency_s[of_word].sum() / case.latency_s[rows].sum()),
            }
            place = region.name if len(by_word) == 1 else f"{region.name}.{word}"
            nodes = tuple(name for row in of_word for name in ops.labels[row].layers)
            saved_s = partial(_saved_s, case, np.array(of_word))
            if new := _runs_instead(case, word):
                instruction = f"replace {spoken(word)} by {spoken(new)}"
                yield Suspicion(place, nodes, evidence, partial(_swapped, old=word, new=new), saved_s, instruction)
            else:
                instruction = f"replace {word.replace('_', ' ')} by ops that the device runs"
                yield Suspicion(place, nodes, evidence, saved_s=saved_s, instruction=instruction)


def _runs_instead(case: Case, word: str) -> str | None:
    """The nearest activation that the device runs itself."""
    device_ops: Any = getattr(case.simulation.profile.runtime, "device_ops", None) or ()
    return next((new for new in CHEAPER_ACTIVATIONS.get(word, ()) if new in device_ops), None)


def _swapped(graph: LayerGraph, names: Collection[str], *, old: str, new: str) -> LayerGraph:
    return swap_activations(graph, old, new, names)


def _saved_s(case: Case, rows: np.ndarray) -> float:
    runtime: Any = case.simulation.profile.runtime
    everything = runtime.model_copy(update={"device_ops": None})
    without = seconds(case.resimulate(profile=case.simulation.profile.model_copy(update={"runtime": everything})))
    return float((case.latency_s - without)[rows].sum())
