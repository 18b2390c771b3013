"""Recurrent ops: every step of a sequence is matrix products with the same weights."""

from __future__ import annotations

from typing import Any

OPS: dict[str, Any] = {}
