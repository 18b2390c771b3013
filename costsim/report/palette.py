"""One colour per op class in every picture, so that two reports can be laid side by side.

Okabe and Ito's eight colours (2008), which colour-blind readers tell apart, go to the classes that
cost most; Tol's muted set fills up. No chart tells classes apart by colour alone: bars are
labelled, points have a shape per kind of op.
"""

from __future__ import annotations

from collections.abc import Iterable

CLASS_COLOURS = {
    "pointwise conv": "#0072B2",
    "spatial conv": "#56B4E9",
    "depthwise conv": "#E69F00",
    "grouped conv": "#009E73",
    "transposed conv": "#44AA99",
    "fully connected": "#CC79A7",
    "matrix product": "#882255",
    "element-wise": "#D55E00",
    "normalisation": "#999933",
    "activation": "#C9B458",
    "pooling": "#AA4499",
    "shuffle": "#A0522D",
    "data movement": "#888888",
    "copy": "#117733",
    "unknown": "#B0B0B0",
}

OTHER = "#6A6FB0"
"""For classes a plug-in brings."""

LIMIT_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999933", "#882255")


def class_colours(classes: Iterable[str]) -> dict[str, str]:
    return {name: CLASS_COLOURS.get(name, OTHER) for name in classes}


def limit_colours(limits: Iterable[str]) -> dict[str, str]:
    """Colours of the limits in the order the device model lists them."""
    return {name: LIMIT_COLOURS[i % len(LIMIT_COLOURS)] for i, name in enumerate(limits)}
