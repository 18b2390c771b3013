"""A host that issues ops one after another, ahead of the device that executes them."""

from __future__ import annotations

import numpy as np

from costsim.tables.schema import Array


def dispatch_wait_s(kernel_s: Array, dispatch_s: Array, part: np.ndarray, count: Array | float = 1.0) -> Array:
    """Seconds each op adds because the device waits for the host; their sum makes the network's time.

    Host and device overlap over a whole network, so::

        network = max(sum(dispatch), sum(kernel)) = sum(kernel) + wait
        wait = max(0, sum(dispatch) - sum(kernel))

    ``wait`` is spread over the ops that are shorter than their own dispatch, in proportion to the
    difference. It is never negative and never above ``dispatch_s - kernel_s`` of its op.

    Args:
        kernel_s: device seconds per op, ``(ops, points)``.
        dispatch_s: host seconds per op, ``(ops, points)``.
        part: number of the network each op belongs to, ``(ops,)``, in ascending order from 0.
        count: how often each op occurs, ``(ops, 1)`` or 1; sums weigh by it.

    Source: asynchronous launches, CUDA C Programming Guide; PyTorch issue 82793 for the size of it.
    Ignores: waits for the host at the start that a long kernel later cannot make up (the
    network's first microseconds), synchronising ops.
    """
    starts = np.searchsorted(part, np.arange(part[-1] + 1))
    ahead = np.broadcast_to(dispatch_s - kernel_s, np.broadcast_shapes(dispatch_s.shape, kernel_s.shape))
    behind = np.maximum(0, ahead)
    wait = np.maximum(0, np.add.reduceat(count * ahead, starts, axis=0))
    share = wait / np.maximum(np.add.reduceat(count * behind, starts, axis=0), np.finfo(float).tiny)
    return behind * share[part]
