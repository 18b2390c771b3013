"""Ctrl-C and paths that are no files: one line, at once, whatever is loading."""

import os
import signal
import subprocess
import sys

import pytest

import costsim
from costsim.calibrate.host.journal import Journal
from costsim.cli import main
from costsim.errors import InputError, unknown_name
from costsim.project import read_project
from costsim.yamlfile import parse_yaml


@pytest.mark.parametrize("raised", [KeyboardInterrupt, ImportError("initialization failed"), SystemError("x")])
def test_what_an_interruption_is_turned_into_is_one_line(monkeypatch, capfd, raised):
    def interrupted(arguments):
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            raise raised

    monkeypatch.setattr("costsim.cli.cli.main", lambda **_: interrupted([]))
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 130
    assert capfd.readouterr().err == "costsim: interrupted\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interruption_while_modules_load_is_one_line(tmp_path):
    (tmp_path / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    code = "import sys; sys.path.insert(0, sys.argv[1]); from costsim.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "costsim: interrupted\n")


@pytest.mark.parametrize("suffix", [".onnx", ".tflite"])
def test_a_binary_file_is_no_pipe_and_no_device(tmp_path, suffix):
    os.mkfifo(tmp_path / f"pipe{suffix}")
    (tmp_path / f"zero{suffix}").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(InputError, match="no regular file"):
            costsim.analyze(str(tmp_path / f"{name}{suffix}"), "rpi4b")


DEEP = ("[" * 100_000, "{a: " * 5000, "- " * 100_000, "? " * 5000, "\n".join(" " * n + "-" for n in range(3000)),
        "\u2028".join(" " * n + "a:" for n in range(3000)), '["]",' * 3000)  # fmt: skip


@pytest.mark.parametrize("number", range(len(DEEP)))
def test_yaml_nested_too_deeply_ends_in_a_line_not_in_the_process(number):
    with pytest.raises(InputError, match="nested too deeply"):
        parse_yaml(DEEP[number], "x")


def test_long_and_flat_yaml_is_taken():
    assert parse_yaml("a: [" + "[1]," * 1000 + "]", "x") == {"a": [[1]] * 1000}


@pytest.mark.parametrize(
    "text", ["tool = 5", "[tool]\ncostsim = 5", f"a = {'[' * 9000}", f"a = {'9' * 5000}", "a = 1\na = 2", "\0", "a = ["]
)
def test_toml_is_a_table_or_refused(tmp_path, text):
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_project(path)
    assert "\n" not in str(error.value)


CONDITIONS = '{"format": "costsim host measurements", "machine": "m"}\n'


@pytest.mark.parametrize(
    "visit",
    ["5", "[]", '{"network": "a"}', '{"network": "a", "seconds": NaN}', '{"network": "a", "seconds": 1e999}',
     '{"network": "a", "seconds": -1}', '{"network": "a", "seconds": "1"}', '{"network": [], "seconds": 1}',
     "[" * 9000, "\0" * 40],
)  # fmt: skip
def test_a_journal_holds_times_or_is_refused(tmp_path, visit):
    path = tmp_path / "j.jsonl"
    path.write_text(CONDITIONS + visit + "\n")
    with pytest.raises(InputError, match="no journal of measurements"):
        Journal(path, {"machine": "m"})
    assert path.read_text() == CONDITIONS + visit + "\n"


def test_a_journal_is_begun_in_no_file_of_others(tmp_path):
    path = tmp_path / "j.jsonl"
    path.write_text("one line without an end")
    with pytest.raises(InputError, match="no journal of measurements"):
        Journal(path, {"machine": "m"})
    assert path.read_text() == "one line without an end"
    path.write_text(CONDITIONS[:30])  # what a kill leaves of the first line
    Journal(path, {"machine": "m"}).add("a", 1.0)
    assert path.read_text().startswith(CONDITIONS)


@pytest.mark.parametrize("name", ["a\0b", "x" * 300, "missing/j.jsonl", "endless", ""])
def test_a_journal_is_a_file_or_refused(tmp_path, name):
    (tmp_path / "endless").symlink_to("/dev/zero")
    with pytest.raises(InputError):
        Journal(tmp_path / name, {"machine": "m"})


def test_a_journal_behind_a_link_goes_where_it_leads(tmp_path):
    (tmp_path / "link").symlink_to("there.jsonl")
    Journal(tmp_path / "link", {"machine": "m"}).add("a", 1.0)
    assert Journal(tmp_path / "there.jsonl", {"machine": "m"}).rounds("a") == (1.0,)


def test_a_message_has_a_length():
    assert len(str(InputError("x" * 10_000, where="y" * 10_000, mend="z" * 10_000))) < 2000
    assert len(str(unknown_name("network", "x" * 10_000, ["a", "b"]))) < 300
