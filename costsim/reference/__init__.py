"""The PyTorch companion: runs any layer graph, judges it against torch, and times it.

The only room that imports torch, which comes with ``pip install 'costsim[torch]'``.
"""

from costsim.errors import InputError

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise InputError("torch is not installed", mend="pip install 'costsim[torch]'") from None

from costsim.reference.judge import Judgement, NodeCheck, judge
from costsim.reference.measure import Measurement, measure
from costsim.reference.module import Companion, build, random_inputs, run
from costsim.reference.numerics import dense_twin, fold_batch_norms, largest_difference
from costsim.reference.outputs import OutputCheck, Outputs, hold_outputs
from costsim.timing import Timing

__all__ = [
    "Companion",
    "Judgement",
    "Measurement",
    "NodeCheck",
    "OutputCheck",
    "Outputs",
    "Timing",
    "build",
    "dense_twin",
    "fold_batch_norms",
    "hold_outputs",
    "judge",
    "largest_difference",
    "measure",
    "random_inputs",
    "run",
]
