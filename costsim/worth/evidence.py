"""What measurements say of the measures: a small table made by ``python -m validation.guidelines_worth``."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from costsim.files import as_folder

FILE = as_folder(Path(__file__).parent) / "measured.csv"


@dataclass(frozen=True)
class Evidence:
    """What a measure explains of measured times on a device, and of the model's times of the same networks."""

    rank_correlation: float
    """Of the measure and the measured time, multiply-accumulates taken out of both (see ``statistics``)."""
    explained_ratio: float
    """Share of the variance of measured over fitted-on-macs that it explains of families left out."""
    predicted_rank_correlation: float
    """The same two of the predicted times."""
    predicted_explained_ratio: float
    networks: int
    families: int
    run: str
    """How the device was run: data type, threads, batch, runtime."""
    source: str


@cache
def all_evidence() -> dict[tuple[str, str], Evidence]:
    """By profile and measure."""
    with FILE.open(encoding="utf-8") as lines:
        return {(row["profile"], row["measure"]): _evidence(row) for row in csv.DictReader(lines)}


def evidence(profile: str) -> dict[str, Evidence]:
    """By measure; empty of a device that nobody measured enough networks on."""
    return {measure: found for (own, measure), found in all_evidence().items() if own == profile}


def _evidence(row: dict[str, str]) -> Evidence:
    ratios = ("rank_correlation", "explained_ratio", "predicted_rank_correlation", "predicted_explained_ratio")
    return Evidence(
        **{name: float(row[name]) for name in ratios},
        networks=int(row["networks"]),
        families=int(row["families"]),
        run=row["run"],
        source=row["source"],
    )
