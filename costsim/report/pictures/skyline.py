"""A network as a skyline: every op as wide as its time and as high as its output map, in the colour of its class."""

from __future__ import annotations

from math import log2, prod

from costsim.analysis import Analysis
from costsim.report.palette import class_colours

WIDTH, HEIGHT = 640, 96
LEAST_LOG2, MOST_LOG2 = 4, 22
"""Elements of the output map at the foot and at the top of the picture, as powers of two."""


def skyline(analysis: Analysis) -> str:
    """The picture as SVG, with a line of text for who cannot see it."""
    colours = class_colours(record["op_class"] for record in analysis.class_records)
    shares = ", ".join(f"{r['op_class']} {r['share_ratio']:.0%}" for r in analysis.class_records[:4])
    label = f"{analysis.network} on {analysis.hardware}: {shares}"
    boxes, x = [], 0.0
    for record in analysis.layer_records:
        width, height = WIDTH * record["share_ratio"], _height(prod(record["output_shape"]))
        boxes.append(
            f'<rect x="{x:.1f}" y="{HEIGHT - height:.0f}" width="{width:.1f}" height="{height:.0f}" '
            f'fill="{colours[record["op_class"]]}"/>'
        )
        x += width
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" role="img" aria-label="{label}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(boxes)}</svg>'
    )


def _height(elems: int) -> float:
    return HEIGHT * min(1.0, max(0.05, (log2(max(elems, 1)) - LEAST_LOG2) / (MOST_LOG2 - LEAST_LOG2)))
