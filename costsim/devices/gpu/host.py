"""A host that issues ops one after another, ahead of the device that executes them."""

from __future__ import annotations

import numpy as np

from costsim.tables.networks import Networks
from costsim.tables.schema import Array


def dispatch_wait_s(kernel_s: Array, dispatch_s: Array, part: np.ndarray, kind_of: np.ndarray) -> Array:
    """Seconds each kind of op adds because the device waits for the host; their sum makes the network's time.

    Host and device overlap over a whole network, so::

        network = max(sum(dispatch), sum(kernel)) = sum(kernel) + wait
        wait = max(0, sum(dispatch) - sum(kernel))

    ``wait`` is spread over the ops that are shorter than their own dispatch, in proportion to the
    difference. It is never negative and never above ``dispatch_s - kernel_s`` of its op.

    Args:
        kernel_s: device seconds per kind of op, ``(kinds, points)``.
        dispatch_s: host seconds per kind of op, ``(kinds, points)``.
        part: number of the network each op belongs to, ``(ops,)``, in ascending order from 0.
        kind_of: the kind of each op, ``(ops,)``; a kind lies within one network.

    Source: asynchronous launches, CUDA C Programming Guide; PyTorch issue 82793 for the size of it.
    Ignores: waits for the host at the start that a long kernel later cannot make up (the
    network's first microseconds), synchronising ops.
    """
    networks = Networks(np.searchsorted(part, np.arange(part[-1] + 1)), len(part))
    ahead = np.broadcast_to(dispatch_s - kernel_s, np.broadcast_shapes(dispatch_s.shape, kernel_s.shape))
    nobody_waits = np.zeros((len(ahead), 1))
    if (ahead <= 0).all():
        return nobody_waits
    wait = np.maximum(0, networks.total(ahead[kind_of]))
    if not wait.any():
        return nobody_waits
    behind = np.maximum(0, ahead)
    share = wait / np.maximum(networks.total(behind[kind_of]), np.finfo(float).tiny)
    part_of_kind = np.empty(len(ahead), dtype=int)
    part_of_kind[kind_of] = part
    return behind * share[part_of_kind]
