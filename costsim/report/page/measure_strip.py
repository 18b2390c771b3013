"""The strip of blocks by measures: where in the network each guideline's measure is large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from costsim.measures.table import BY_NAME, HEADLINES, Measure
from costsim.report.page.charts import BAR_HEIGHT, SELECTION, faded, tip
from costsim.report.page.network_graph import NO_BLOCK
from costsim.report.words import measured, percent

if TYPE_CHECKING:
    from costsim.analysis import Analysis

Record = dict[str, Any]

HEAT_COLOURS = ("#dbe9f4", "#0b4f8a")
LIGHT_TEXT_FROM = 0.55
"""Cells hotter than this have light text."""

TIME = "time"


def strip(analysis: Analysis) -> list[Record]:
    """A cell a block and measure, blocks in execution order, the share of the time first.

    ``heat`` is 0 at a measure's best value and 1 in the block where it is largest; what a measure does not speak of has
    no cell.
    """
    most = max(record["share_ratio"] for record in analysis.block_records) or 1.0
    shares = {record["block"]: record["share_ratio"] for record in analysis.block_records}
    cells = [_cell(block, TIME, own / most, percent(own), "share of the latency") for block, own in shares.items()]
    for name in HEADLINES:
        row = BY_NAME[name]
        label = f"{row.guideline} {name.rpartition('_')[0].replace('_', ' ')}"  # the unit is in the cells
        values = {block: own[name] for block, own in analysis.block_measures.items()}
        least = _best(row)
        most = max((value for value in values.values() if value is not None), default=least)
        cells += [
            _cell(block, label, (value - least) / ((most - least) or 1.0), measured(value, row), row.equation)
            for block, value in values.items()
            if value is not None
        ]
    return cells


def _best(row: Measure) -> float:
    return 1.0 if row.unit == "ratio" else 0.0


def _cell(block: str, measure: str, heat: float, text: str, meaning: str) -> Record:
    return {"block": block or NO_BLOCK, "measure": measure, "heat": heat, "text": text, "meaning": meaning}


def strip_chart(data: str, blocks: int) -> Record:
    """The strip as a heat map, each cell with its value."""
    rect = {
        "mark": {"type": "rect", "cursor": "pointer", "style": "outline", "strokeWidth": 1},
        "encoding": {
            "color": {
                "field": "heat", "type": "quantitative", "legend": None,
                "scale": {"domain": [0, 1], "range": list(HEAT_COLOURS), "clamp": True},
            },
            "opacity": faded("block", 1),
            "tooltip": [tip("block"), tip("measure"), tip("text", "value"), tip("meaning")],
        },
    }  # fmt: skip
    light = {"test": f"datum.heat > {LIGHT_TEXT_FROM}", "value": "#ffffff"}
    text = {
        "mark": {"type": "text", "cursor": "pointer"},
        "encoding": {
            "text": {"field": "text"},
            "color": {"condition": light, "value": "#102030"},
            "tooltip": [tip("block"), tip("measure"), tip("text", "value"), tip("meaning")],
        },
    }
    return {
        "params": SELECTION,
        "data": {"name": data},
        "height": BAR_HEIGHT * blocks,
        "encoding": {
            "y": {"field": "block", "type": "nominal", "sort": None, "title": None},
            "x": {
                "field": "measure", "type": "nominal", "sort": None, "title": None,
                "axis": {"orient": "top", "labelAngle": -25, "labelOverlap": False, "domain": False, "ticks": False},
            },
        },
        "layer": [rect, text],
    }  # fmt: skip
