"""G4: element-wise operations are not negligible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from costsim.edit.movement import STRIDEABLE, is_droppable, without_elementwise
from costsim.guidelines.base import Case, Suspicion
from costsim.measures.columns import ELEMENTWISE

INSTRUCTION = "leave out activations, sums and shuffles that run on their own, or fuse them into the layer before"


def elementwise_ops(case: Case) -> Iterator[Suspicion]:
    """Element-wise and copying ops run on their own ({kinds}): {share:.0%} of the time here, no multiply-accumulate.

    Activations, sums, splits, concatenations and shuffles compute almost nothing but move whole
    feature maps: at least two elements an operation (ShuffleNetV2, arXiv 1807.11164, G4). Only ops
    the runtime does not fuse into a convolution or answer with a view count here; what all ops of
    these classes take, those that cannot be edited among them, stands in the evidence. Depthwise
    convolutions are close to them, with at most `k^2 / 2` multiply-accumulates an element: their
    share of the time stands in the evidence, not in the price. Ops that fall back to a host are F1's.

    Priced against the network without these activations and sums, and with strided reads and
    writes in place of splits, concatenations and shuffles, as the paper's Table 4 does. A runtime
    that fuses them gets the same; dropping them changes what the network computes.
    """
    ops = case.simulation.ops
    for region in case.regions:
        rows = [r for r in case.rows(region.nodes) if ops.labels[r].op_class in ELEMENTWISE and not case.on_host[r]]
        anchors = list(dict.fromkeys(ops.labels[row].layers[0] for row in rows))
        editable = [name for name in anchors if is_droppable(case.graph[name]) or _strideable(case, name)]
        if not editable:
            continue
        region_s = case.latency_s[case.rows(region.nodes)].sum()
        depthwise = [r for r in case.rows(region.nodes) if ops.labels[r].op == "depthwise_conv"]
        named = case.rows(editable)
        by_kind: dict[str, float] = {}
        for row in named:
            by_kind[ops.labels[row].op] = by_kind.get(ops.labels[row].op, 0.0) + float(case.latency_s[row]) * 1e3
        evidence = {
            "kinds": _kinds(case, editable),
            "count": len(editable),
            "share": float(case.latency_s[named].sum() / region_s),
            "op_ms": by_kind,
            "class_share": float(case.latency_s[rows].sum() / region_s),
            "depthwise_share": float(case.latency_s[depthwise].sum() / region_s),
            "moved_elems": float(ops.mem_access_elems[rows].sum()),
        }
        yield Suspicion(region.name, tuple(editable), evidence, without_elementwise, instruction=INSTRUCTION)


def _kinds(case: Case, names: list[str]) -> str:
    counts = Counter(case.graph[name].placed.op.replace("_", " ") for name in names)
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common())


def _strideable(case: Case, name: str) -> bool:
    return isinstance(case.graph[name].layer, STRIDEABLE)
