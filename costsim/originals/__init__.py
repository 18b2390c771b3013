"""What a module or a file computes by itself, tensor by tensor: what an imported graph is held against.

Needs torch, and for ONNX files onnxruntime.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from costsim.files import check_file
from costsim.graph import LayerGraph
from costsim.graph.resize import InputSize

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Original", "original_of"]


class Original(Protocol):
    """A network outside of costsim, and the graph that was read from it."""

    graph: LayerGraph
    runs_in: str
    """What executes it: ``torch 2.13.0``."""
    missing: str
    """Why it cannot be executed; empty if it can."""

    def inputs(self, seed: int) -> list[Tensor]:
        """Random values for what it reads, in the order of the graph's inputs."""

    def values(self, inputs: list[Tensor]) -> Mapping[str, Tensor]:
        """Every tensor it holds or makes, by its own name for it.

        Raises:
            InputError: it does not run.
        """


def original_of(
    source: Any, input_size: InputSize = None, batch: int | None = None, limits: Mapping[str, int] | None = None
) -> Original | None:
    """The original of a module, an exported program, an ONNX file or code that makes one of them; None of all else.

    Raises:
        InputError: as for reading it.
    """
    kinds = {f"{base.__module__}.{base.__qualname__}" for base in type(source).__mro__}
    if isinstance(source, str) and ":" in source and not Path(source).exists():
        from costsim.importers.python import call, named

        return original_of(call(source, named(source)), input_size, batch, limits)
    path = Path(source) if isinstance(source, (str, Path)) else None
    if path is not None and path.suffix.lower() not in (".onnx", ".pt2"):
        return None
    if path is not None:
        check_file(path)
    if "onnx.onnx_ml_pb2.ModelProto" in kinds or (path is not None and path.suffix.lower() == ".onnx"):
        from costsim.originals.onnx_file import OnnxFile

        return OnnxFile(path or source, input_size, batch, limits)
    programs = {"torch.nn.modules.module.Module", "torch.export.exported_program.ExportedProgram"}
    if path is not None or kinds & programs:
        from costsim.originals.program import Program

        return Program(path or source, input_size, batch, limits)
    return None
