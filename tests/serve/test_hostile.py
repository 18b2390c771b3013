"""A thousand uploads meant to harm: no other file is opened, no address called, and the page answers all the while."""

from __future__ import annotations

import re
import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from costsim.serve.app import create_app
from tests.serve.hostile import File, damaged, exhausting, spying
from tests.serve.opened import listening, was_called, was_opened, watched

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="who opens a file is asked of Linux")

SECRET = b"\x02\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0 nobody may read this"
"""Begins with the shape (2, 8), so that a reader that opened it would find it sound."""

LONGEST_LINE = 700


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app(token=None, hosts=["testserver"], upload_s=20)) as client:
        yield client


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret.bin"
    file.write_bytes(SECRET)
    return file


def test_what_watches_over_the_others_sees_an_open_file_and_a_call(secret):
    with watched(secret) as opened, listening() as listener:
        assert not was_opened(opened) and not was_called(listener)
        secret.read_bytes()
        socket.create_connection(listener.getsockname()).close()
        assert was_opened(opened) and was_called(listener)


def harmless(client: TestClient, files: Iterable[File], opened: int, listener: socket.socket) -> dict[int, int]:
    """Upload the files; how often each status came. Fails where one did more than be refused or read."""
    seen: dict[int, int] = {}
    before = folders()
    for name, content in files:
        answer = client.post("/upload", files={"file": (name, content)})
        seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
        assert answer.status_code in (200, 400, 422), (name, answer.status_code)
        assert not was_opened(opened), name
        assert not was_called(listener), name
        for word in ("Traceback", "costsim-upload-", "nobody may read this", "root:x:0"):
            assert word not in answer.text, (name, word)
        assert answer.status_code == 200 or len(answer.text) < LONGEST_LINE, (name, answer.text)
    assert folders() <= before
    assert re.search('class="latency"', client.get("/answer?network=resnet18&hw=rpi4b").text)
    return seen


def folders() -> set[Path]:
    """What uploads are read in, while they are read."""
    return set(Path(tempfile.gettempdir()).glob("costsim-upload-*"))


def test_no_file_but_the_upload_is_opened(client, secret):
    with watched(secret) as opened, listening() as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        files = list(spying(secret, url))
        harmless(client, files[:: len(files) // 25], opened, listener)


@pytest.mark.slow
def test_a_thousand_hostile_uploads(client, secret):
    with watched(secret) as opened, listening() as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        files = [*spying(secret, url), *exhausting()]
        files += damaged(1000 - len(files))
        seen = harmless(client, files, opened, listener)
    assert sum(seen.values()) == 1000
    assert seen[422] > 500
