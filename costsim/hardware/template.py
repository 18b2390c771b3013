"""A commented profile to fill in, written from the schema of its family: each field with its unit and meaning."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from costsim.hardware.blocks import unit_of
from costsim.hardware.declared import Block, types_of
from costsim.hardware.profile import UNMEASURED
from costsim.plugins import DEVICES, load_plugin

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

EXAMPLES = {"Hz": "1 GHz", "B/s": "1 GB/s", "B": "1 MiB", "s": "1 us", "J": "1 pJ"}
"""A value of each unit, to show how it is written."""


def template(family: str, name: str) -> str:
    """A profile of this family called ``name``, as YAML that can be loaded; every value in it is an example.

    Raises:
        InputError: unknown family.
    """
    profile = load_plugin(DEVICES, family, "device family").profile_type
    low, high = UNMEASURED
    lines = [
        f"# A device of family '{family}'. Replace every value: those here only show how it is written.",
        "# A number says where it is from by 'source: KEY' in its block, or as {value: 1.4 GHz, source: KEY};",
        "# 'costsim hw check FILE' finds what is missing. Lines after '#?' are optional and show the default.",
        "schema_version: 1",
        f"name: {name}",
        "title: EXAMPLE, a device in one line",
        f"family: {family}",
        "sources:  # kind: datasheet, published, measured, fitted or estimated",
        "  example: {kind: estimated, text: 'EXAMPLE: a value of the template, of no device'}",
        "calibration:  # 'costsim calibrate' writes it from measurements",
        "  status: uncalibrated",
        "  data: nothing was measured",
        f"  low_ratio: {low}  # 90 % of measured times are believed to be above this times the prediction",
        f"  high_ratio: {high}  # and below this",
    ]
    for block in ("hardware",) if profile.shared_runtimes else ("hardware", "runtime", "fitted"):
        model = profile.model_fields[block].annotation
        written = list(_fields(model, "  "))
        lines += ["", *_comment(_prose(model), ""), f"{block}:" if written else f"{block}: {{}}"]
        lines += ["  source: example", *written] if written else []
    if profile.shared_runtimes:
        lines += [
            "",
            "# What runs on it, the default first, with traits and rates of the runtime. A device may have its own,",
            "# as in pytorch_eager: {runtime: {dtypes: [fp32, fp16]}}; 'costsim calibrate' fits its rates.",
            "runtimes:",
            *(f"  {runtime}: {{}}" for runtime in profile.shared_runtimes),
        ]
    return "\n".join(lines) + "\n"


def _fields(model: type[Block], indent: str) -> Iterator[str]:
    docstrings, types = attribute_docstrings(model), types_of(model)
    for name, info in model.model_fields.items():
        word = info.alias or name
        unit, choices = unit_of(types[name]), _choices(info)
        notes = (docstrings.get(name, ""), f"One of {', '.join(choices)}." if choices else "", unit and f"[{unit}]")
        about = " ".join(filter(None, notes)).replace("``", "")
        if not info.is_required() and not info.examples:  # one with an example is asked for by another
            yield from _comment(about, indent)
            yield f"{indent}#? {word}: {_flow(info.get_default(call_default_factory=True), unit)}"
            continue
        block, others = _block(info.annotation)
        yield from _comment(about or (_prose(block) if block else ""), indent)
        for other in others:
            needs = ", ".join(
                info.alias or name for name, info in other.model_fields.items() if info.is_required() and name != "kind"
            )
            yield from _comment(f"Or in its place: {_prose(other)} It has {needs}; kind: {_kind(other)}.", indent)
        if block:
            yield f"{indent}{word}:"
            yield from _fields(block, indent + "  ")
        else:
            yield f"{indent}{word}: {_flow(_example(info, unit), unit)}"


def _block(annotation: Any) -> tuple[type[Block] | None, list[type[Block]]]:
    """The block a field holds, and those it may hold in its place."""
    parts = [part for part in (get_args(annotation) or (annotation,)) if part is not NoneType]
    blocks = [part for part in parts if isinstance(part, type) and issubclass(part, Block)]
    return (blocks[0], blocks[1:]) if blocks and get_origin(annotation) not in (dict, tuple) else (None, [])


def _choices(info: FieldInfo) -> tuple[str, ...]:
    return (
        get_args(info.annotation)
        if get_origin(info.annotation) is Literal and len(get_args(info.annotation)) > 1
        else ()
    )


def _kind(model: type[Block]) -> str:
    return str(_example(model.model_fields["kind"], None)) if "kind" in model.model_fields else model.__name__


def _example(info: FieldInfo, unit: str | None) -> Any:
    if info.examples:
        return info.examples[0]
    kinds = [part for part in get_args(info.annotation) if part is not NoneType]
    union = NoneType in get_args(info.annotation)
    if union and get_origin(kinds[0]) is tuple:
        return None
    return _of_type(kinds[0] if union else info.annotation, unit, _bounds(info))


def _bounds(info: FieldInfo) -> Mapping[str, Any]:
    return {end: getattr(part, end) for part in info.metadata for end in ("ge", "le") if hasattr(part, end)}


def _of_type(kind: Any, unit: str | None, bounds: Mapping[str, Any]) -> Any:
    """The plainest value of a type that keeps its bounds."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return parts[0]
    if origin is tuple:
        first = _of_type(parts[0], unit, {})
        return [] if parts[0] is str else [first]
    if origin is dict:
        return {"fp32": 1} if parts[1] is not str and get_origin(parts[1]) is not tuple else {}
    if isinstance(kind, type) and issubclass(kind, Block):
        words = ((info.alias or name, info) for name, info in kind.model_fields.items() if info.is_required())
        return {word: _example(info, None) for word, info in words}
    if unit:
        return EXAMPLES[unit]
    if kind is bool:
        return False
    if kind is str:
        return "EXAMPLE"
    if hasattr(kind, "__metadata__"):  # Annotated[float, Gt(0)]
        return _of_type(parts[0], unit, bounds)
    return 0.5 if bounds.get("le") == 1 else 1


def _flow(value: Any, unit: str | None) -> str:
    """A value as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(part, unit)}" for key, part in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flow(part, unit) for part in value) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if unit and isinstance(value, (int, float)):
        return f"{value:g} {unit}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def attribute_docstrings(model: type[Block]) -> dict[str, str]:
    """Field name to the docstring below it, read from the source of the class and of those it derives from."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if not (issubclass(owner, Block) and owner is not Block):
            continue
        try:
            body = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
        except (OSError, TypeError, SyntaxError):  # a class made without a file has no source to read
            continue
        statements = body.body if isinstance(body, ast.ClassDef) else []
        for field, text in pairwise(statements):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                    found[field.target.id] = " ".join(str(text.value.value).split())
                else:
                    found.pop(field.target.id, None)
    return found


def _prose(model: type[Block]) -> str:
    return " ".join((model.__doc__ or "").replace("``", "").split())


def _comment(text: str, indent: str) -> list[str]:
    start = f"{indent}# "
    return textwrap.wrap(text, 110, initial_indent=start, subsequent_indent=start)
