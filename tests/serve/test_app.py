"""The served page: what it answers, whom it lets in, and what it refuses."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

import costsim
from costsim.importers.json import save_network
from costsim.serve.app import create_app
from costsim.units import format_milliseconds
from tests.random_networks import network as random_network

TOKEN = "secret"
HOSTS = ["testserver"]


@pytest.fixture(scope="module")
def served() -> Iterator[TestClient]:
    with TestClient(create_app(token=TOKEN, hosts=HOSTS, upload_s=30)) as client:
        yield client


@pytest.fixture
def visitor(served) -> TestClient:
    """Somebody who does not know the token."""
    served.cookies.clear()
    return served


@pytest.fixture
def client(visitor) -> TestClient:
    assert visitor.get(f"/?token={TOKEN}").status_code == 200
    return visitor


def upload(client: TestClient, name: str, content: bytes, **fields: str):
    return client.post("/upload", files={"file": (name, content)}, data=fields)


def latency(text: str) -> str:
    return re.search(r'class="latency"><strong>([^<]*)<', text)[1]


def chosen_network(text: str) -> str:
    return re.search(r'<option value="(upload-[^"]*)" selected', text)[1]


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ({"network": "mobilenet_v2_1x", "hw": "rpi4b"}, {}),
        ({"network": "mobilenet_v2_1x", "hw": "rpi4b", "threads": "4", "batch": "8"}, {"threads": 4, "batch": 8}),
        ({"network": "resnet18", "hw": "rpi4b", "input_size": "3x320x320"}, {"input_size": "3x320x320"}),
        (
            {"network": "resnet18", "hw": "gtx_1080ti", "set.clock": "3.164 GHz"},
            {"settings": {"hardware.clock": "3.164 GHz"}},
        ),
        (
            {"network": "vargnet_v1_1x", "hw": "embedded_buffer", "set.onchip size": "256 KiB"},
            {"settings": {"hardware.memory.onchip.size": "256 KiB"}},
        ),
        ({"network": "resnet18", "hw": "rpi4b", "runtime": "xnnpack"}, {"runtime": "xnnpack"}),
    ],
)
def test_an_answer_is_that_of_analyze(client, query, options):
    text = client.get(f"/answer?{urlencode(query)}").text
    analysis = costsim.analyze(query["network"], query["hw"], **options)
    assert latency(text) == format_milliseconds(analysis.latency_ms)


def test_the_command_shown_gives_the_answer_shown(client, run):
    query = {
        "network": "vargnet_v1_1x",
        "hw": "embedded_buffer",
        "set.dram bandwidth": "6.4 GB/s",
        "input_size": "3x160x160",
    }
    text = client.get(f"/answer?{urlencode(query)}").text
    command = html.unescape(re.search(r'class="command"><code>([^<]*)<', text)[1])
    assert "--set" in command and "--input-size 3x160x160" in command
    _, out, _ = run(*command.split()[1:])
    assert latency(text) in out


def test_every_setting_of_every_slider_is_answered(client):
    for network, hw in (("mobilenet_v1_0.25x", "rpi4b"), ("mobilenet_v1_0.25x", "stm32h743"), ("resnet18", "stm32n6")):
        text = client.get(f"/?{urlencode({'network': network, 'hw': hw})}").text
        sliders = re.findall(r'data-texts="([^"]*)"[^>]*>\s*<input type="hidden" name="([^"]*)"', text)
        assert sliders
        for texts, key in sliders:
            for value in re.findall(r'"([^"]*)"', html.unescape(texts)):
                answer = client.get(f"/answer?{urlencode({'network': network, 'hw': hw, key: value})}")
                assert answer.status_code == 200
                assert 'class="latency"' in answer.text or 'class="note failed"' in answer.text


def test_devices_stand_beside_each_other(client):
    query = {"network": "resnet18", "hw": "rpi4b", "beside": ["gtx_1080ti", "rpi3b_plus"]}
    text = client.get(f"/answer?{urlencode(query, doseq=True)}").text
    table = text[text.index("On other devices") : text.index("The slowest layers")]
    for hw in ("rpi4b", "gtx_1080ti", "rpi3b_plus"):
        assert hw in table
        assert format_milliseconds(costsim.analyze("resnet18", hw).latency_ms) in table


def test_the_address_is_what_one_sees(client):
    answer = client.get("/answer?network=resnet18&hw=arm_a72&threads=2&threads_of_mine=7&set.clock=1.8%20GHz")
    assert answer.headers["HX-Replace-Url"] == "/?network=resnet18&hw=rpi4b&threads=2"
    again = client.get(answer.headers["HX-Replace-Url"]).text
    assert latency(again) == latency(answer.text)


def test_the_report_is_the_page_in_an_origin_of_its_own(client):
    answer = client.get("/report?network=shufflenet_v2_0.5x&hw=rpi4b")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert 'id="payload"' in answer.text
    refused = client.get("/report?network=nosuch&hw=rpi4b")
    assert "unknown network" in refused.text


def test_an_upload_is_answered_and_belongs_to_its_visitor_alone(client, tmp_path):
    graph = random_network(3)
    save_network(graph, tmp_path / "mine.json")
    answer = upload(client, "C:\\nets\\mine.json", (tmp_path / "mine.json").read_bytes(), hw="rpi4b")
    assert answer.status_code == 200
    assert latency(answer.text) == format_milliseconds(costsim.analyze(graph, "rpi4b").latency_ms)
    key = chosen_network(answer.text)
    assert "mine.json" in answer.text
    assert latency(client.get(f"/answer?network={key}&hw=rpi4b").text) == latency(answer.text)
    client.cookies.delete("costsim_session")
    assert "no longer here" in client.get(f"/answer?network={key}&hw=rpi4b").text


def test_a_bad_upload_is_one_line_and_hurts_nobody(client, tmp_path):
    for name, content in (
        ("x.onnx", b"\x00" * 500),
        ("x.json", b"{"),
        ("x.param", b"7767517\n1 1\nConvolution"),
        ("x.tflite", b"TFL3" * 9),
        ("x.exe", b"MZ"),
        ("../../etc/passwd", b"root"),
        ("", b""),
    ):
        answer = upload(client, name, content)
        assert answer.status_code in (400, 422), name
        assert "Traceback" not in answer.text
        assert str(tmp_path.parent) not in answer.text and "costsim-upload-" not in answer.text
        assert len(answer.text) < 600
    assert latency(client.get("/answer?network=resnet18&hw=rpi4b").text)


def test_a_file_that_takes_too_long_is_given_up(tmp_path):
    save_network(random_network(1), tmp_path / "net.json")
    with TestClient(create_app(token=None, hosts=HOSTS, upload_s=0.05)) as client:
        answer = upload(client, "net.json", (tmp_path / "net.json").read_bytes())
    assert answer.status_code == 422
    assert "takes longer than 0.05 s" in answer.text


def test_a_file_that_is_too_long_is_not_even_read():
    with TestClient(create_app(token=None, hosts=HOSTS, upload_bytes=10_000)) as client:
        assert upload(client, "net.json", b"x" * 20_000).status_code == 413
        endless = client.post(
            "/upload",
            content=(b"x" * 1000 for _ in range(50)),
            headers={"content-type": "multipart/form-data; boundary=b"},
        )
        assert endless.status_code == 413


def test_whoever_does_not_know_the_token_sees_nothing(visitor):
    for path in ("/", "/answer?network=resnet18&hw=rpi4b", "/static/serve.css", "/?token=wrong", "/report"):
        answer = visitor.get(path)
        assert answer.status_code == 403
        assert "resnet" not in answer.text
    visitor.cookies.set("costsim_access", "wrong")
    assert visitor.post("/upload", files={"file": ("a.json", b"{}")}).status_code == 403


def test_another_sites_name_is_refused(client):
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../README.md", "a\\b.onnx", "net.onnx", "nosuch", "upload-x", "", "<script>alert(1)</script>"],
)
def test_no_path_of_the_server_is_opened(client, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_network(random_network(1), Path("net.onnx"))
    text = client.get(f"/answer?{urlencode({'network': name or 'net.json', 'hw': 'rpi4b'})}").text
    assert 'class="note failed"' in text
    assert "<script>alert" not in text


@pytest.mark.parametrize("hw", ["/etc/passwd", "hwprofiles/rpi4b.yaml", "../rpi4b", "nosuch"])
def test_no_profile_but_the_named_ones_is_read(client, hw):
    assert "unknown device" in client.get(f"/answer?{urlencode({'network': 'resnet18', 'hw': hw})}").text


def test_settings_no_slider_has_change_nothing(client):
    plain = client.get("/answer?network=resnet18&hw=rpi4b").text
    odd = client.get(
        "/answer?network=resnet18&hw=rpi4b&threads=99&batch=-1&set.clock=1e999%20GHz&set.cores=7&dtype=int3"
    ).text
    assert latency(odd) == latency(plain)
