"""The documentation names what there is: links lead somewhere, limits and JSON keys are explained."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import costsim
from tests.site_hooks import site_hooks

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "hwprofiles" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
OWN_COUNTS = ("params", "macs", "flops", "mem_access_elems", "dram_bytes", "weight_bytes")
"""Keys of a layer that the page sums up as 'its counts'."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    made = {(ROOT / "docs" / name).resolve() for name in site_hooks().MADE}
    assert [
        link for link in links if not (there := (page.parent / link).resolve()).exists() and there not in made
    ] == []


@pytest.mark.parametrize("hw", costsim.profile_names())
def test_every_limit_is_in_the_glossary(hw: str) -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    family = costsim.load_profile(hw).family
    words = {"cpu": "CPU", "gpu": "GPU", "accelerator": "accelerator", "mcu": "microcontroller"}
    heading = f"Limits of {'an' if family == 'accelerator' else 'a'} {words[family]}"
    section = glossary.partition(f"## {heading}")[2].partition("\n## ")[0]
    network = "mlperf_tiny_mobilenet" if family == "mcu" else "shufflenet_v2_0.5x"
    limits = costsim.analyze(network, hw).simulation.costs.limit_names
    assert [name for name in limits if f"`{name}`" not in section] == []


def test_every_key_of_the_document_is_explained() -> None:
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    document: dict[str, Any] = costsim.analyze("shufflenet_v1_g3_1x", "stm32n6").to_dict()
    keys = {*document, *document["tool"], *document["network"], *document["hardware"], *document["totals"]}
    keys |= {*document["guidelines"][0], *(set(document["layers"][0]) - set(OWN_COUNTS))}
    assert sorted(key for key in keys if f"`{key}`" not in page) == []


def test_every_file_and_command_of_contributing_is_there() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    files = re.findall(r"`((?:costsim|tests|hwprofiles|docs)/[\w/.]+)`", page)
    assert len(files) > 20
    assert [file for file in files if not (ROOT / file).exists()] == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [name for name in re.findall(r"^make (\w+)", page, re.MULTILINE) if f"\n{name}:" not in makefile] == []


def test_your_board_in_ten_lines_is_a_profile(tmp_path: Path) -> None:
    page = (ROOT / "hwprofiles" / "README.md").read_text(encoding="utf-8")
    (tmp_path / "my_board.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0])
    analysis = costsim.analyze("mobilenet_v2_1x", tmp_path / "my_board.yaml")
    assert analysis.simulation.profile.hardware.clock_hz == 1.5e9
    assert analysis.trust.status == "derived"
