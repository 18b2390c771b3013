"""Latencies of a list of networks as text, JSON, CSV and Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from costsim.predict import Predictor
from costsim.predict.architectures import Prediction
from costsim.report.formats.csv import csv_text
from costsim.report.formats.markdown import escaped, markdown_table
from costsim.report.formats.stamped import stamped_json
from costsim.report.formats.terminal import as_text, plain_table
from costsim.report.words import runtime_line
from costsim.units import round_significant, time_column

Predictions = Sequence[Prediction]


def text(predictions: Predictions, predictor: Predictor, width: int | None = None) -> str:
    """The device, then one line a network in the order given; times in one unit."""
    table_head, times = time_column("latency", (p.latency_ms for p in predictions))
    table = plain_table(show_edge=False)
    table.add_column(table_head, no_wrap=True)
    table.add_column("network", overflow="fold")
    for p, time in zip(predictions, times, strict=True):
        table.add_row(time, f"{p.network}: {p.reason}" if p.reason else p.network)
    profile = predictor.profile
    head = Text.assemble((profile.name, "bold"), f": {profile.title}\n{runtime_line(profile, predictor.run)}\n")
    return as_text(Group(head, table), width)


def to_json(predictions: Predictions, predictor: Predictor) -> str:
    """One record a network; a latency that is null has its reason beside it."""
    profile, run = predictor.profile, predictor.run
    hardware = {
        "name": profile.title,
        "family": profile.family,
        "profile": profile.name,
        "runtime": f"{profile.runtime.name} {profile.runtime.version}",
        "dtype": run.dtype,
        "threads": run.threads,
        "calibration": profile.calibration_in(run.dtype).record(),
    }
    records = [p.record() for p in predictions]
    return stamped_json({"mode": "predicted", "hardware": hardware, "predictions": records}, indent=None)


def to_csv(predictions: Predictions, predictor: Predictor) -> str:
    """One line a network: its latency, and why there is none."""
    return csv_text([{**p.record(), "reason": p.reason} for p in predictions])


def to_markdown(predictions: Predictions, predictor: Predictor) -> str:
    """The device and a table."""
    rows = ([escaped(p.network), _ms(p), escaped(p.reason)] for p in predictions)
    profile = predictor.profile
    head = f"**{escaped(profile.title)}**, {escaped(runtime_line(profile, predictor.run))}"
    return f"{head}\n\n{markdown_table(('network', 'ms', 'reason'), rows)}\n"


def _ms(prediction: Prediction) -> str:
    return "" if prediction.latency_ms is None else round_significant(prediction.latency_ms, 4)
