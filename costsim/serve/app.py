"""The web application: a page of controls, and answers that follow them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from costsim.errors import CostsimError, InputError, visible
from costsim.files import as_folder
from costsim.serve import pages
from costsim.serve.access import Access, BodyLimit, SecurityHeaders
from costsim.serve.pages import Asked, Visit
from costsim.serve.reading import Reader
from costsim.serve.sessions import Session, Sessions
from costsim.serve.workers import Workers

HERE = as_folder(Path(__file__).parent)
SESSION = "costsim_session"
MOST_DEVICES = 12
"""Devices beside each other in one answer."""

REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; img-src data: blob:; "
    "sandbox allow-scripts allow-downloads"
)
"""Vega compiles expressions, so the report gets an origin of its own, from which nothing here can be asked for."""


def create_app(
    *,
    token: str | None,
    hosts: list[str],
    upload_bytes: int = 64 * 2**20,
    upload_s: float = 30.0,
    answer_s: float = 60.0,
) -> Starlette:
    """The application.

    Args:
        token: what a visitor must bring in the address; None lets everybody in.
        hosts: names this machine is asked by, so that no other site's name can stand for it.
        upload_bytes: longest file that is taken.
        upload_s: seconds that reading one may take.
        answer_s: seconds that an answer may take.
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
        exception_handlers={CostsimError: _refused},
    )
    app.state.sessions = Sessions()
    app.state.reader = Reader(upload_s)
    app.state.workers = Workers(answer_s)
    app.state.upload_bytes = upload_bytes
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    await app.state.reader.start()
    async with app.state.workers.started():
        yield


async def index(request: Request) -> Response:
    """The page, as its address says; with nothing in it, a network that shows something."""
    key, session = request.app.state.sessions.find(request.cookies.get(SESSION))
    limit = request.app.state.upload_bytes
    page = await request.app.state.workers.run(pages.index, _visit(session, _asked(request)), limit)
    return _with_session(HTMLResponse(page), key)


async def controls(request: Request) -> Response:
    """The sliders of another network or device, and the answer for it."""
    return await _part(request, "both.html")


async def answer(request: Request) -> Response:
    """What the sliders as they stand cost."""
    return await _part(request, "answer.html")


async def report(request: Request) -> Response:
    """The whole report of what the sliders say."""
    _, session = request.app.state.sessions.find(request.cookies.get(SESSION))
    html = await request.app.state.workers.run(pages.report, _visit(session, _asked(request)))
    return HTMLResponse(html, headers={"content-security-policy": REPORT_POLICY})


async def upload(request: Request) -> Response:
    """Take a network, and answer for it."""
    key, session = request.app.state.sessions.find(request.cookies.get(SESSION))
    async with request.form(max_files=1, max_fields=40) as form:
        asked: Asked = {name: value for name, value in form.items() if isinstance(value, str)}
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise InputError("no file came with this request", mend="choose one")
        found = await request.app.state.reader.read(file.filename, await file.read())
    asked["network"] = session.keep(found)
    html, _ = await request.app.state.workers.run(pages.part, "uploaded.html", _visit(session, asked))
    return _with_session(HTMLResponse(html, headers=_address(asked)), key)


async def _part(request: Request, template: str) -> Response:
    _, session = request.app.state.sessions.find(request.cookies.get(SESSION))
    visit = _visit(session, _asked(request))
    html, kept = await request.app.state.workers.part(template, visit, request.url.query)
    return HTMLResponse(html, headers=_address(kept))


def _visit(session: Session, asked: Asked) -> Visit:
    names = {key: upload.filename for key, upload in session.uploads.items()}
    return Visit(asked, session.uploads.get(str(asked.get("network"))), names)


def _asked(request: Request) -> Asked:
    """The query, with the devices to stand beside as a list."""
    query = request.query_params
    return {**dict(query.items()), "beside": query.getlist("beside")[:MOST_DEVICES]}


def _address(asked: Asked) -> dict[str, str]:
    """The address bar follows the sliders, so that a link is what one sees."""
    return {"HX-Replace-Url": f"/?{urlencode(asked, doseq=True)}"}


def _with_session(response: Response, key: str) -> Response:
    response.set_cookie(SESSION, key, httponly=True, samesite="strict")
    return response


async def _refused(request: Request, error: Exception) -> Response:
    """One line that says why there is no answer; where the page asked, it is shown above the answer that stands."""
    line = visible(str(error))
    if "HX-Request" not in request.headers and request.method == "GET":
        return HTMLResponse(pages.rendered("refused.html", error=line), 422)
    html = pages.rendered("refusal.html", error=line)
    return HTMLResponse(html, 422, headers={"HX-Retarget": "#said", "HX-Reswap": "innerHTML"})
