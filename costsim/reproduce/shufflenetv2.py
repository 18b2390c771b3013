"""ShuffleNet V2 (Ma et al. 2018, arXiv 1807.11164): Tables 1 to 8, Figures 1 and 2."""

from __future__ import annotations

from collections.abc import Sequence

from costsim.analysis import COPY_CLASS, Analysis
from costsim.calibrate.protocol import SHUFFLENET_V2
from costsim.networks import build
from costsim.reproduce.base import (
    Claim,
    Measured,
    Reproduction,
    Row,
    Table,
    Verdict,
    exact_table,
    judge_order,
    ratio_table,
    same_order,
)
from costsim.reproduce.bench import Bench, published
from costsim.reproduce.micro_tables import FILE, GUIDELINES, micro_table, order_claim

DEVICES = ("gtx_1080ti", "snapdragon_810_paper")
"""The paper's own: a GTX 1080 Ti with cuDNN 7.0, one core of a Snapdragon 810."""

TABLE_8 = {
    "ShuffleNet v2 0.5x": "shufflenet_v2_0.5x", "ShuffleNet v2 1x": "shufflenet_v2_1x",
    "ShuffleNet v2 1.5x": "shufflenet_v2_1.5x", "ShuffleNet v2 2x": "shufflenet_v2_2x",
    "ShuffleNet v1 0.5x (g=3)": "shufflenet_v1_g3_0.5x", "ShuffleNet v1 1x (g=3)": "shufflenet_v1_g3_1x",
    "ShuffleNet v1 1.5x (g=3)": "shufflenet_v1_g3_1.5x", "ShuffleNet v1 2x (g=3)": "shufflenet_v1_g3_2x",
    "0.25 MobileNet v1": "mobilenet_v1_0.25x", "0.5 MobileNet v1": "mobilenet_v1_0.5x",
    "0.75 MobileNet v1": "mobilenet_v1_0.75x", "1.0 MobileNet v1": "mobilenet_v1_1x",
    "0.15 MobileNet v2 (our impl.)": "mobilenet_v2_0.15x", "0.6 MobileNet v2 (our impl.)": "mobilenet_v2_0.6x",
    "1.0 MobileNet v2 (our impl.)": "mobilenet_v2_1x", "1.4 MobileNet v2 (our impl.)": "mobilenet_v2_1.4x",
    "Xception 0.5x (our impl.)": "light_xception_0.5x", "Xception 1x (our impl.)": "light_xception_1x",
    "Xception 1.5x (our impl.)": "light_xception_1.5x", "Xception 2x (our impl.)": "light_xception_2x",
    "DenseNet 0.5x (our impl.)": "densenet_small_0.5x", "DenseNet 1x (our impl.)": "densenet_small_1x",
    "DenseNet 1.5x (our impl.)": "densenet_small_1.5x", "DenseNet 2x (our impl.)": "densenet_small_2x",
    "IGCV2-0.25": "igcv2_0.25x", "IGCV2-0.5": "igcv2_0.5x", "IGCV2-1.0": "igcv2_1x",
    "IGCV3-D": "igcv3_d_1x", "IGCV3-D (1.4)": "igcv3_d_1.4x",
}  # fmt: skip
"""Rows whose networks can be built; the widths of the others were never published."""

FIGURE_1 = ("shufflenet_v2", "shufflenet_v1", "mobilenet_v1", "mobilenet_v2")

DETECTION = {
    "Xception": "light_xception_{}", "ShuffleNet v1": "shufflenet_v1_g3_{}", "ShuffleNet v2": "shufflenet_v2_{}",
    "ShuffleNet v2*": "shufflenet_v2_{}_detection",
}  # fmt: skip
WIDTH_AT = {"40M": "0.5x", "140M": "1x", "300M": "1.5x", "500M": "2x"}

TABLE_5 = {"0.5x": (41, 1.4), "1x": (146, 2.3), "1.5x": (299, 3.5), "2x": (591, 7.4)}
"""Width to millions of multiply-adds and of parameters."""

TABLE_6 = {"shufflenet_v2_50": 2300.0, "resnet50_v1": 3800.0, "shufflenet_v2_164_se": 12700.0}

