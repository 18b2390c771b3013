"""What pydantic finds wrong with a field, in the words of costsim."""

from __future__ import annotations

from typing import TYPE_CHECKING

from costsim.errors import shortened

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

WORDS = {
    "bool": "must be true or false",
    "dict": "must be a mapping, a line 'key: value' for each entry",
    "extra_forbidden": "unknown key",
    "finite": "must be a finite number",
    "float": "must be a number",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be greater than or equal to {ge}",
    "int": "must be a whole number",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be less than or equal to {le}",
    "list": "must be a list",
    "literal_error": "must be {expected}",
    "mapping": "must be a mapping, a line 'key: value' for each entry",
    "missing": "is missing",
    "model": "must be a block of fields, a line 'field: value' for each",
    "string_pattern_mismatch": "must have the form {pattern}",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "string": "must be text",
    "too_long": "takes {max_length} entries at most, has {actual_length}",
    "too_short": "needs {min_length} or more entries, has {actual_length}",
    "tuple": "must be a list",
    "value_error": "{error}",
}
"""By the type of an error (https://docs.pydantic.dev/latest/errors/validation_errors), or by its first word."""

SAY_THEMSELVES = ("extra_forbidden", "missing", "too_long", "too_short", "value_error")
"""Types beside which what was written adds nothing."""


def first_problem(error: ValidationError) -> tuple[str, str, str]:
    """(field, what is wrong with it, type of the error) of the problem that explains the others."""
    problems = error.errors()
    first = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])  # a typo explains a gap
    return ".".join(str(part) for part in first["loc"]), _what(first), first["type"]


def _what(problem: ErrorDetails) -> str:
    kind = problem["type"]
    words = WORDS.get(kind) or WORDS.get(kind.partition("_")[0])
    if words is None:
        what = problem["msg"].replace("Input should be", "must be")
    else:
        what = words.format(**problem.get("ctx", {}))
    return what if kind in SAY_THEMSELVES else f"{what}, got {shortened(repr(problem['input']))}"
