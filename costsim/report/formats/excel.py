"""A workbook: totals, layers, blocks, findings."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from costsim.errors import InputError
from costsim.files import write_bytes
from costsim.report.formats.csv import cell, flat
from costsim.report.formats.document import document

if TYPE_CHECKING:
    from costsim.analysis import Analysis


def to_excel(analysis: Analysis, path: str | Path) -> str:
    """Write the workbook, whole or not at all.

    Raises:
        InputError: the package openpyxl is missing, or the path cannot be written.
    """
    record = document(analysis)
    sheets = {
        "totals": [record["network"] | flat(record["totals"]) | {"hardware": analysis.hardware}],
        "layers": record["layers"],
        "blocks": record["blocks"],
        "findings": record["guidelines"] or [],
    }
    buffer = io.BytesIO()
    try:
        with pd.ExcelWriter(buffer, engine="openpyxl") as workbook:
            for name, rows in sheets.items():
                plain = [{key: cell(value) for key, value in flat(row).items()} for row in rows]
                pd.DataFrame(plain).to_excel(workbook, sheet_name=name, index=False)
    except ImportError:
        raise InputError("writing workbooks needs the package openpyxl", mend="pip install 'costsim[excel]'") from None
    write_bytes(path, buffer.getvalue())
    return str(path)
