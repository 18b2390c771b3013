"""A comparison as a page that opens offline."""

from __future__ import annotations

from itertools import groupby

from costsim.compare import Comparison
from costsim.compare.measures import by_measure
from costsim.guidelines.pricing import takes_minutes
from costsim.report.page.compared_charts import compared_charts, compared_data, op_classes
from costsim.report.page.compared_matrix import compared_matrix, multiples
from costsim.report.page.html import environment
from costsim.report.palette import class_colours
from costsim.report.verbs.by_measure import rows_by_measure
from costsim.report.verbs.compared import FEW_PAIRS
from costsim.report.words import verdict
from costsim.version import VERSION

SCRIPTS = ("charts.js", "sorting.js", "state.js", "matrix.js")


def page(comparison: Comparison, command: str = "") -> str:
    """Latencies, shares and differences. ``command`` is the command line that made it."""
    data = compared_data(comparison)
    classes = class_colours(op_classes(comparison))
    specs = compared_charts(data, classes)
    slow = any(takes_minutes(analysis.simulation) for analysis in comparison.analyses.values())
    titles = {hw: analysis.simulation.profile.title for (_, hw), analysis in comparison.analyses.items()}
    is_matrix = len(comparison.differences) > FEW_PAIRS
    numbered = sorted(enumerate(comparison.differences), key=lambda entry: comparison.networks.index(entry[1].second))
    return environment().get_template("compare.html").render(
        comparison=comparison,
        titles=titles,
        matrix=compared_matrix(comparison) if is_matrix else None,
        differences=[list(pair) for _, pair in groupby(numbered, key=lambda entry: entry[1].second)],
        classes=classes,
        verdicts={key: verdict(analysis) for key, analysis in comparison.analyses.items()},
        by_measure=() if slow else by_measure(comparison),
        rows_by_measure=rows_by_measure,
        payload={"specs": specs, "data": data, "multiples": multiples(comparison) if is_matrix else {}},
        scripts=SCRIPTS,
        command=command,
        version=VERSION,
    )  # fmt: skip
