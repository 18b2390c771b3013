"""ONNX files, executed by ONNX Runtime without its optimisations, every tensor between the nodes handed out."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from costsim.errors import InputError
from costsim.exporters.onnx_runtime import onnx_runtime
from costsim.graph.quantised import QUANTISED
from costsim.graph.resize import InputSize
from costsim.importers.onnx import load_onnx
from costsim.originals.program import WORDS_BELOW

NUMPY = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_, 10: np.float16, 11: np.float64}
"""Element types of onnx.proto that inputs are drawn in."""


class OnnxFile:
    """A model with its weights."""

    def __init__(
        self,
        source: Any,
        input_size: InputSize = None,
        batch: int | None = None,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        self._source = source
        self.graph = load_onnx(source, input_size, batch, limits)
        if isinstance(source, Path):
            self.graph.file = str(source)
        there = find_spec("onnxruntime") is not None
        self.runs_in = f"onnxruntime {version('onnxruntime')}" if there else "onnxruntime"
        self.missing = "" if there else "onnxruntime is not installed"
        if QUANTISED in self.graph.notes:
            self.missing = "it is quantised: the graph has no scales"

    def _model(self) -> Any:
        import onnx
        import onnx.inliner

        model = onnx.load(str(self._source)) if isinstance(self._source, Path) else self._source
        inlined = onnx.inliner.inline_local_functions(model) if model.functions else model
        copied = onnx.ModelProto()
        copied.CopyFrom(inlined)
        return copied

    def inputs(self, seed: int) -> list[Tensor]:
        """Normally distributed numbers; words and masks of small whole numbers."""
        generator = np.random.default_rng(seed)
        types = {info.name: info.type.tensor_type.elem_type for info in self._model().graph.input}
        drawn = []
        for node in self.graph.inputs:
            kind = NUMPY.get(types.get(node.name, 1), np.float32)
            numbers: Any = generator.standard_normal(node.shape)
            if not np.issubdtype(kind, np.floating):
                numbers = generator.integers(WORDS_BELOW, size=node.shape)
            drawn.append(torch.from_numpy(np.asarray(numbers).astype(kind)))
        return drawn

    def values(self, inputs: list[Tensor]) -> dict[str, Tensor]:
        """Every tensor of the main graph by name, stored ones too."""
        from onnx import ValueInfoProto, numpy_helper

        onnxruntime = onnx_runtime()
        model = self._model()
        folder = str(self._source.parent) if isinstance(self._source, Path) else ""
        stored = {t.name: torch.from_numpy(numpy_helper.to_array(t, folder).copy()) for t in model.graph.initializer}
        made = dict.fromkeys(name for node in model.graph.node for name in node.output if name)
        del model.graph.output[:]
        model.graph.output.extend(ValueInfoProto(name=name) for name in made)
        for info, node in zip(self._read(model), self.graph.inputs, strict=True):
            for dim, length in zip(info.type.tensor_type.shape.dim, node.shape, strict=False):
                dim.dim_value = length
        del model.graph.value_info[:]  # shapes of another batch or size
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
            fed = dict(zip((node.name for node in self.graph.inputs), (x.numpy() for x in inputs), strict=True))
            results = session.run(list(made), fed)
        except Exception as error:  # onnxruntime has a class of its own for everything
            raise InputError(f"does not run: {str(error).splitlines()[0]}", where=self.graph.name) from None
        tensors = {
            name: torch.from_numpy(np.asarray(value))
            for name, value in zip(made, results, strict=True)
            if isinstance(value, (np.ndarray, np.generic)) and np.asarray(value).dtype.kind in "fiub"
        }
        return stored | tensors | dict(zip(fed, inputs, strict=True))

    def _read(self, model: Any) -> list[Any]:
        stored = {tensor.name for tensor in model.graph.initializer}
        return [info for info in model.graph.input if info.name not in stored]
