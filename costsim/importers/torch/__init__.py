"""``torch.nn.Module``, through ``torch.export``; also its ``ExportedProgram`` and ``.pt2`` files.

The module is traced with fake tensors and left as it was found. Submodule names become blocks.
Every shape is checked against the one torch inferred. Needs the package torch (extra ``[torch]``).
"""

from __future__ import annotations

import logging
import operator
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.importers.importer import Importer
from costsim.importers.writer import GraphWriter

if TYPE_CHECKING:
    from torch.export import ExportedProgram
    from torch.nn import Module


def load_torch(
    source: Module | ExportedProgram | Path, input_size: tuple[int, ...] | None = None, batch: int | None = None
) -> LayerGraph:
    """The network in a module.

    Args:
        source: a module, an exported program, or the path of one saved as ``.pt2``.
        input_size: (channels, height, width) of the module's only input; a program knows its own.
        batch: images at a time; 1 if left out.

    Raises:
        InputError: torch is missing, or cannot trace the module; the size is missing or does not pass.
    """
    from costsim.importers.patterns import simplify
    from costsim.importers.torch.reader import Reader

    program, name = _program(source, input_size, batch)
    program = _decomposed(program)
    reader = Reader(program, GraphWriter(name, source="torch", where=name))
    reader.run()
    graph = reader.writer.finish(simplify)
    held = sum(parameter.numel() for parameter in program.parameters())
    if graph.total_params != held:  # weights made from other weights: standardised, or looked up in a table
        note = f"the module holds {held:,} parameters; some reach a layer only as part of another tensor"
        graph.notes = (*graph.notes, note)
    return graph


def _program(source: Any, input_size: tuple[int, ...] | None, batch: int | None) -> tuple[ExportedProgram, str]:
    try:
        import torch
    except ImportError:
        raise InputError("reading torch modules needs the package torch", mend="pip install 'costsim[torch]'") from None
    if isinstance(source, Path):
        try:
            with _silent():
                program = torch.export.load(source)
        except Exception as error:  # torch raises what its unzipping and unpickling meet
            problem = str(error).splitlines()[0]
            raise InputError(
                f"not a saved program: {problem}", where=str(source), mend="torch.export.save it"
            ) from None
        return program, source.stem
    if not isinstance(source, torch.nn.Module):
        return source, "exported program"
    name = type(source).__name__
    if input_size is None:
        raise InputError("a module does not know its input", where=name, mend="give input_size=(3, 224, 224)")
    with _evaluating(source), _silent(), torch.no_grad():
        try:
            program = torch.export.export(source, (torch.zeros(batch or 1, *input_size),), strict=False)
        except Exception as error:  # whatever the module's own code raises for these sizes
            problem = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise InputError(
                f"cannot be traced: {problem.strip()}", where=name, mend="check the input size and data-dependent code"
            ) from error
    return program, name


@contextmanager
def _evaluating(module: Module) -> Iterator[None]:
    """The module in evaluation mode; afterwards every submodule is in the mode it was."""
    modes = {child: child.training for child in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for child, training in modes.items():
            child.training = training


@contextmanager
def _silent() -> Iterator[None]:
    """Without torch's warnings and log of its own insides: what matters is said as an error."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def _decomposed(program: ExportedProgram) -> ExportedProgram:
    """Ops without a handler taken apart by torch, as far as it can; the others as they are."""
    from torch.export import default_decompositions

    from costsim.importers.torch.ops import OPS
    from costsim.importers.torch.reader import op_name

    calls = {
        node.target
        for node in program.graph.nodes
        if node.op == "call_function" and node.target is not operator.getitem
    }
    strange = [target for target in calls if op_name(target) not in OPS]
    table = default_decompositions()
    chosen = {target: table[target] for target in strange if target in table}
    implicit = [target for target in strange if getattr(target, "_can_decompose", bool)()]
    if not chosen and not implicit:
        return program
    with _silent():
        return program.run_decompositions(chosen)


def _accepts(source: object) -> bool:
    bases = {f"{base.__module__}.{base.__qualname__}" for base in type(source).__mro__}
    return bool(bases & {"torch.nn.modules.module.Module", "torch.export.exported_program.ExportedProgram"})


IMPORTER = Importer("torch", load=load_torch, suffixes=(".pt2",), accepts=_accepts)
