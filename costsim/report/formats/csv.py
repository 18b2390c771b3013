"""Tables as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from costsim.errors import visible

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
    return csv_text(rows)


def flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record on one line: parts of a mapping become columns ``trust_status``, lists are joined by semicolons."""
    line: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            line |= {f"{name}_{part}": inner for part, inner in flat(value).items()}
        else:
            line[name] = "; ".join(map(str, value)) if isinstance(value, list | tuple) else value
    return line


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Records as CSV under one line of names: those of the first, then what others have besides; no value is empty."""
    names = dict.fromkeys(name for row in rows for name in row)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(names), lineterminator="\n")
    writer.writerow({name: cell(name) for name in names})
    writer.writerows({name: cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def cell(value: Any) -> Any:
    """Text of others as text: a spreadsheet reckons what begins like a formula, unless an apostrophe comes first."""
    if not isinstance(value, str):
        return value
    shown = visible(value)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown
