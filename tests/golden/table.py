"""The golden table: what costsim says today of a set of networks on every device.

A number that moves without a reason is a bug; one that moves for a reason is written into the
changelog. ``make golden`` rewrites the table and prints what moved.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import costsim

PATH = Path(__file__).with_name("golden.csv")

NETWORKS = (
    "alexnet",
    "mobilenet_v1_1x",
    "mobilenet_v2_1x",
    "resnet50",
    "shufflenet_v1_g3_1x",
    "shufflenet_v2_1x",
    "vargnet_v1_g8_1x",
    "vargnet_v2_g8_1x",
)

METRICS = (
    "params",
    "macs",
    "flops",
    "mem_access_elems",
    "latency_ms",
    "dram_bytes",
    "peak_activation_bytes",
    "energy_mj",
)


def compute() -> pd.DataFrame:
    """Every network on every shipped profile; a network a device cannot run is a row without numbers."""
    rows = []
    for profile in costsim.profile_names():
        for network in NETWORKS:
            try:
                summary = costsim.analyze(network, profile).summary
            except costsim.DoesNotFitError:
                summary = {}
            rows.append({"profile": profile, "network": network} | {metric: summary.get(metric) for metric in METRICS})
    return pd.DataFrame(rows).set_index(["profile", "network"]).astype(float)


def read() -> pd.DataFrame:
    return pd.read_csv(PATH, index_col=["profile", "network"])


def moved(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Percent by which each number moved; rows and columns without a change are left out."""
    shared = old.index.intersection(new.index)
    change = (new.loc[shared] / old.loc[shared] - 1) * 100
    changed = change.abs() > 1e-6
    return change.where(changed).dropna(how="all").dropna(axis=1, how="all")