UNPUBLISHED = (
    "Table 8: the widths of MobileNet v2 at 0.4x and 0.75x, of IGCV3-D (0.7), NASNet-A, PNASNet-5 and the SE variant's "
    "reduction were never published; MobileNet v2 at 0.15x and 0.6x is built with the usual rounding and has other "
    "counts than printed",
    "Table 7 times a whole detector, of which only the backbone is computed here; MobileNet v2 is left out, its widths "
    "were never published",
    "Figure 2 counts input and output as 'Data', which is no op of the network: shares are of the rest",
)


def reproduce(hw: Sequence[str] = ()) -> Reproduction:
    """All tables on the given devices, or on the paper's own."""
    benches = [Bench(name) for name in hw or DEVICES]
    tables: list[Table] = [_table_5(), _table_6()]
    claims: list[Claim] = []
    for bench in benches:
        micro = [micro_table(table, bench) for table in GUIDELINES]
        claims += [order_claim(table, GUIDELINES[key][0]) for key, table in zip(GUIDELINES, micro, strict=True)]
        table_8 = _table_8(bench)
        tables += [*micro, table_8, _figure_2(bench), _table_7(bench)]
        claims += [_fastest(table_8), _macs_do_not_tell(table_8, bench)]
    return Reproduction(
        "shufflenetv2", "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design",
        "Ma, Zhang, Zheng, Sun 2018, arXiv 1807.11164", tuple(tables), tuple(claims), notes=UNPUBLISHED,
    )  # fmt: skip


def _table_5() -> Table:
    rows: list[tuple[str, float | None, float]] = []
    for width, (mmacs, mparams) in TABLE_5.items():
        graph = build(f"shufflenet_v2_{width}")
        rows.append((f"{width} multiply-adds, M", mmacs, graph.total_macs / 1e6))
        rows.append((f"{width} parameters, M", mparams, graph.total_params / 1e6))
    return exact_table("Table 5 (ShuffleNet V2 at four widths)", "M", rows, tolerance=0.025)


def _table_6() -> Table:
    rows = ((name, printed, build(name).total_macs / 1e6) for name, printed in TABLE_6.items())
    return exact_table("Table 6 (large networks)", "M multiply-adds", rows, tolerance=0.025)


def _table_8(bench: Bench) -> Table:
    """Speeds over that of ShuffleNet v2 at the same budget."""
    platform = "ARM" if bench.is_cpu else "GPU"
    protocol = SHUFFLENET_V2["T8", platform]
    rows = [r for r in published(FILE) if r["table"] == "T8" and r["platform"] == platform and r["variant"] in TABLE_8]
    levels: list[list[Measured]] = []
    for row in rows:
        graph = build(TABLE_8[row["variant"]]).with_batch(protocol.batch)
        entry = (row["variant"], float(row["speed"]), bench.speed(graph, protocol))
        if row["variant"].startswith("ShuffleNet v2"):
            levels.append([entry])
        else:
            levels[-1].append(entry)
    return ratio_table(
        f"Table 8 and Figure 1 (speed at batch {protocol.batch}, over ShuffleNet v2 at the same budget)", "batches/s",
        bench.hw, levels, tolerance=0.25,
    )  # fmt: skip


def _fastest(table: Table) -> Claim:
    """Which networks of Figure 1 are faster than ShuffleNet v2 at their budget."""
    meant = [row for row in table.rows if TABLE_8[row.label].startswith(FIGURE_1) and row.verdict is not Verdict.OPEN]
    said = sum((row.published_ratio or 1) > 1.03 for row in meant)
    found = sum((row.computed_ratio or 1) > 1.03 for row in meant)
    orders = same_order(table.rows)
    return Claim(
        f"Figure 1: {_all_but(said, len(meant))} competitors are slower than ShuffleNet v2 at their budget",
        f"{_all_but(found, len(meant))} on {table.hw}; {orders} of Table 8 in the paper's order",
        judge_order(orders),
    )


def _all_but(few: int, many: int) -> str:
    return f"all but {few} of {many}" if few else f"all {many}"


