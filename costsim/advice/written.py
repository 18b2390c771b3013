"""Changed networks as files."""

from __future__ import annotations

from pathlib import Path

from costsim.errors import InputError
from costsim.files import write_bytes
from costsim.graph import LayerGraph
from costsim.importers.json import save_network


def check_format(path: str | Path) -> None:
    """Refuse to write where a path ends in no format there is.

    Raises:
        InputError: neither ``.onnx`` nor ``.json``.
    """
    suffix = Path(path).suffix
    if suffix not in (".onnx", ".json"):
        raise InputError(f"'{suffix}' is no format to write", where=f"-o {path}", mend="write .onnx or .json")


def write_network(graph: LayerGraph, path: str | Path) -> None:
    """Write a network: ONNX with random weights where the path ends so, else costsim JSON.

    Raises:
        InputError: another ending, a layer the format has no word for, or a path that cannot be written.
    """
    check_format(path)
    if Path(path).suffix == ".json":
        save_network(graph, path)
    else:
        from costsim.exporters.onnx import onnx_model

        write_bytes(path, onnx_model(graph).SerializeToString())
