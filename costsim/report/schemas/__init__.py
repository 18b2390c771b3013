"""The form of every JSON document: one pydantic model a verb, from which its JSON Schema is made.

Documents are written as plain records, without these models: they are the published promise, and the tests hold every
verb's output to it. A document may have further keys; what is listed here is always there.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pydantic import TypeAdapter

DOCUMENTS = {
    "advise": "decisions:AdviseDocument",
    "analyze": "analyses:AnalyzeDocument",
    "check": "analyses:CheckDocument",
    "compare": "decisions:CompareDocument",
    "compare measures": "decisions:CompareMeasuresDocument",
    "diff": "decisions:DiffDocument",
    "guidelines": "evidence:GuidelinesDocument",
    "hw list": "lists:ProfilesDocument",
    "nets list": "lists:NetworksDocument",
    "predict": "decisions:PredictDocument",
    "reconcile": "evidence:ReconcileDocument",
    "reproduce": "evidence:ReproduceDocument",
    "search": "sweeps:SearchDocument",
    "sweep": "sweeps:SweepDocument",
    "validate": "evidence:ValidateDocument",
    "verify": "evidence:VerifyDocument",
}
"""Verb to the module of this package and the model of what it prints; ``compare measures``: with ``--by-measure``."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(verb: str) -> dict[str, Any]:
    """The JSON Schema of what ``costsim VERB --format json`` prints."""
    module, _, model = DOCUMENTS[verb].partition(":")
    document = getattr(import_module(f"{__name__}.{module}"), model)
    title = f"costsim {verb} --format json"
    return {"$schema": DIALECT, **TypeAdapter(document).json_schema(mode="serialization"), "title": title}
