"""VarGNet (Zhang et al. 2019, arXiv 1907.05653): Tables 1 to 4, a vendor's numbers."""

from __future__ import annotations

from collections.abc import Sequence

from costsim.conventions import binary_millions
from costsim.networks import build
from costsim.reproduce.base import (
    Claim,
    Measured,
    Reproduction,
    Table,
    exact_table,
    judge_order,
    ratio_table,
    same_order,
)
from costsim.reproduce.bench import Bench, published
from costsim.reproduce.vargnet_claims import (
    against_shufflenet,
    balance,
    fewer_bytes,
    shared_array,
    small_maps,
    split_pipeline,
    two_at_a_time,
)
from costsim.reproduce.vargnet_gains import gains, measured_table

DEVICES = ("embedded_buffer",)
"""The paper names no device; its argument is about one on-chip buffer, which this generic part has."""

NOTES = (
    "multiply-adds are printed in units of 2^20, and 2^30 where the table says G",
    "Table 1 prints 'Repeat 3' for the down-sampling block at 56x56, a misprint for 1; G = 8 at 1x is printed 590 and "
    "counts 591.5",
    "Tables 5 to 10 are accuracies of detection, segmentation and faces: nothing costsim computes",
    "the vendor's latencies are those of Horizon's model zoo for the Journey 5, which names neither width nor group "
    "size of its VarGNet; 0.36 G is v2 at 1x with G = 8",
)


def reproduce(hw: Sequence[str] = ()) -> Reproduction:
    """Counts and propositions, and the vendor's order on the given devices."""
    tables = [_tables_3_4(), _sizes(), _block_weights()]
    claims = [small_maps(), against_shufflenet(), balance(), split_pipeline()]
    for bench in (Bench(name) for name in hw or DEVICES):
        vendor = _vendor(bench)
        tables.append(vendor)
        claims += [_order(vendor), fewer_bytes(bench)]
        if bench.profile.family == "accelerator":
            claims += [shared_array(bench), two_at_a_time(bench), *gains(bench)]
        tables += filter(None, [measured_table(bench)])
    return Reproduction(
        "vargnet", "VarGNet: Variable Group Convolutional Neural Network for Efficient Embedded Computing",
        "Zhang, Li, Zhao, Li, Zhu, Song, Guo, Han, Sun 2019, arXiv 1907.05653",
        tuple(tables), tuple(claims), notes=NOTES,
    )  # fmt: skip


def _tables_3_4() -> Table:
    rows = (
        (r["network"], float(r["mmacs_2_20"]), binary_millions(build(r["network"])) / 2**20)
        for r in published("vargnet_tables3_4.csv")
    )
    return exact_table("Tables 3 and 4 (multiply-adds)", "2^20 multiply-adds", rows, tolerance=0.01)


def _sizes() -> Table:
    rows = (
        (r["network"], float(r["model_size_2_20"]), build(r["network"]).total_params / 2**20)
        for r in published("vargnet_tables3_4.csv")
    )
    return exact_table("Tables 3 and 4 (model size)", "2^20 parameters", rows, tolerance=0.05)


def _block_weights() -> Table:
    """Section 3.2: the weights of a normal block, ``4 k^2 G C + 4 C^2``, beside those of the graph."""
    graph = build("vargnet_v2_g8_1x")
    rows = []
    for stage, c in (("stage2", 64), ("stage3", 128), ("stage4", 256)):
        block = [n for n in graph if n.block == f"{stage}.normal1" and n.layer.op == "conv"]
        rows.append(
            (f"normal block of {c} channels", 4 * 9 * 8 * c + 4 * c * c, float(sum(graph.params(n) for n in block)))
        )
    return exact_table("Section 3.2 (weights of a normal block, 4 k^2 G C + 4 C^2)", "elements", rows, tolerance=1e-9)


def _vendor(bench: Bench) -> Table:
    rows: list[Measured] = [
        (r["network"], float(r["latency_ms"]), bench.latency_ms(build(r["network"])))
        for r in published("vargnet_vendor_latency.csv")
    ]
    return ratio_table(
        "Horizon Journey 5 model zoo (time, over that of MobileNet v1)", "ms", bench.hw, [rows], tolerance=0.25,
        note="not of the paper: the vendor's later chip, on which VarGNet v2 is no faster than MobileNet v1",
    )  # fmt: skip


def _order(table: Table) -> Claim:
    orders = same_order(table.rows)
    found = f"{orders} on {table.hw}"
    return Claim("Vendor: the order of six networks on the Journey 5", found, judge_order(orders))
