"""``costsim serve`` under load: thirty people move sliders for two minutes, or for the seconds the first argument says.

Prints how many answers came, the median and the slowest tenth in seconds, and what was lost. Each person keeps one
network and device for a while, moves something every second, and now and then drops a file.
"""

from __future__ import annotations

import asyncio
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

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


async def person(address: str, file: Path, seed: int, until: float, taken_s: list[float], lost: list[str]) -> None:
    """One visitor, with a session of their own."""
    dice = random.Random(seed)
    async with httpx.AsyncClient(follow_redirects=True, timeout=60) as client:
        await client.get(address)
        base = address.partition("/?")[0]
        await asyncio.sleep(dice.random() * PAUSE_S)
        while time.monotonic() < until:
            network, hw = dice.choice(NETWORKS), dice.choice(DEVICES)
            page = (await client.get(f"{base}/controls", params={"network": network, "hw": hw})).text
            sliders = [(key, VALUE.findall(texts)) for texts, key in SLIDER.findall(page)]
            for turn in range(10):
                key, texts = dice.choice(sliders)
                began = time.monotonic()
                try:
                    if turn == 0 and dice.randrange(EVERY_UPLOAD // 10) == 0:
                        answer = await client.post(f"{base}/upload", files={"file": ("n.json", file.read_bytes())})
                    else:
                        asked = f"network={network}&hw={hw}&{quote(key)}={quote(dice.choice(texts))}"
                        answer = await client.get(f"{base}/answer?{asked}")
                        taken_s.append(time.monotonic() - began)
                    if answer.status_code != 200:
                        lost.append(f"{answer.status_code} {answer.url}")
                except httpx.HTTPError as error:
                    lost.append(repr(error))
                await asyncio.sleep(PAUSE_S)


async def load(address: str, file: Path) -> None:
    taken_s: list[float] = []
    lost: list[str] = []
    until = time.monotonic() + SECONDS
    await asyncio.gather(*(person(address, file, seed, until, taken_s, lost) for seed in range(PEOPLE)))
    taken_s.sort()
    print(
        f"{PEOPLE} people, {SECONDS:.0f} s: {len(taken_s)} answers, median {taken_s[len(taken_s) // 2]:.3f} s, "
        f"slowest tenth from {taken_s[len(taken_s) * 9 // 10]:.3f} s, {len(lost)} lost"
    )
    for line in lost[:5]:
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
            asyncio.run(load(server.stdout.readline().strip(), file))
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
