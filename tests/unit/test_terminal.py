"""Every help page and every text output as a stranger with 80 columns meets it."""

import re
from pathlib import Path

import click
import pytest

import costsim
from costsim.cli import cli, run
from costsim.importers.json import save_network
from costsim.units import format_milliseconds

NET = "shufflenet_v1_g3_1x"

OUTPUTS = [
    ("analyze", NET, "--hw", "rpi4b"),
    ("analyze", NET, "--hw", "gtx_1080ti"),
    ("analyze", "yolov8n", "--hw", "ethos_u55_256", "--input-size", "3x256x256"),
    ("analyze", "mlperf_tiny_mobilenet", "--hw", "stm32h743"),
    ("predict", NET, "mobilenet_v2_1x", "--hw", "rpi4b"),
    ("check", NET, "--hw", "rpi4b"),
    ("check", NET, "--hw", "ethos_u55_256", "--all", "--assert", "latency_ms < 0.1"),
    ("advise", NET, "--hw", "rpi4b", "--target", "latency_ms < 30"),
    ("compare", NET, "mobilenet_v2_1x", "--hw", "rpi4b"),
    ("compare", NET, "mobilenet_v2_1x", "squeezenet_1_1", "--hw", "rpi4b", "rpi5", "gtx_1080ti", "ethos_u55_256"),
    ("diff", NET, "shufflenet_v1_g8_1x", "--hw", "rpi4b", "rpi5"),
    ("nets", "list"),
    ("nets", "list", "shuffle", "--sizes"),
    ("nets", "show", NET),
    ("hw", "list"),
    ("hw", "show", "rpi4b"),
    ("hw", "show", "ethos_u55_256"),
    ("reconcile", NET),
]


def commands(group=cli, words=()):
    """Every verb and its verbs, as it is called."""
    yield words
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            yield from commands(group.get_command(context, name), (*words, name))


def neat(out):
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80, max(lines, key=len)
    assert [line for line in lines if line != line.rstrip()] == []
    assert "…" not in out
    assert not re.search(r"\b1 (ops|threads|cores|networks|points|layers|limits)\b", out)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_help_at_80_columns(words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert run([*words, "--help"]) == 0
    out = capsys.readouterr().out
    neat(out)
    assert "\b" not in out and "\\b" not in out


@pytest.mark.parametrize("words", OUTPUTS, ids=" ".join)
def test_text_at_80_columns(words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert run(list(words)) in (0, 3)
    neat(capsys.readouterr().out)


def test_the_sentence_on_the_bound_and_the_other_cores_are_in_the_text(capsys):
    assert run(["analyze", NET, "--hw", "rpi4b"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    four = costsim.analyze(NET, "rpi4b", threads=4).latency_ms
    assert f"1 of 4 cores (4: {format_milliseconds(four)})" in out
    assert "with arithmetic lifted the network would take" in out


def test_a_limit_that_fails_is_said_once(capsys):
    assert run(["check", "mlperf_tiny_resnet8", "--hw", "rpi4b", "--assert", "latency_ms < 1us"]) == 3
    told = capsys.readouterr()
    assert told.out.count("FAILS") == 1
    assert told.err == "costsim: 1 of 1 limit does not hold\n"


def test_one_cause_is_one_finding_with_its_total(capsys):
    assert run(["check", "yolov8n", "--hw", "stm32n6", "--input-size", "3x256x256"]) == 0
    out = capsys.readouterr().out
    assert out.count("replace SiLU by hard-swish") == 1
    assert re.search(r"^\s*1\d\.\d+ ms +4\d\.\d% +replace SiLU by hard-swish", out, re.MULTILINE)


def test_quiet_says_only_errors(tmp_path, capsys):
    page = tmp_path / "page.html"
    assert run(["analyze", NET, "--hw", "rpi4b", "--html", str(page), "-q"]) == 0
    assert capsys.readouterr().err == ""
    assert page.exists()
    assert run(["-q", "analyze", "nonsense", "--hw", "rpi4b"]) == 1
    assert capsys.readouterr().err.startswith("costsim: unknown network")


def test_verbose_says_where_and_how_long(capsys):
    assert run(["analyze", "nonsense", "--hw", "rpi4b", "-v"]) == 1
    err = capsys.readouterr().err
    assert "raised in zoo.py, line" in err
    assert re.search(r"costsim: \d+\.\d\d s, exit code 1", err)


def test_no_color_takes_colours_away(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(click.utils, "should_strip_ansi", lambda stream=None, color=None: False)  # as on a terminal
    colours = re.compile(r"\x1b\[[\d;]*3\d")
    assert run(["check", NET, "--hw", "rpi4b"]) == 0
    assert colours.search(capsys.readouterr().out)
    assert run(["check", NET, "--hw", "rpi4b", "--no-color"]) == 0
    assert not colours.search(capsys.readouterr().out)


def test_a_file_from_elsewhere_keeps_to_the_columns_too(tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    save_network(costsim.Network(NET).graph.renamed("a_very_long_name_" * 8), tmp_path / "net.json")
    for words in (["analyze", str(tmp_path / "net.json")], ["predict", str(tmp_path / "net.json")]):
        assert run([*words, "--hw", "rpi4b"]) == 0
        neat(capsys.readouterr().out)
