"""ShuffleNet (Zhang et al. 2017, arXiv 1707.01083): unit complexities, Tables 1 and 8."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

from costsim.conventions import without_classifier
from costsim.graph import LayerGraph, NetBuilder
from costsim.networks import build
from costsim.reproduce.base import Claim, Reproduction, Table, Verdict, exact_table, judge_value, ratio_table
from costsim.reproduce.bench import Bench, published
from costsim.units import counted

DEVICES = ("snapdragon_810",)
"""The paper's is a Snapdragon 820, one thread; its older sister is the nearest that is calibrated."""

TABLE_1 = {1: 143, 2: 140, 3: 137, 4: 133, 8: 137}
"""Groups to millions of multiply-adds of the 1x network, the classifier left out."""

WHOLE = {
    "shufflenet_v1_g3_0.5x": 38,
    "shufflenet_v1_g3_1.5x": 292,
    "shufflenet_v1_g3_2x": 524,
    "mobilenet_v1_1x": 569,
    "alexnet": 720,
}
"""Millions of multiply-adds of whole networks in Tables 5, 6 and 8."""

UNIT = {"h": 28, "w": 28, "c": 240, "m": 60}
"""Sizes the complexities are tried at: a unit of stage 2."""

NOTES = (
    "Table 8 was timed on a Snapdragon 820: times are compared with that of AlexNet at the same input",
    "Table 1 leaves the classifier out of its multiply-adds, the later tables do not; the 1x network's printed 140 M "
    "is 137.5 M with it",
)


def reproduce(hw: Sequence[str] = ()) -> Reproduction:
    """Counts, and Table 8 on the given devices or on the nearest to the paper's own."""
    tables = [_units(), _table_1(), _whole()]
    claims: list[Claim] = []
    for bench in (Bench(name) for name in hw or DEVICES):
        table = _table_8(bench)
        tables.append(table)
        claims += _claims(table)
    return Reproduction(
        "shufflenetv1", "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices",
        "Zhang, Zhou, Lin, Sun 2017, arXiv 1707.01083", tuple(tables), tuple(claims), notes=NOTES,
    )  # fmt: skip


def _units() -> Table:
    """Section 3.1's complexities beside the same units as graphs."""
    h, w, c, m = UNIT.values()
    rows: list[tuple[str, float | None, float]] = [
        ("ResNet, hw(2cm + 9m^2)", h * w * (2 * c * m + 9 * m * m) / 1e6, _unit(1, m))
    ]
    for g in (2, 3, 4):
        rows.append((f"ResNeXt, {g} groups, hw(2cm + 9m^2/g)", h * w * (2 * c * m + 9 * m * m / g) / 1e6, _unit(g, m)))
        rows.append((f"ShuffleNet, {g} groups, hw(2cm/g + 9m)", h * w * (2 * c * m / g + 9 * m) / 1e6, _unit(m, m, g)))
    return exact_table("Section 3.1 (complexity of units)", "M multiply-adds", rows, tolerance=1e-9)


def _unit(spatial_groups: int, m: int, pointwise_groups: int = 1) -> float:
    """Multiply-adds of a unit of stride 1, in millions."""
    net = NetBuilder("unit")
    x = net.input(1, UNIT["c"], UNIT["h"], UNIT["w"])
    y = net.conv(x, m, groups=pointwise_groups)
    y = net.conv(y, m, 3, groups=spatial_groups)
    net.add_tensors(x, net.conv(y, UNIT["c"], groups=pointwise_groups))
    return net.graph.total_macs / 1e6


def _table_1() -> Table:
    rows = (
        (counted(g, "group"), printed, without_classifier(build(f"shufflenet_v1_g{g}_1x")) / 1e6)
        for g, printed in TABLE_1.items()
    )
    return exact_table("Table 1 (ShuffleNet 1x by groups, without classifier)", "M multiply-adds", rows, tolerance=0.01)


def _whole() -> Table:
    rows = ((name, printed, build(name).total_macs / 1e6) for name, printed in WHOLE.items())
    return exact_table("Tables 5, 6 and 8 (whole networks)", "M multiply-adds", rows, tolerance=0.015)


def _table_8(bench: Bench) -> Table:
    rows = published("shufflenetv1_table8.csv")
    groups = []
    for size in dict.fromkeys(row["input"] for row in rows):
        column = sorted((r for r in rows if r["input"] == size), key=lambda r: r["network"] != "alexnet")
        groups.append(
            [
                (
                    f"{r['network']}, {size[2:]}",
                    float(r["latency_ms"]),
                    bench.latency_ms(_resized(r["network"], size)),
                )
                for r in column
            ]
        )
    return ratio_table(
        "Table 8 (time, over that of AlexNet)", "ms", bench.hw, groups, tolerance=0.25,
        note="published: Snapdragon 820, one thread",
    )  # fmt: skip


def _resized(network: str, size: str) -> LayerGraph:
    return build(network).with_input(1, *(int(d) for d in size.split("x")))


def _claims(table: Table) -> list[Claim]:
    ms = {row.label: row.computed or nan for row in table.rows}
    half, full, double = (ms[f"shufflenet_v1_g3_{width}, 224x224"] for width in ("0.5x", "1x", "2x"))
    actual = ms["alexnet, 224x224"] / half
    theory = build("alexnet").total_macs / build("shufflenet_v1_g3_0.5x").total_macs
    steps = [full / half, double / full]
    return [
        Claim(
            "Section 4.5: 0.5x is about 13 times faster than AlexNet, of 18 times fewer multiply-adds",
            f"{actual:.1f} times faster on {table.hw}, of {theory:.1f} times fewer",
            _at_most(judge_value(13, actual, 0.25), 1 < actual < theory),
        ),
        Claim(
            "Section 4.5: every four times fewer multiply-adds make it about 2.6 times faster",
            f"{steps[0]:.2f} and {steps[1]:.2f} times on {table.hw}",
            _at_most(judge_value(2.6, sum(steps) / 2, 0.25), all(1 < step < 4 for step in steps)),
        ),
    ]


def _at_most(exact: Verdict, direction: bool) -> Verdict:
    return exact if exact is Verdict.HOLDS else Verdict.DIRECTION if direction else Verdict.FAILS