def _macs_do_not_tell(table: Table, bench: Bench) -> Claim:
    """Section 1: networks with the same multiply-adds run at different speeds."""
    levels: list[list[float]] = []
    for row in table.rows:
        if row.label.startswith("ShuffleNet v2"):  # which opens a budget
            levels.append([])
        if row.computed:
            levels[-1].append(row.computed)
    spread = [max(level) / min(level) for level in levels if level]
    verdict = Verdict.HOLDS if spread and min(spread) > 1.25 else Verdict.FAILS
    text = ", ".join(f"{s:.1f}" for s in spread)
    return Claim(
        "Section 1: at equal multiply-adds speeds differ (Table 8: 2.7, 2.9, 2.7 and 3.0 times on the GPU)",
        f"{text} times within the four budgets on {bench.hw}", verdict,
    )  # fmt: skip


FIGURE_2_CLASSES = {
    "pointwise conv": "Conv", "spatial conv": "Conv", "grouped conv": "Conv", "depthwise conv": "Conv",
    "element-wise": "Elemwise", "activation": "Elemwise", "normalisation": "Elemwise", "shuffle": "Shuffle",
}  # fmt: skip


def _figure_2(bench: Bench) -> Table:
    """Shares of the run time by kind of op, input and output left out."""
    platform = "ARM" if bench.is_cpu else "GPU"
    printed: dict[str, dict[str, float]] = {}
    for row in published("shufflenetv2_figure2.csv"):
        if row["platform"] == platform and row["component"] != "Data":
            printed.setdefault(row["network"], {})[row["component"]] = float(row["percent"])
    rows = []
    for network, shares in printed.items():
        computed = _parts(bench.analyze(network, SHUFFLENET_V2["F2", platform]))
        for part, percent in shares.items():
            said = 100 * percent / sum(shares.values())
            rows.append(_share(f"{network}, {part}", said, None if computed is None else computed.get(part, 0.0)))
    note = "holds within 10 percentage points, in direction if the part stays below or above 50 %"
    return Table("Figure 2 (run-time shares)", "%", 0.1, tuple(rows), bench.hw, note)


def _parts(analysis: Analysis | None) -> dict[str, float] | None:
    """Percent of the time by the figure's kinds of op."""
    if analysis is None:
        return None
    parts: dict[str, float] = {}
    ops = [record for record in analysis.class_records if record["op_class"] != COPY_CLASS]  # printed as "Data"
    total_ms = sum(record["latency_ms"] for record in ops)
    for record in ops:
        part = FIGURE_2_CLASSES.get(record["op_class"], "Other")
        parts[part] = parts.get(part, 0.0) + 100 * record["latency_ms"] / total_ms
    return parts


def _share(label: str, said: float, computed: float | None) -> Row:
    if computed is None:
        return Row(label, said, None, Verdict.OPEN)
    near = abs(said - computed) <= 10
    verdict = Verdict.HOLDS if near else Verdict.DIRECTION if (said > 50) == (computed > 50) else Verdict.FAILS
    return Row(label, said, computed, verdict)


def _table_7(bench: Bench) -> Table:
    """Backbones at 800 x 1200, batch 4, over ShuffleNet v2 of the same budget."""
    protocol = SHUFFLENET_V2["T7", "GPU"]
    rows = [r for r in published(FILE) if r["table"] == "T7" and r["variant"] in DETECTION]
    levels = []
    for level, width in WIDTH_AT.items():
        entries = []
        for row in sorted((r for r in rows if r["scale"] == level), key=lambda r: r["variant"] != "ShuffleNet v2"):
            graph = build(DETECTION[row["variant"]].format(width)).with_input(protocol.batch, 3, 800, 1200)
            entries.append(
                (f"{row['variant']}, {level}", float(row["speed"]), bench.speed(graph, protocol, protocol.batch))
            )
        levels.append(entries)
    return ratio_table(
        "Table 7 (backbones of detectors, 800 x 1200, batch 4)", "images/s", bench.hw, levels, tolerance=0.25,
        note="published: the whole detector on a GPU",
    )  # fmt: skip


__all__ = ["reproduce"]
