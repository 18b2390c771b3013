"""The promise of the one function that writes files, and what reading refuses."""

import os
import stat
import subprocess
import sys
import threading

import pytest

from costsim import files
from costsim.errors import InputError
from costsim.files import is_there, read_text, write_bytes, write_text


def test_new_file_has_the_mode_of_any_other(tmp_path):
    write_text(tmp_path / "a", "text")
    (tmp_path / "b").touch()
    assert (tmp_path / "a").read_text() == "text"
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_mode_of_the_file_that_is_replaced_is_kept(tmp_path, mode):
    target = tmp_path / "a"
    target.write_text("old")
    target.chmod(mode)
    write_text(target, "new")
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == mode


@pytest.mark.parametrize("there", [True, False])
def test_symbolic_link_is_followed(tmp_path, there):
    target, link = tmp_path / "target", tmp_path / "link"
    if there:
        target.write_text("old")
    link.symlink_to("target")
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_read_only_file_is_left_as_it_is(tmp_path):
    target = tmp_path / "a"
    target.write_text("old")
    target.chmod(0o444)
    with pytest.raises(InputError, match="read-only"):
        write_text(target, "new")
    assert target.read_text() == "old"


def test_pipe_is_written_into(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_bytes(pipe, b"x" * 1_000_000)
    reader.join()
    assert read == [b"x" * 1_000_000]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_pipe_that_nobody_reads_or_writes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE_S", 0.1)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="nobody reads"):
        write_text(pipe, "x")
    with pytest.raises(InputError, match="nobody writes"):
        read_text(pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_pipe_is_read_until_its_writer_is_done(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("word\n" * 100_000))
    writer.start()
    assert read_text(pipe) == "word\n" * 100_000
    writer.join()


def test_terminal_is_written_into():
    master, slave = os.openpty()
    write_text(os.ttyname(slave), "shown")
    assert os.read(master, 5) == b"shown"


def test_standard_output_goes_on_where_it_is(tmp_path):
    code = (
        "from costsim.files import write_text; print('before'); write_text('/dev/stdout', 'written\\n'); print('after')"
    )
    with (tmp_path / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "before\nwritten\nafter\n"


def test_what_is_written_reaches_the_disk_before_its_name_does(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda handle: seen.append(os.fstat(handle).st_size))
    write_bytes(tmp_path / "a", b"12345")
    assert seen == [5]


@pytest.mark.parametrize("name", ["x" * 300, "no\0name", "none/file"])
def test_path_that_cannot_be_is_one_line(tmp_path, name):
    assert not is_there(tmp_path / name)
    for action in (read_text, lambda path: write_text(path, "x")):
        with pytest.raises(InputError):
            action(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_longest_name_can_be_written(tmp_path):
    write_text(tmp_path / ("ü" * 127), "x")
    assert [path.name for path in tmp_path.iterdir()] == ["ü" * 127]


def test_endless_text_is_refused(monkeypatch):
    monkeypatch.setattr(files, "LARGEST_TEXT", 1000)
    with pytest.raises(InputError, match="longer than"):
        read_text("/dev/zero")


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    target = tmp_path / "a"
    target.write_text("old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        write_text(target, "new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
