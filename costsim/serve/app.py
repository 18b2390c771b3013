"""The web application: a page of controls, and answers that follow them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from anyio import to_thread
from jinja2 import ChoiceLoader, Environment, FileSystemLoader
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from costsim.errors import CostsimError, visible
from costsim.report import words
from costsim.report.page.html import HERE as PAGE
from costsim.report.page.html import environment as page_environment
from costsim.report.palette import class_colours, limit_colours
from costsim.serve.access import Access, BodyLimit, SecurityHeaders
from costsim.serve.answers import (
    SLOWEST_LAYERS,
    Question,
    device_name,
    device_names,
    side_by_side,
    zoo_names,
    zoo_network,
)
from costsim.serve.reading import SUFFIXES, Reader
from costsim.serve.sessions import Session, Sessions
from costsim.version import VERSION

HERE = Path(__file__).parent
SESSION = "costsim_session"
FIRST_NETWORK, FIRST_DEVICE = "shufflenet_v2_1x", "rpi4b"
MOST_DEVICES = 12
"""Devices beside each other in one answer."""

AT_ONCE = 4
"""Answers that are worked out at the same time; the others wait."""

REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; img-src data: blob:; "
    "sandbox allow-scripts allow-downloads"
)
"""Vega compiles expressions, so the report gets an origin of its own, from which nothing here can be asked for."""


def create_app(
    *, token: str | None, hosts: list[str], upload_bytes: int = 64 * 2**20, upload_s: float = 30.0
) -> Starlette:
    """The application.

    Args:
        token: what a visitor must bring in the address; None lets everybody in.
        hosts: names this machine is asked by, so that no other site's name can stand for it.
        upload_bytes: longest file that is taken.
        upload_s: seconds that reading one may take.
    """
    app = Starlette(
        routes=[
            Route("/", index),
            Route("/controls", controls),
            Route("/answer", answer),
            Route("/report", report),
            Route("/upload", upload, methods=["POST"]),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts),
            Middleware(Access, token=token),
            Middleware(BodyLimit, limit=upload_bytes),
            Middleware(GZipMiddleware, minimum_size=2000, compresslevel=4),
        ],
        lifespan=_lifespan,
    )
    app.state.sessions = Sessions()
    app.state.reader = Reader(upload_s)
    app.state.upload_bytes = upload_bytes
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    to_thread.current_default_thread_limiter().total_tokens = AT_ONCE
    yield


async def index(request: Request) -> Response:
    """The page, as its address says; with nothing in it, a network that shows something."""
    key, session = request.app.state.sessions.find(request.cookies.get(SESSION))
    found = await to_thread.run_sync(_parts, session, _asked(request))
    page = _template(
        "index.html", **found, uploads=session.uploads, suffixes=SUFFIXES, limit=request.app.state.upload_bytes
    )
    response = HTMLResponse(page)
    response.set_cookie(SESSION, key, httponly=True, samesite="strict")
    return response


async def controls(request: Request) -> Response:
    """The sliders of another network or device, and the answer for it."""
    return await _fragment(request, "both.html")


async def answer(request: Request) -> Response:
    """What the sliders as they stand cost."""
    return await _fragment(request, "answer.html")


async def report(request: Request) -> Response:
    """The whole report of what the sliders say: the page ``costsim analyze --html`` writes."""
    session = _session(request)
    try:
        html = await to_thread.run_sync(_report, session, _asked(request))
    except CostsimError as error:
        html = _template("refused.html", error=visible(str(error)))
    return HTMLResponse(html, headers={"content-security-policy": REPORT_POLICY})


async def upload(request: Request) -> Response:
    """Take a network, and answer for it."""
    key, session = request.app.state.sessions.find(request.cookies.get(SESSION))
    async with request.form(max_files=1, max_fields=40) as form:
        asked = {name: value for name, value in form.items() if isinstance(value, str)}
        file = form.get("file")
        try:
            if not isinstance(file, UploadFile) or not file.filename:
                return _refused("no file came with this request; choose one")
            found = await request.app.state.reader.read(file.filename, await file.read())
        except CostsimError as error:
            return _refused(str(error))
    asked["network"] = session.keep(found)
    parts = await to_thread.run_sync(_parts, session, asked)
    response = HTMLResponse(_template("uploaded.html", **parts, uploads=session.uploads), headers=_address(asked))
    response.set_cookie(SESSION, key, httponly=True, samesite="strict")
    return response


async def _fragment(request: Request, template: str) -> Response:
    asked = _asked(request)
    found = await to_thread.run_sync(_parts, _session(request), asked)
    return HTMLResponse(_template(template, **found), headers=_address(found["kept"]))


def _session(request: Request) -> Session:
    return request.app.state.sessions.find(request.cookies.get(SESSION))[1]


def _asked(request: Request) -> dict[str, Any]:
    """The query, with the devices to stand beside as a list."""
    query = request.query_params
    return {**dict(query.items()), "beside": query.getlist("beside")[:MOST_DEVICES]}


def _address(asked: dict[str, Any]) -> dict[str, str]:
    """The address bar follows the sliders, so that a link is what one sees."""
    return {"HX-Replace-Url": f"/?{urlencode(asked, doseq=True)}"}


def _question(session: Session, asked: dict[str, Any]) -> Question:
    network = asked.get("network") or FIRST_NETWORK
    hw = device_name(asked.get("hw") or FIRST_DEVICE)
    texts = {key: text for key, text in asked.items() if isinstance(text, str)}
    if network.startswith("upload-"):
        upload = session.upload(network)
        return Question(upload.filename, upload.graph, hw, texts)
    return Question(network, zoo_network(network), hw, texts)


def _report(session: Session, asked: dict[str, Any]) -> str:
    question = _question(session, asked)
    return question.analysis().to_html(command=question.command())


def _parts(session: Session, asked: dict[str, Any]) -> dict[str, Any]:
    """What the templates show: question, sliders and answer, or the one line that says why there is none."""
    parts: dict[str, Any] = {
        "question": None, "choices": [], "analysis": None, "error": "", "rows": [], "kept": asked,
        "network": asked.get("network") or FIRST_NETWORK, "hw": asked.get("hw") or FIRST_DEVICE,
        "beside": asked.get("beside", []), "devices": device_names(), "networks": zoo_names(),
    }  # fmt: skip
    try:
        question = _question(session, asked)
        parts |= {"question": question, "hw": question.hw, "choices": question.choices}
        standing = {c.key: text for c in parts["choices"] if (text := c.chosen(question.asked)) is not None}
        parts["kept"] = {"network": parts["network"], "hw": question.hw, "beside": parts["beside"], **standing}
        analysis = question.analysis()
        parts |= _shown(analysis)
        others = [device_name(name) for name in parts["beside"]]
        parts["rows"] = (
            side_by_side(question, [question.hw, *(name for name in others if name != question.hw)]) if others else []
        )
    except CostsimError as error:
        parts["error"] = visible(str(error))
    return parts


def _shown(analysis: Any) -> dict[str, Any]:
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


def _refused(line: str) -> Response:
    return HTMLResponse(
        _template("refusal.html", error=visible(line)), 422, headers={"HX-Retarget": "#said", "HX-Reswap": "innerHTML"}
    )


def _template(name: str, **values: Any) -> str:
    return _environment().get_template(name).render(version=VERSION, **values)


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
