"""``costsim serve`` under load: thirty people move sliders for two minutes, or for the seconds the first argument says.

Prints how many answers came, the median and the slowest tenth in seconds, and what was lost; answers are those to a
slider, to another network or device, and to a file. Each person keeps one network and device for a while, moves
something every second, and now and then drops a file.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from costsim.importers.json import save_network
from costsim.networks import build

PEOPLE, SECONDS, PAUSE_S = 30, float(sys.argv[1]) if sys.argv[1:] else 120.0, 1.0
NETWORKS = ("shufflenet_v2_1x", "mobilenet_v2_1x", "resnet18", "resnet50", "vargnet_v1_1x", "efficientnet_b0")
DEVICES = ("rpi4b", "gtx_1080ti", "embedded_buffer", "stm32h743", "rtx_3090")
SLIDER = re.compile(r'data-texts="([^"]*)"[^>]*>\s*<input type="hidden" name="([^"]*)"')
VALUE = re.compile("&#34;([^&]*)&#34;")
EVERY_UPLOAD = 40
"""Answers after which a person drops a file."""


@dataclass
class Seen:
    """What the visitors saw, all together."""

    until: float
    taken_s: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    async def ask(self, client: httpx.AsyncClient, method: str, address: str, **sent: Any) -> str:
        """The answer to a request, which is timed; empty where none came."""
        began = time.monotonic()
        try:
            answer = await client.request(method, address, **sent)
        except httpx.HTTPError as error:
            self.lost.append(repr(error))
            return ""
        self.taken_s.append(time.monotonic() - began)
        if answer.status_code != 200:
            self.lost.append(f"{answer.status_code} {answer.url}")
        return answer.text


async def person(client: httpx.AsyncClient, file: bytes, seed: int, seen: Seen) -> None:
    """One visitor, with a session of their own."""
    dice = random.Random(seed)
    await asyncio.sleep(dice.random() * PAUSE_S)
    while time.monotonic() < seen.until:
        here = {"network": dice.choice(NETWORKS), "hw": dice.choice(DEVICES)}
        page = await seen.ask(client, "GET", "/controls", params=here)
        sliders = [(key, VALUE.findall(texts)) for texts, key in SLIDER.findall(page)]
        for turn in range(10):
            await asyncio.sleep(PAUSE_S)
            if turn == 0 and dice.randrange(EVERY_UPLOAD // 10) == 0:
                await seen.ask(client, "POST", "/upload", files={"file": ("n.json", file)})
            elif sliders:
                key, texts = dice.choice(sliders)
                await seen.ask(client, "GET", "/answer", params=here | {key: dice.choice(texts)})


async def load(address: str, file: bytes) -> None:
    base = address.partition("/?")[0]
    async with AsyncExitStack() as stack:
        people = [
            await stack.enter_async_context(
                httpx.AsyncClient(base_url=base, follow_redirects=True, timeout=60, verify=False)
            )
            for _ in range(PEOPLE)
        ]
        for client in people:  # everybody has the page open before the first slider moves
            (await client.get(address)).raise_for_status()
        seen = Seen(time.monotonic() + SECONDS)
        await asyncio.gather(*(person(client, file, seed, seen) for seed, client in enumerate(people)))
    taken_s = sorted(seen.taken_s)
    print(
        f"{PEOPLE} people, {SECONDS:.0f} s, load average {os.getloadavg()[0]:.1f}: {len(taken_s)} answers, "
        f"median {median(taken_s):.3f} s, slowest tenth from {taken_s[len(taken_s) * 9 // 10]:.3f} s, "
        f"{len(seen.lost)} lost"
    )
    for line in seen.lost[:5]:
        print(f"  {line}")


def main() -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "costsim", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.json"
        save_network(build("shufflenet_v2_1x"), file)
        try:
            asyncio.run(load(server.stdout.readline().strip(), file.read_bytes()))
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
