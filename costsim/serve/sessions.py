"""Visitors and the networks they uploaded: each sees their own, none is kept for long."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field

UPLOAD = "upload-"
"""Begins the keys of networks that visitors brought; no network of the zoo is called so."""

MOST_SESSIONS = 500
MOST_UPLOADS = 20
"""Networks a visitor has at once; the oldest gives way."""

LIFE_S = 4 * 3600.0
"""Seconds without a request after which a visitor's networks are forgotten."""


@dataclass(frozen=True)
class Upload:
    """A network somebody brought, as it was read: in costsim's own format."""

    filename: str
    content: bytes


@dataclass
class Session:
    """One visitor."""

    uploads: OrderedDict[str, Upload] = field(default_factory=OrderedDict)
    seen_s: float = 0.0

    def keep(self, upload: Upload) -> str:
        """Remember an uploaded network; the key it is asked for by, which says nothing of where it lies."""
        while len(self.uploads) >= MOST_UPLOADS:
            self.uploads.popitem(last=False)
        key = f"{UPLOAD}{secrets.token_urlsafe(9)}"
        self.uploads[key] = upload
        return key


class Sessions:
    """All visitors, by the secret in their cookie."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def find(self, key: str | None) -> tuple[str, Session]:
        """The visitor with this key, or a new one with a key of their own."""
        now_s = time.monotonic()
        while self._sessions and now_s - next(iter(self._sessions.values())).seen_s > LIFE_S:
            self._sessions.popitem(last=False)
        if key is None or key not in self._sessions:
            key = secrets.token_urlsafe(24)
            while len(self._sessions) >= MOST_SESSIONS:
                self._sessions.popitem(last=False)
            self._sessions[key] = Session()
        session = self._sessions[key]
        session.seen_s = now_s
        self._sessions.move_to_end(key)
        return key, session
