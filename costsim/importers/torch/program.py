"""Exported programs of modules, files and exporters, and what is taken apart in them before they are read."""

from __future__ import annotations

import inspect
import io
import logging
import operator
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from functools import partial, wraps
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram, default_decompositions
from torch.nn import Module

from costsim.errors import InputError
from costsim.files import check_regular
from costsim.importers.torch.assumed import assuming, watching
from costsim.importers.torch.nodes import op_name
from costsim.importers.torch.ops import OPS
from costsim.importers.torch.recurrence import as_one_op

LONGEST = 160
"""Letters of torch's own words in a message."""

ASSUMED = "costsim.assumed"
"""Where a program says what was assumed while it was traced: in the notes on its graph."""

LOST = "fake tensor in the exported program"
"""What torch says of a tensor that a function with a backward pass of its own, or a mapped one, has made unseen."""

OWN_CLASS = "in output, which is not a known type"
"""What torch says of a result whose class is none of Python's own: a data class, a dict of another name."""

HOLDS = "the data decide which way its code goes: every condition on them is taken to hold"
READ = "its code reads numbers that only the data tell: each is taken to be"
FULL_LENGTH = "packed sequences are taken to be as long as the padded ones they are made of"

NO_SCRIPT = "give the nn.Module itself"

_OP = re.compile(r"\w+\.\w+\.\w+")
"""What torch says where an op has no rule: its name."""

VIEWS = {
    "slice", "select", "narrow", "view", "permute", "transpose", "t", "unsqueeze", "squeeze", "split", "chunk",
    "unbind", "getitem", "expand", "reshape", "flatten", "unflatten", "diagonal", "as_strided", "alias", "detach",
}  # fmt: skip
"""Ops whose result is a window on their operand: a write into it is a write into the whole."""

INT64, BOOL = torch.int64, torch.bool


def program_of(source: Any) -> tuple[ExportedProgram, str]:
    """The program in a file, or in what an exporter returns, and its name.

    Raises:
        InputError: the file holds none.
    """
    if not isinstance(source, Path):
        inner = getattr(source, "exported_program", None)
        return (source if inner is None else inner), "exported program"
    check_regular(source)
    try:
        with silent():
            program = torch.export.load(source)
    except Exception as error:  # torch raises what its unzipping and unpickling meet
        problem = _one_line(error)
        raise InputError(f"not a saved program: {problem}", where=str(source), mend="torch.export.save it") from None
    return program, source.stem


