"""What the browser is sent, from what a visitor asks for. Runs in a worker process and keeps nothing of any visitor
but the networks it read last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from costsim.errors import CostsimError, InputError, visible
from costsim.report import words
from costsim.report.page.html import HERE as PAGE
from costsim.report.page.html import environment as page_environment
from costsim.report.palette import class_colours, limit_colours
from costsim.serve.answers import (
    SLOWEST_LAYERS,
    Question,
    device_name,
    device_names,
    side_by_side,
    uploaded_network,
    zoo_names,
    zoo_network,
)
from costsim.serve.reading import SUFFIXES
from costsim.serve.sessions import UPLOAD, Upload
from costsim.version import VERSION

HERE = Path(__file__).parent
FIRST_NETWORK, FIRST_DEVICE = "shufflenet_v2_1x", "rpi4b"

Asked = dict[str, Any]
"""The query: keys of choices to values, and ``beside``, the list of other devices."""


@dataclass(frozen=True)
class Visit:
    """What a visitor asks for, and what of theirs is needed to answer."""

    asked: Asked
    upload: Upload | None = None
    """The network asked for, where it is one of theirs."""
    uploads: Mapping[str, str] = field(default_factory=dict)
    """What each of their networks is called, by its key."""

    def question(self) -> Question:
        """The network on the device.

        Raises:
            InputError: one of them is not known here.
        """
        network = self.asked.get("network") or FIRST_NETWORK
        hw = device_name(self.asked.get("hw") or FIRST_DEVICE)
        texts = {key: text for key, text in self.asked.items() if isinstance(text, str)}
        if self.upload is not None:
            return Question(self.upload.filename, uploaded_network(self.upload), hw, texts)
        if network.startswith(UPLOAD):
            raise InputError("this upload is no longer here", mend="drop the file again")
        return Question(network, zoo_network(network), hw, texts)


def index(visit: Visit, upload_bytes: int) -> str:
    """The whole page; it says how long a file it takes."""
    return rendered("index.html", **_values(visit), suffixes=SUFFIXES, limit=upload_bytes)


def part(template: str, visit: Visit) -> tuple[str, Asked]:
    """A part of the page, and what of the query it stands for."""
    values = _values(visit)
    return rendered(template, **values), values["kept"]


def report(visit: Visit) -> str:
    """The whole report: the page ``costsim analyze --html`` writes."""
    try:
        question = visit.question()
        return question.analysis().to_html(command=question.command())
    except CostsimError as error:
        return rendered("refused.html", error=visible(str(error)))


def rendered(template: str, **values: Any) -> str:
    """One of this room's templates, filled in."""
    return _environment().get_template(template).render(version=VERSION, **values)


def _values(visit: Visit) -> dict[str, Any]:
    """What the templates show: question, sliders and answer, or the one line that says why there is none."""
    asked = visit.asked
    values: dict[str, Any] = {
        "question": None, "choices": [], "analysis": None, "error": "", "rows": [], "kept": asked,
        "network": asked.get("network") or FIRST_NETWORK, "hw": asked.get("hw") or FIRST_DEVICE,
        "beside": asked.get("beside", []), "devices": device_names(), "networks": zoo_names(),
        "uploads": visit.uploads,
    }  # fmt: skip
    try:
        question = visit.question()
        values |= {"question": question, "hw": question.hw, "choices": question.choices}
        standing = {c.key: text for c in values["choices"] if (text := c.chosen(question.asked)) is not None}
        values["kept"] = {"network": values["network"], "hw": question.hw, "beside": values["beside"], **standing}
        values |= _answer(question)
        others = [device_name(name) for name in values["beside"]]
        if others:
            values["rows"] = side_by_side(question, [question.hw, *(name for name in others if name != question.hw)])
    except CostsimError as error:
        values["error"] = visible(str(error))
    return values


def _answer(question: Question) -> dict[str, Any]:
    analysis = question.analysis()
    summary = analysis.summary
    slowest = sorted(analysis.layer_records, key=lambda record: -record["latency_ms"])[:SLOWEST_LAYERS]
    return {
        "analysis": analysis,
        "summary": summary,
        "profile": analysis.simulation.profile,
        "verdict": words.verdict(analysis),
        "trust": words.trust(analysis),
        "run_line": words.run_line(analysis),
        "fit": words.fit_line(summary) if summary["fits"] is not None else None,
        "classes": class_colours(r["op_class"] for r in analysis.class_records),
        "limits": limit_colours(analysis.simulation.costs.limit_names),
        "slowest": slowest,
        "verdicts": [],
        "replanned": True,
    }


@cache
def _environment() -> Environment:
    """The report's own templates, filters and words, and those of this room."""
    pages = page_environment()
    own = pages.overlay(
        loader=ChoiceLoader([FileSystemLoader(HERE / "templates"), FileSystemLoader(PAGE / "templates")])
    )
    own.globals = pages.globals
    own.filters = pages.filters | {"query": lambda asked: urlencode(asked, doseq=True)}
    return own
