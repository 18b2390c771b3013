"""A network's counts beside what torch executed: as text and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from costsim.report.formats.terminal import as_text, plain_table

if TYPE_CHECKING:
    from costsim.reference.judge import Judgement

COLUMNS = ("shape", "params", "macs", "elements read", "elements weights", "elements written")


def text(found: Judgement, width: int | None = None) -> str:
    """How many layers were held against torch in each quantity, and every layer that differs."""
    checks = found.checks
    head = Text.assemble(
        (found.network, "bold"), f": {len(checks) - len(found.mismatches)} of {len(checks)} layers agree with torch\n"
    )
    table = plain_table(show_edge=False)
    for column in ("quantity", "layers held", "differ"):
        table.add_column(column, justify="left" if column == "quantity" else "right", no_wrap=True)
    for name in COLUMNS:
        pairs = [check.pairs[name] for check in checks if name in check.pairs]
        table.add_row(name, str(len(pairs)), str(sum(own != executed for own, executed in pairs)))
    return as_text(Group(head, table, *_told(found)), width)


def _told(found: Judgement) -> list[Text | Table | str]:
    views = sum(check.torch_elems is None for check in found.checks)
    moved = (
        f"\ntorch ran {found.kernels} kernels; {views} layers are views, whose elements are not held\n"
        f"at most {found.branches} layers with multiply-adds could run side by side\n"
        f"at most {found.torch_peak.elems:,} elements of maps exist at once, while {found.torch_peak.at} runs"
    )
    own = found.peak
    off = () if own == found.torch_peak else (Text(f"the graph says {own.elems:,}, while {own.at} runs", "red"),)
    return [Text(moved), *off, *(Text(f"\n{check}", "red") for check in found.mismatches)]


def to_json(found: Judgement) -> str:
    """All of it, layer by layer, as a JSON document."""
    return json.dumps({"schema_version": 1, **found.record()}, allow_nan=False)
