"""CondenseNetV2 (Yang et al. 2021, arXiv 2104.04382), with CondenseNet (Huang et al. 2017, arXiv 1711.09224)."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

from costsim.conventions import condensenet as counted_as_printed
from costsim.networks import build
from costsim.reproduce.base import (
    Claim,
    Measured,
    Reproduction,
    Table,
    Verdict,
    exact_table,
    judge_order,
    ratio_table,
    same_order,
)
from costsim.reproduce.bench import Bench, published

DEVICES = ("snapdragon_810",)
"""CondenseNet's 'ARM processor' is not named, and so slow that no phone's is; V2's phone timings were not published in
a table costsim could use. Times are compared with MobileNet's."""

NOTES = (
    "FLOPs are multiply-accumulates plus ReLU and hard-swish outputs, pooling inputs and fully connected biases",
    "the authors' converted models run the index layer as a dense product with a 0/1 matrix, which no count includes; "
    "as a scatter of additions it is small",
    "accuracy and FLOPs of SFR-ShuffleNetV2 and the phone latencies are not available as numbers",
)


def reproduce(hw: Sequence[str] = ()) -> Reproduction:
    """Counts, the uncounted index layer, and time on the given devices."""
    tables = [_flops(), _params(), _index_layer()]
    claims = [_uncounted()]
    for bench in (Bench(name) for name in hw or DEVICES):
        times = _times(bench)
        tables.append(times)
        claims += [_order(times), _index_cost(bench)]
    return Reproduction(
        "condensenetv2", "CondenseNet V2: Sparse Feature Reactivation for Deep Networks",
        "Yang, Jiang, Cai, Wang, Song, Huang, Tian 2021, arXiv 2104.04382", tuple(tables), tuple(claims), notes=NOTES,
    )  # fmt: skip


def _flops() -> Table:
    rows = [*published("condensenetv2_tables.csv"), *(r for r in published("condensenet_arm.csv") if r["mparams"])]
    counts = ((r["network"], float(r["mflops"]), counted_as_printed(build(r["network"])) / 1e6) for r in rows)
    return exact_table("FLOPs as the papers count them", "M", counts, tolerance=0.01)


def _params() -> Table:
    rows = [*published("condensenetv2_tables.csv"), *(r for r in published("condensenet_arm.csv") if r["mparams"])]
    counts = ((r["network"], float(r["mparams"]), build(r["network"]).total_params / 1e6) for r in rows)
    return exact_table("Parameters", "M", counts, tolerance=0.025)


def _index_macs(network: str) -> float:
    """Multiply-accumulates the dense index layer adds, in millions."""
    return (build(f"{network}_index_matmul").total_macs - build(network).total_macs) / 1e6


def _index_layer() -> Table:
    rows = ((r["network"], None, _index_macs(r["network"])) for r in published("condensenetv2_tables.csv"))
    return exact_table("Index layer as a dense product (uncounted)", "M multiply-accumulates", rows, tolerance=0.01)


def _uncounted() -> Claim:
    ratios = [_index_macs(r["network"]) / float(r["mflops"]) for r in published("condensenetv2_tables.csv")]
    return Claim(
        "The printed FLOPs are what the converted models compute",
        f"their index layers add {', '.join(f'{r:.1f}' for r in ratios)} times the printed FLOPs (A, B, C)",
        Verdict.FAILS if max(ratios) > 0.1 else Verdict.HOLDS,
    )


def _times(bench: Bench) -> Table:
    rows = sorted(published("condensenet_arm.csv"), key=lambda r: r["network"] != "mobilenet_v1_1x")
    times: list[Measured] = [(r["network"], float(r["latency_s"]), bench.latency_s(build(r["network"]))) for r in rows]
    return ratio_table(
        "CondenseNet, time on an ARM processor (over that of MobileNet v1)", "s", bench.hw, [times], tolerance=0.25,
        note="published: processor, threads and library not named; VGG-16's 354 s suggest that it ran out of memory",
    )  # fmt: skip


def _order(table: Table) -> Claim:
    orders = same_order(table.rows)
    return Claim(
        "CondenseNet: as fast as MobileNet at G = 4, twice as fast at G = 8",
        f"{orders} of five networks in the paper's order on {table.hw}",
        judge_order(orders),
    )


def _index_cost(bench: Bench) -> Claim:
    names = ("condensenet_v2_c", "condensenet_v2_c_index_matmul")
    scattered, dense = (bench.latency_ms(build(name)) or nan for name in names)
    return Claim(
        "The index layer may be left out of the count",
        f"V2-C takes {scattered:.3g} ms with scattered additions and {dense:.3g} ms with dense products on {bench.hw}",
        Verdict.HOLDS if dense < 1.1 * scattered else Verdict.FAILS,
    )
