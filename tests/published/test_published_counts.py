"""What the papers print about their networks, each under its paper's own convention of counting.

Rows whose printed value no known reading of the network gives carry our recount and the reason;
they are held to the recount, and to still differing from what is printed. Rows of networks the
zoo does not have (SENet, NASNet-A, PNASNet-5, ShuffleNet v1-50) are left out.
"""

import csv
import math
from itertools import groupby
from pathlib import Path

import pytest

from costsim.conventions import CONVENTIONS
from costsim.networks import build

UNITS = {"1e6": 1e6, "1e9": 1e9, "2^20": 2**20, "2^30": 2**30}

with (Path(__file__).parents[1] / "data" / "published_counts.csv").open(newline="") as file:
    ROWS = list(csv.DictReader(file))

TABLES = {table: list(rows) for table, rows in groupby(ROWS, key=lambda row: row["table"])}


def counted(row: dict[str, str]) -> float:
    graph = build(row["network"], input_shape=tuple(int(dim) for dim in row["input_shape"].split("x")))
    convention = row["convention"]
    if convention == "params":
        count = graph.total_params
    elif convention == "macs":
        count = graph.total_macs
    elif convention == "weights":  # batch norm taken as folded
        count = sum(graph.params(node) for node in graph if node.layer.op != "batch_norm")
    else:
        count = CONVENTIONS[convention].count(graph)
    return count / UNITS[row["unit"]]


def agrees(value: float, printed: str) -> bool:
    """Whether ``value`` rounds, or is cut off, to the printed digits: the papers do both."""
    digits = len(printed.partition(".")[2])
    return float(printed) in (round(value, digits), math.floor(value * 10**digits) / 10**digits)


@pytest.mark.parametrize("table", TABLES)
def test_published_table(table):
    wrong = []
    for row in TABLES[table]:
        value = counted(row)
        if row["why_it_differs"]:
            as_explained = agrees(value, row["recount"]) and not agrees(value, row["printed"])
        else:
            as_explained = agrees(value, row["printed"])
        if not as_explained:
            wrong.append(f"{row['network']}: counted {value:.3f}, printed {row['printed']}")
    assert not wrong


@pytest.mark.parametrize(
    ("value", "printed", "expected"), [(145.8, "146", True), (300.8, "300", True), (41.8, "43", False)]
)
def test_agreement_is_to_the_printed_digit(value, printed, expected):
    assert agrees(value, printed) is expected
