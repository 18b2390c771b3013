"""The layer table as CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from costsim.analysis import Analysis

NESTED = ("ceilings_ms", "layers", "near_bounds", "output_shape")


def to_csv(analysis: Analysis) -> str:
    """One line per executed op; limits as ``ceiling_<name>_ms`` columns."""
    rows = [
        {k: v for k, v in record.items() if k not in NESTED}
        | {"output_shape": "x".join(map(str, record["output_shape"]))}
        | {f"ceiling_{name}_ms": ms for name, ms in record["ceilings_ms"].items()}
        for record in analysis.layer_records
    ]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
