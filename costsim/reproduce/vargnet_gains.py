"""What VarGNet's two propositions gain on a device, in milliseconds, beside the networks it was drawn against."""

from __future__ import annotations

import numpy as np

from costsim.networks import build
from costsim.reproduce.base import SAME, Claim, Measured, Table, Verdict, ratio_table
from costsim.reproduce.bench import Bench, published
from costsim.simulate import Simulation, simulate

GROUPED, DEPTHWISE = "vargnet_v1_g8_1x", "mobilenet_v1_1.05x"
"""At equal multiply-adds."""

MEASURED = {"rdk_x5": "vargnet_rdk_x5_latency.csv"}
"""Devices with times of their own: D-Robotics/rdk_model_zoo @ be4f89bd; there are none of MobileNet v2 or VarGNet."""


def gains(bench: Bench) -> list[Claim]:
    """Of both propositions and of the whole; nothing where a network does not fit."""
    ours, theirs = (simulate(build(name), bench.profile, bench.run) for name in (GROUPED, DEPTHWISE))
    return [_balance(bench, ours, theirs), _small_maps(bench, ours, theirs), _whole(bench)]


def _balance(bench: Bench, ours: Simulation, theirs: Simulation) -> Claim:
    """Time of a multiply-accumulate in the spatial layers, and the times of the whole at the other's pace."""
    (own_s, own_macs), (other_s, other_macs) = (_spatial(made) for made in (ours, theirs))
    own, other = own_s / own_macs, other_s / other_macs
    return Claim(
        "Proposition 2 on a device: groups of 8 channels run at a better pace than depthwise layers",
        f"{own * 1e12:.2f} ps a multiply-accumulate in groups, {other * 1e12:.2f} ps depthwise on {bench.hw}: "
        f"{own_macs / 1e6:.0f} M in {own_s * 1e3:.3f} ms against {other_macs / 1e6:.0f} M in {other_s * 1e3:.3f} ms, "
        f"so the layers are {'faster' if own_s < other_s else 'slower'} for {own_macs / other_macs:.0f} times the work",
        Verdict.HOLDS if own_s < other_s else Verdict.DIRECTION if own < other else Verdict.FAILS,
    )


def _spatial(made: Simulation) -> tuple[float, float]:
    """Seconds and multiply-accumulates of the grouped and depthwise rows."""
    rows = (made.ops.groups > 1)[:, 0]
    return float(made.costs.latency_s[rows].sum()), float(made.ops.macs[rows].sum())


def _small_maps(bench: Bench, ours: Simulation, theirs: Simulation) -> Claim:
    """Time that goes away if maps never left the chip."""
    own, other = (_waiting_s(made) for made in (ours, theirs))
    return Claim(
        "Proposition 1 on a device: small maps between blocks save time at the memory",
        f"{own * 1e3:.3f} ms of {GROUPED} and {other * 1e3:.3f} ms of {DEPTHWISE} are waits for maps on {bench.hw}",
        Verdict.HOLDS if own < (1 - SAME) * other else Verdict.FAILS,
    )


def _waiting_s(made: Simulation) -> float:
    """The share of maps in what moves, of the time that memory adds to each op."""
    costs, plan = made.costs, made.ops.plan
    assert plan is not None
    added = costs.latency_s - costs.without(("dram",))
    share = plan.activation_bytes / np.maximum(plan.offchip_bytes, 1.0)
    return float((added * share).sum())


def _whole(bench: Bench) -> Claim:
    """All of it together, at equal multiply-adds."""
    own, other = (bench.latency_ms(build(name)) for name in (GROUPED, DEPTHWISE))
    assert own is not None
    assert other is not None
    return Claim(
        "Both on a device: VarGNet is faster than MobileNet v1 at equal multiply-adds",
        f"{GROUPED} {own:.3f} ms, {DEPTHWISE} {other:.3f} ms on {bench.hw}",
        Verdict.HOLDS if own < (1 - SAME) * other else Verdict.FAILS,
    )


def measured_table(bench: Bench) -> Table | None:
    """The device's own times of networks VarGNet is compared with, where there are any."""
    if bench.hw not in MEASURED:
        return None
    rows: list[Measured] = [
        (r["network"], float(r["latency_ms"]), bench.latency_ms(build(r["network"])))
        for r in published(MEASURED[bench.hw])
    ]
    predicted = ((name, bench.latency_ms(build(name))) for name in ("mobilenet_v2_1x", GROUPED, "vargnet_v2_g8_1x"))
    beside = ", ".join(f"{name} {ms:.2f} ms" for name, ms in predicted if ms is not None)
    return ratio_table(
        "D-Robotics model zoo (time, over that of MobileNet v1)", "ms", bench.hw, [rows], tolerance=0.25,
        note=f"not of the paper; predicted beside them, where nothing was published: {beside}",
    )  # fmt: skip