def traced(module: Module, input_size: Any, batch: int | None, boxes: int | None = None) -> ExportedProgram:
    """The program of a module in evaluation mode, with what was assumed for it; the module is left as it was found.

    Where the data decide how many values an op makes, there are as many as ``boxes`` says, or a few that are cut off
    when the program is read.

    Inputs have the module's own floating-point type and device; where it takes none of these, they are words
    (whole numbers) or masks.

    Raises:
        InputError: the size is missing, or torch cannot trace the module at it.
    """
    name = type(module).__name__
    if input_size is None:
        raise InputError(
            "a module does not know its input",
            where=name,
            mend="give input_size=(3, 224, 224), on the command line --input-size 3x224x224",
        )
    if isinstance(module, torch.jit.ScriptModule):
        raise InputError("a script module holds no code that torch.export can trace", where=name, mend=NO_SCRIPT)
    tensors = [*module.parameters(), *module.buffers()]
    like = next((tensor for tensor in tensors if tensor.is_floating_point()), torch.zeros(1))
    named = isinstance(input_size, Mapping)
    given = list(input_size.values()) if isinstance(input_size, Mapping) else _sizes(input_size)
    problem = ""
    types = list(product((like.dtype, INT64, BOOL), repeat=len(given) if len(given) < 4 else 1))
    attempts: list[tuple[Any, Callable[[], Any], bool]] = [(kinds, watching, False) for kinds in types if boxes is None]
    attempts += [(types[0], watching, True), (types[0], partial(assuming, boxes), False)]
    with _evaluating(module), silent(), torch.no_grad(), as_one_op() as packing:
        for kinds, assumptions, strict in attempts:
            if _decided_by_data(problem) and assumptions is watching:
                continue  # other types of inputs change nothing
            if strict and LOST not in problem:
                continue  # reading the code itself is slower, and no help else
            every = kinds * (len(given) // len(kinds))
            try:
                inputs = [
                    torch.zeros(batch or 1, *size, dtype=kind, device=like.device)
                    for size, kind in zip(given, every, strict=True)
                ]
                arguments, keywords = _arguments(module, inputs, list(input_size) if named else None)
                with assumptions() as assumed:
                    program = _exported(module, arguments, keywords, strict)
                program.graph_module.meta[ASSUMED] = [
                    *([FULL_LENGTH] if packing.was_used else []),
                    *([HOLDS] if getattr(assumed, "decided", False) else []),
                    *([f"{READ} {assumed.count}"] if getattr(assumed, "read", False) else []),
                ]
                return program
            except Exception as error:  # whatever the module's own code raises for these sizes
                problem = problem or _one_line(error)
    if _decided_by_data(problem):
        raise InputError(
            "cannot be traced: what it does depends on the data, not on sizes alone",
            where=name,
            mend="give the part before that (model.backbone, or a wrapper that returns the head's outputs)",
        )
    if LOST in problem:
        problem = "its code makes a tensor where torch does not see it"
    if _OP.fullmatch(problem):
        raise InputError(
            f"{problem} does not say what shape it makes",
            where=name,
            mend="give it a rule with torch.library.register_fake, or give the part without it",
        )
    if "FakeTensor" in problem:
        problem = "its code asks a tensor for a number that only running it gives"
    if "LazyModule" in problem:
        raise InputError("its lazy layers have no sizes yet", where=name, mend="run it once on an image first")
    if any(isinstance(part, torch.jit.ScriptModule) for part in module.modules()):
        raise InputError("a part of it is a script module, which cannot be traced", where=name, mend=NO_SCRIPT)
    if "quantized" in problem:
        raise InputError(
            "its layers hold packed int8 weights, which torch.export does not trace",
            where=name,
            mend="give the module before it was quantised, or its ONNX file",
        )
    several = "; several inputs: a list of sizes, or torch.export it" if len(given) == 1 else "; or torch.export it"
    raise InputError(
        f"cannot be traced: {problem}", where=name, mend=f"check the input size (without the batch){several}"
    )


def _exported(module: Module, arguments: tuple[Any, ...], keywords: dict[str, Any], strict: bool) -> ExportedProgram:
    """The module's program; results of classes that torch does not know are taken apart into their tensors."""
    try:
        return torch.export.export(module, arguments, keywords, strict=strict)
    except Exception as error:
        if OWN_CLASS not in str(error):
            raise
    before = vars(module).get("forward")
    run = module.forward

    @wraps(run)
    def forward(*inputs: Any, **named: Any) -> list[Tensor]:
        return list(_tensors_in(run(*inputs, **named), set()))

    setattr(module, "forward", forward)  # noqa: B010  the class keeps its own
    try:
        return torch.export.export(module, arguments, keywords, strict=strict)
    finally:
        delattr(module, "forward")
        if before is not None:
            setattr(module, "forward", before)  # noqa: B010


def _tensors_in(result: Any, seen: set[int]) -> Iterator[Tensor]:
    """The tensors that a result of any class holds."""
    if isinstance(result, Tensor):
        yield result
    elif id(result) not in seen:
        seen.add(id(result))
        held = result.values() if isinstance(result, Mapping) else getattr(result, "__dict__", {}).values()
        for part in result if isinstance(result, (list, tuple)) else held:
            yield from _tensors_in(part, seen)


def _arguments(module: Module, inputs: list[Any], names: list[str] | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """How a module is called: with its inputs one by one or by name, or in one list or dict where it takes only that.

    Whether it does, the parameters of its ``forward`` say.
    """
    try:
        taken = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):  # code without a signature
        taken = {}.values()
    several = any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in taken)
    if names is None:
        in_one = len(inputs) > 1 and len(taken) == 1 and not several
        return ((list(inputs),) if in_one else tuple(inputs)), {}
    by_name = dict(zip(names, inputs, strict=True))
    in_one = bool(taken) and not several and not {p.name for p in taken} & set(names)
    return ((by_name,), {}) if in_one else ((), by_name)


def _sizes(input_size: Any) -> list[Sequence[int]]:
    """One size for every input; a size is a sequence of whole numbers."""
    return list(input_size) if input_size and isinstance(input_size[0], (tuple, list)) else [input_size]


def _decided_by_data(problem: str) -> bool:
    return "data-dependent" in problem


def _one_line(error: Exception) -> str:
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    if "data-dependent" in text:
        return "data-dependent"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


@contextmanager
def _evaluating(module: Module) -> Iterator[None]:
    """The module in evaluation mode; afterwards every submodule is in the mode it was."""
    modes = {child: child.training for child in module.modules()}
    with suppress(NotImplementedError):  # a program as a module has the mode it was exported in
        module.eval()
    try:
        yield
    finally:
        for child, training in modes.items():
            child.training = training


@contextmanager
def silent() -> Iterator[None]:
    """Without torch's warnings, prints and log of its own insides: what matters is said as an error."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def decomposed(program: ExportedProgram) -> ExportedProgram:
    """Ops without a handler taken apart by torch, as far as it can; writes into views as new tensors."""
    calls = {
        node.target
        for node in program.graph.nodes
        if node.op == "call_function" and node.target is not operator.getitem
    }
    strange = [target for target in calls if op_name(target) not in OPS]
    table = default_decompositions() if strange else {}
    chosen = {target: table[target] for target in strange if target in table}
    implicit = [target for target in strange if getattr(target, "_can_decompose", bool)()]
    taken_apart = any(_writes_into_a_view(node) or _maps_over_a_batch(node) for node in program.graph.nodes)
    if not chosen and not implicit and not taken_apart:
        return program
    with silent():
        try:
            return program.run_decompositions(chosen)
        except Exception:  # torch refuses programs that it has written itself: what is strange stays so, and is named
            return program


def _writes_into_a_view(node: Any) -> bool:
    schema = getattr(node.target, "_schema", None)
    if schema is None or not schema.is_mutable or not node.args or not hasattr(node.args[0], "target"):
        return False
    return op_name(node.target) == "copy" or op_name(node.args[0].target) in VIEWS


def _maps_over_a_batch(node: Any) -> bool:
    """Whether a node is one of those that open and close ``torch.vmap``: taken apart, its ops run on whole tensors."""
    return getattr(node.target, "__module__", "") == "torch._functorch.predispatch"
