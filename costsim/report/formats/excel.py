"""Workbooks: an analysis with a sheet a table, and the tables of any verb that prints CSV."""

from __future__ import annotations

import io
import re
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


SHEET_NAME = re.compile(r"[^\\/*?:\[\]']{1,31}")
"""What Excel takes as the name of a sheet."""


def to_excel(analysis: Analysis, path: str | Path) -> str:
    """Write the workbook, whole or not at all.

    Raises:
        InputError: the package openpyxl is missing, or the path does not end in .xlsx or cannot be written.
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
    """A CSV text as a workbook, whole or not at all: a sheet a table where ``table`` is a column of names for sheets.

    Raises:
        InputError: the package openpyxl is missing, or the path does not end in .xlsx or cannot be written.
    """
    rows = pd.read_csv(io.StringIO(text))
    sheets = {"costsim": rows}
    if "table" in rows and all(SHEET_NAME.fullmatch(str(name)) for name in rows["table"]):
        sheets = {str(name): part.drop(columns="table") for name, part in rows.groupby("table", sort=False)}
    _write(sheets, path)


def _write(sheets: Mapping[str, pd.DataFrame], path: str | Path) -> None:
    if Path(path).suffix.lower() != ".xlsx":
        raise InputError(f"'{Path(path).suffix}' is no workbook", where=str(path), mend="end its name in .xlsx")
    buffer = io.BytesIO()
    try:
        with pd.ExcelWriter(buffer, engine="openpyxl") as workbook:
            for name, rows in sheets.items():
                rows.to_excel(workbook, sheet_name=name, index=False)
    except ImportError:
        raise InputError("writing workbooks needs the package openpyxl", mend="pip install 'costsim[excel]'") from None
    write_bytes(path, buffer.getvalue())
