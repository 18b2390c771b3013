"""``torch.nn.Module``, through ``torch.export``; also its ``ExportedProgram``, ``.pt2`` files and ``ONNXProgram``.

The module is traced with fake tensors and left as it was found. Submodule names become blocks.
Every shape is checked against the one torch inferred. Needs the package torch (extra ``[torch]``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.graph.resize import InputSize
from costsim.importers.importer import Importer
from costsim.importers.writer import GraphWriter

if TYPE_CHECKING:
    from torch.export import ExportedProgram
    from torch.nn import Module


def load_torch(
    source: Module | ExportedProgram | Path,
    input_size: InputSize = None,
    batch: int | None = None,
    limits: Mapping[str, int] | None = None,
) -> LayerGraph:
    """The network in a module.

    Args:
        source: a module, an exported program, what ``torch.onnx.export`` returns, or the path of a ``.pt2`` file.
        input_size: dimensions of the module's input without the batch, a list of them where it has several inputs;
            a program knows its own.
        batch: images at a time; 1 if left out.
        limits: ``boxes``, the values an op is taken to make where the data decide their number.

    Raises:
        InputError: torch is missing, or cannot trace the module; the size is missing or does not pass, or is not
            the one a program was exported with.
    """
    try:
        from costsim.importers.torch.program import program_of, traced
    except ImportError:
        raise InputError("reading torch modules needs the package torch", mend="pip install 'costsim[torch]'") from None
    from torch.nn import Module

    boxes = (limits or {}).get("boxes")
    if isinstance(source, Module):
        return read_program(traced(source, input_size, batch, boxes), type(source).__name__, boxes)[0]
    graph = read_program(*program_of(source), boxes, input_size)[0]
    return graph if batch in (None, graph.input_shape[0]) else graph.with_batch(batch)


def read_program(
    program: ExportedProgram, name: str, boxes: int | None = None, input_size: InputSize = None
) -> tuple[LayerGraph, ExportedProgram]:
    """The network of a program, and the program as it was read: what no layer stands for is taken apart in it.

    Raises:
        InputError: the program was exported for another size than the one asked for.
    """
    from costsim.importers.patterns import simplify
    from costsim.importers.torch.program import ASSUMED, decomposed
    from costsim.importers.torch.reader import Reader, identity
    from costsim.importers.torch.sizes import Sizes, ask

    notes = program.graph_module.meta.get(ASSUMED, ())
    program = decomposed(program)
    sizes = Sizes()
    if input_size is not None:
        ask(program, input_size, sizes, where=name)
    reader = Reader(program, GraphWriter(name, source="torch", where=name), sizes, boxes)
    reader.run()
    for note in notes:
        reader.writer.note(note)
    names = program.graph_signature.inputs_to_parameters.values()
    tensors = program.state_dict
    held = {identity(name, tensors): (name, tensors[name].numel()) for name in names if name in tensors}
    reader.writer.note_difference(held, "the module")
    return reader.writer.finish(simplify), program


def _accepts(source: object) -> bool:
    bases = {f"{base.__module__}.{base.__qualname__}" for base in type(source).__mro__}
    return bool(
        bases
        & {
            "torch.nn.modules.module.Module",
            "torch.export.exported_program.ExportedProgram",
            "torch.onnx.ONNXProgram",
        }
    )


IMPORTER = Importer("torch", load=load_torch, suffixes=(".pt2",), takes_limits=True, accepts=_accepts)
