"""What the build of the site adds to its pages: outputs of commands, and pages made from the program itself.

A fenced block ``console`` with ``run`` behind it holds commands, each after a ``$``. The build runs them one after
another in a folder of the page's own and quotes what they print, so that no output is stale; a command whose exit code
is not the one the block states (``exit=3``) fails the build. ``lines=12`` quotes so many lines of each. A block
``file NAME`` writes the file for the commands behind it; what a block ``python run`` prints is quoted below it. A block
``figure NAME`` becomes the figure of that name (figures.py), its text what is said to who cannot see it.
"""

from __future__ import annotations

import base64
import contextlib
import html
import importlib.util
import io
import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"^```(?P<info>(?:console run|python run|figure|\w+ file)[^\n]*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE
)
WIDTH = "84"


class CommandFailedError(Exception):
    """A command of a page did not end as the page says."""


def quoted(markdown: str, page: str) -> str:
    """The page with the output of its commands.

    Raises:
        CommandFailedError: a command ended with another exit code than the page states.
    """
    with tempfile.TemporaryDirectory() as folder, _inside(folder):
        return BLOCK.sub(lambda block: _filled(block["info"].split(), block["body"], page), markdown)


def _filled(info: list[str], body: str, page: str) -> str:
    if info[0] == "figure":
        return f'<img alt="{html.escape(" ".join(body.split()))}" src="data:image/svg+xml;base64,{_figure(info[1])}">'
    if info[1] == "file":
        Path(info[2]).write_text(body, encoding="utf-8")
        return f'```{info[0]} title="{info[2]}"\n{body}```'
    if info[0] == "python":
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(body, page, "exec"), {})
        return f"```python\n{body}```\n\n```text\n{out.getvalue()}```"
    options = dict(word.split("=") for word in info[2:])
    most, wanted = int(options.get("lines", 60)), int(options.get("exit", 0))
    shown = []
    for line in body.splitlines():
        if not line.startswith("$ "):
            continue
        code, text = run(line[2:])
        if code != wanted:
            raise CommandFailedError(f"{page}: '{line[2:]}' ended with {code}, not {wanted}:\n{text}")
        lines = text.rstrip().splitlines()
        shown += [line, *lines[:most], *(["..."] if len(lines) > most else []), ""]
    return "```console\n" + "\n".join(shown).rstrip() + "\n```"


