"""What a card was made on, gathered from the predictions of its measured networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np

from costsim.devices import RunConfig
from costsim.hardware import Profile
from costsim.hardware.blocks import DType
from costsim.hardware.calibration import MadeOn, Range
from costsim.hardware.fingerprint import fingerprint
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable
from costsim.trust.held import OTHER, channels, host_wait, kernels, row_kinds, row_words, time_shares


class Case(NamedTuple):
    """One measured network as it was predicted."""

    run: RunConfig
    ops: OpTable
    """Planned, of one network at one point."""
    costs: CostTable
    words: frozenset[str] | None = None
    """The only ops whose time was measured; None: all."""


def evidence(profile: Profile, cases: Sequence[Case]) -> MadeOn:
    """The ``made_on`` of a card: the profile's fingerprint and what its measured networks held."""
    products: dict[str, tuple[set[int], float, float]] = {}
    others: set[str] = set()
    classes: dict[str, float] = {}
    for case in cases:
        ops = case.ops
        size, (fewest, most) = kernels(ops), channels(ops)
        shares = time_shares(ops, case.costs)
        for row, (word, kind) in enumerate(zip(row_words(ops), row_kinds(ops), strict=True)):
            if not ops.labels[row].known or (case.words is not None and ops.labels[row].op not in case.words):
                continue
            name = ops.labels[row].op_class
            classes[name] = classes.get(name, 0.0) + float(shares[row]) / len(cases)
            if kind == OTHER:
                others.add(word)
                continue
            seen, low, high = products.get(word, (set(), np.inf, 0.0))
            products[word] = seen | {int(size[row])}, min(low, fewest[row]), max(high, most[row])
    images = [image_of(case.ops) for case in cases]
    dtypes: set[DType] = {cast("DType", case.run.dtype) for case in cases}
    return MadeOn(
        fingerprint=fingerprint(profile),
        measurements=len(cases),
        threads=tuple(sorted({int(case.run.threads) for case in cases})),
        dtypes=tuple(sorted(dtypes)),
        batches=tuple(sorted({batch for batch, _ in images})),
        pixels=(min(pixels for _, pixels in images), max(pixels for _, pixels in images)) if images else None,
        op_classes={name: round(share, 3) for name, share in sorted(classes.items(), key=lambda c: -c[1])},
        products={
            word: Range(kernels=tuple(sorted(seen)), channels=(int(low), int(high)))
            for word, (seen, low, high) in sorted(products.items())
        },
        others=tuple(sorted(others)),
        host_wait=max((round(host_wait(profile, case.costs), 3) for case in cases), default=0.0),
    )


def images_of(ops: OpTable) -> tuple[np.ndarray, np.ndarray]:
    """Images a batch and pixels an image, ``(points,)``, as the first row that reads the input has them."""
    first = int(np.argmax(ops.reads_input))
    return ops.n[first], (ops.h_in * ops.w_in)[first]


def image_of(ops: OpTable) -> tuple[int, int]:
    """The same of a table of one point."""
    batch, pixels = images_of(ops)
    return int(batch.max()), int(pixels.max())


def joined(own: MadeOn, base: MadeOn) -> MadeOn:
    """What a profile fitted to few networks was made on, whose ``base`` had its constants from many.

    The constants of the core come from the networks of the base, and so do the ops they speak for and the sizes of
    images; threads, data types and batches are those that were measured on the device itself.
    """
    both = [held.pixels for held in (own, base) if held.pixels]
    products = dict(base.products)
    for word, mine in own.products.items():
        kept = products.get(word, mine)
        low, high = (pick(mine.channels[end], kept.channels[end]) for end, pick in ((0, min), (1, max)))
        products[word] = Range(kernels=tuple(sorted({*mine.kernels, *kept.kernels})), channels=(low, high))
    return own.model_copy(
        update={
            "pixels": (min(low for low, _ in both), max(high for _, high in both)) if both else None,
            "products": dict(sorted(products.items())),
            "others": tuple(sorted({*own.others, *base.others})),
            "host_wait": max(own.host_wait, base.host_wait),
        }
    )
