"""Workbooks: an analysis with a sheet a table, and the tables of any verb that prints CSV."""

from __future__ import annotations

import io
from collections.abc import Mapping
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
    plain = {
        name: pd.DataFrame([{key: cell(value) for key, value in flat(row).items()} for row in rows])
        for name, rows in sheets.items()
    }
    _write(plain, path)
    return str(path)


def tables_to_excel(text: str, path: str | Path) -> None:
    """A CSV text as a workbook, whole or not at all: a sheet a table where the first column names the tables.

    Raises:
        InputError: the package openpyxl is missing, or the path cannot be written.
    """
    rows = pd.read_csv(io.StringIO(text))
    if "table" in rows:
        _write({str(name): part.drop(columns="table") for name, part in rows.groupby("table", sort=False)}, path)
    else:
        _write({"costsim": rows}, path)


def _write(sheets: Mapping[str, pd.DataFrame], path: str | Path) -> None:
    buffer = io.BytesIO()
    try:
        with pd.ExcelWriter(buffer, engine="openpyxl") as workbook:
            for name, rows in sheets.items():
                rows.to_excel(workbook, sheet_name=name, index=False)
    except ImportError:
        raise InputError("writing workbooks needs the package openpyxl", mend="pip install 'costsim[excel]'") from None
    write_bytes(path, buffer.getvalue())
