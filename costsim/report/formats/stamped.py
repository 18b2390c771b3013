"""What every JSON document begins with: the version of its form, and the tool that wrote it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from costsim.version import SCHEMA_VERSION, VERSION


def stamp() -> dict[str, Any]:
    """The first keys of every document."""
    return {"schema_version": SCHEMA_VERSION, "tool": {"name": "costsim", "version": VERSION}}


def stamped_json(record: Mapping[str, Any], indent: int | None = 2) -> str:
    """A record behind the stamp as text; a value that is not finite would be a bug and is refused."""
    return json.dumps(stamp() | {**record}, indent=indent, allow_nan=False)
