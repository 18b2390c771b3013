"""Runtimes that execute layer graphs on this machine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np

from costsim.errors import InputError, unknown_name
from costsim.exporters.onnx_runtime import onnx_runtime
from costsim.graph import LayerGraph

Pass = Callable[[], object]
"""One inference of a network that is ready to run."""


class HostRuntime(ABC):
    """What the measurements ask of a runtime."""

    name: ClassVar[str]

    @property
    @abstractmethod
    def version(self) -> str:
        """Of the installed package."""

    @abstractmethod
    def prepare(self, graph: LayerGraph, threads: int, path: Path | None = None) -> Pass:
        """The network loaded and its inputs made; ``path`` is the ONNX file it came from, if it did.

        Raises:
            InputError: the runtime cannot execute it.
        """


class OnnxRuntime(HostRuntime):
    """ONNX Runtime's CPU provider as it comes: all graph optimisations on."""

    name = "onnxruntime"

    def __init__(self) -> None:
        try:
            self._library = onnx_runtime()
        except ModuleNotFoundError:
            raise InputError("onnxruntime is not installed", mend="pip install onnxruntime 'costsim[onnx]'") from None

    @property
    def version(self) -> str:
        return self._library.__version__

    def prepare(self, graph: LayerGraph, threads: int, path: Path | None = None) -> Pass:
        from costsim.exporters.onnx import onnx_model

        options = self._library.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        model = str(path) if path else onnx_model(graph).SerializeToString()
        random = np.random.default_rng(0)
        try:
            session = self._library.InferenceSession(model, options, providers=["CPUExecutionProvider"])
            names, shapes = [i.name for i in session.get_inputs()], [node.shape for node in graph.inputs]
            inputs = {n: random.standard_normal(s, dtype=np.float32) for n, s in zip(names, shapes, strict=True)}
            session.run(None, inputs)
        except Exception as error:  # the library's exceptions share no base class
            reason = str(error).splitlines()[0]
            raise InputError(f"onnxruntime refuses it: {reason}", where=graph.name) from None
        return lambda: session.run(None, inputs)


class Torch(HostRuntime):
    """PyTorch, layer by layer, as the companion executes a graph."""

    name = "torch"

    def __init__(self) -> None:
        from costsim import reference  # says so where torch is missing

        self._companion = reference

    @property
    def version(self) -> str:
        import torch

        return torch.__version__

    def prepare(self, graph: LayerGraph, threads: int, path: Path | None = None) -> Pass:
        import torch

        torch.set_num_threads(threads)
        module, inputs = self._companion.build(graph), self._companion.random_inputs(graph)

        def run() -> object:
            with torch.inference_mode():
                return module(*inputs)

        return run


RUNTIMES: dict[str, type[HostRuntime]] = {kind.name: kind for kind in (OnnxRuntime, Torch)}


def runtime_named(name: str) -> HostRuntime:
    """The runtime of that name.

    Raises:
        InputError: no such runtime, or its package is not installed.
    """
    if name not in RUNTIMES:
        raise unknown_name("runtime", name, RUNTIMES, where="--runtime")
    return RUNTIMES[name]()