def _figure(name: str) -> str:
    """The SVG of a figure, in base64."""
    spec = importlib.util.spec_from_file_location("figures", Path(__file__).parent / "figures.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError("figures.py")
    figures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(figures)
    return base64.b64encode(figures.svg(name).encode()).decode()


def run(command: str) -> tuple[int, str]:
    """Exit code and all that a ``costsim`` command prints."""
    from costsim import cli

    words = shlex.split(command)[1:]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = cli.run(words)
    return code, out.getvalue()


@contextlib.contextmanager
def _inside(folder: str) -> Iterator[None]:
    before, columns = Path.cwd(), os.environ.get("COLUMNS")
    os.chdir(folder)
    os.environ |= {"COLUMNS": WIDTH, "NO_COLOR": "1"}
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.pop("COLUMNS") if columns is None else os.environ.update(COLUMNS=columns)


def cli_page() -> str:
    """Every verb with its ``--help``."""
    from costsim.cli import VERBS

    parts = [
        "# Command line\n",
        "`costsim -h` lists the verbs; every verb has `-h`. What follows is what they print.\n",
    ]
    for verb in VERBS:
        parts.append(f"## {verb}\n\n```text\n{run(f'costsim {verb} --help')[1].rstrip()}\n```\n")
    return "\n".join([*parts, COMPLETION])


COMPLETION = """## Shell completion

Verbs and options are completed after `eval "$(_COSTSIM_COMPLETE=bash_source costsim)"` (`zsh_source` for zsh; for fish
`_COSTSIM_COMPLETE=fish_source costsim | source`). Write the line into the start-up file of your shell to keep it.
"""


def python_page() -> str:
    """The public names, from their docstrings."""
    import costsim

    names = [name for name in costsim.__all__ if not name.startswith("_")]
    listed = "\n\n".join(f"::: {_home(name)}" for name in names)
    return f"# Python\n\nWhat `import costsim` gives. Nothing else is promised to stay.\n\n{listed}\n"


def _home(name: str) -> str:
    import costsim

    value = getattr(costsim, name)
    return f"{value.__module__}.{value.__qualname__}"


def profiles_page() -> str:
    """Every field of every family, as ``costsim hw new`` writes it."""
    from costsim.plugins import DEVICES, plugins

    parts = [
        "# Fields of a profile\n",
        "For each family what `costsim hw new --family NAME -o FILE` writes: every field, its unit, what it means.\n"
        "How to write a profile of your own is said in the repository's hwprofiles/README.md.\n",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for family in sorted(plugins(DEVICES)):
            path = Path(folder) / f"{family}.yaml"
            code, text = run(f"costsim hw new --family {family} -o {path}")
            if code:
                raise CommandFailedError(text)
            parts.append(f"## {family}\n\n```yaml\n{path.read_text(encoding='utf-8').rstrip()}\n```\n")
    return "\n".join(parts)


EXAMPLES = (("shufflenet_v2_1x", "rpi4b"), ("resnet18", "gtx_1080ti"), ("mobilenet_v2_1x", "ethos_u55_256"),
            ("mlperf_tiny_resnet8", "stm32h743"))  # fmt: skip


def json_page() -> str:
    """Every key of the JSON document, found in documents of all families."""
    import costsim

    found: dict[str, tuple[set[str], Any]] = {}
    for network, hw in EXAMPLES:
        _walk(costsim.analyze(network, hw).to_dict(), "", found)
    rows = [
        f"| `{path}` | {', '.join(sorted(types))} | {_example(example)} |"
        for path, (types, example) in sorted(found.items())
    ]
    listed = ", ".join(f"`{network}` on `{hw}`" for network, hw in EXAMPLES)
    head = f"""# Keys of the JSON document

Every key with its types, read from the documents of {listed}.
What they mean is said in [the JSON document](../json.md).

| key | type | example |
|---|---|---|
"""
    return head + "\n".join(rows) + "\n"


def _walk(value: Any, path: str, found: dict[str, tuple[set[str], Any]]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            named = any(
                path.endswith(end) for end in ("ceilings_ms", "evidence", "measures", "unknown", "energy_parts_mj")
            )
            _walk(inner, f"{path}.{'*' if named else key}".lstrip("."), found)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner in value:
            _walk(inner, f"{path}[]", found)
    else:
        types, example = found.get(path, (set(), None))
        found[path] = (types | {_type(value)}, value if example in (None, "", []) else example)


def _type(value: Any) -> str:
    words = {bool: "true or false", int: "whole number", float: "number", str: "text", list: "list", type(None): "null"}
    return words[type(value)]


def _example(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return f"`{text[:60]}`" if value not in (None, "", []) else ""


def devices_page() -> str:
    """The shipped devices."""
    return f"# Devices\n\n{run('costsim hw list --format markdown')[1]}"


def zoo_page() -> str:
    """The networks known by name."""
    return f"# The zoo\n\n{run('costsim nets list --format markdown')[1]}"


PICTURED = (
    "alexnet", "squeezenet_1_1", "resnet18", "resnet50", "densenet121", "googlenet", "inception_v3", "vgg16",
    "mobilenet_v1_1x", "mobilenet_v2_1x", "mobilenet_v3_large", "efficientnet_b0", "mnasnet_b1", "ghostnet",
    "shufflenet_v1_g3_1x", "shufflenet_v2_1x", "condensenet_v2_a", "vargnet_v1_1x", "vargnet_v2_1x", "regnetx_400mf",
    "convnext_tiny", "mobilevit_s", "yolov8n", "deeplab_v3_plus_mobilenet_v2_1x",
)  # fmt: skip
PICTURED_ON = "rpi4b"


def gallery_page() -> str:
    """Well-known networks as pictures, on one device."""
    import costsim
    from costsim.report.palette import class_colours
    from costsim.report.pictures.skyline import skyline
    from costsim.units import format_count, format_milliseconds

    analyses = [costsim.analyze(network, PICTURED_ON) for network in PICTURED]
    classes = dict.fromkeys(r["op_class"] for analysis in analyses for r in analysis.layer_records)
    key = " ".join(
        f'<span style="white-space:nowrap"><span style="color:{colour}">&#9632;</span> {name}</span>'
        for name, colour in class_colours(classes).items()
    )
    parts = [
        "# Gallery of the zoo\n",
        f"Each picture is a network as it runs on `{PICTURED_ON}`, from input (left) to output (right). "
        "A box is an op: as wide as its share of time, as high as the logarithm of its output map, in the colour of "
        "its class. What is wide costs time; where the boxes become lower, maps shrink.\n",
        f"{key}\n",
    ]
    for analysis in analyses:
        summary = analysis.summary
        counts = f"{format_count(summary['macs'])} MACs, {format_count(summary['params'])} parameters"
        parts.append(
            f"## {analysis.network}\n\n{skyline(analysis)}\n\n"
            f"{format_milliseconds(analysis.latency_ms)} ({analysis.interval}), {counts}\n"
        )
    return "\n".join(parts)


MADE = {
    "reference/cli.md": cli_page,
    "reference/python.md": python_page,
    "reference/profiles.md": profiles_page,
    "reference/json-keys.md": json_page,
    "reference/devices.md": devices_page,
    "reference/zoo.md": zoo_page,
    "reference/gallery.md": gallery_page,
}
"""Pages that no file holds."""


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made from the program."""
    from mkdocs.structure.files import File

    for path, make in MADE.items():
        files.append(File.generated(config, path, content=make()))
    return files


OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+(?!docs/)([^)#]+)(?:#[^)]*)?\)")


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Quote outputs; what links to a file of the repository outside the site names it instead."""
    there = {file.src_uri for file in files}

    def named(link: re.Match[str]) -> str:
        target = os.path.normpath(Path(page.file.src_uri).parent / re.search(r"\(([^)#]+)", link[0])[1])
        return link[0] if target in there else f"{link[1]} (`{target.removeprefix('../')}` of the repository)"

    return OUTSIDE.sub(named, quoted(markdown, page.file.src_uri))


LOCAL_SHIM = "assets/iframe-worker-shim.js"
SHIM = "https://unpkg.com/iframe-worker/shim"
"""What the offline plugin asks another machine for, so that the search works in pages opened from a folder."""


def on_post_page(output: str, page: Any, config: Any) -> str:
    """The copy of it that lies in the site (iframe-worker 1.0.4 of npm, MIT) instead: the site asks nobody."""
    return output.replace(SHIM, "../" * page.file.src_uri.count("/") + LOCAL_SHIM)


def on_post_template(output_content: str, template_name: str, config: Any) -> str:
    """The same on the page for addresses that lead nowhere."""
    return output_content.replace(SHIM, LOCAL_SHIM)
