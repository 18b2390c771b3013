"""Logs of benchmark programs: ncnn's ``benchncnn`` and TFLite's ``benchmark_model``."""

from __future__ import annotations

import re
from itertools import pairwise

ZOO_NAMES = {
    "alexnet": "alexnet",
    "efficientnet_b0": "efficientnet_b0",
    "googlenet": "googlenet",
    "mnasnet": "mnasnet_b1",
    "mobilenet": "mobilenet_v1_1x",
    "mobilenet_v2": "mobilenet_v2_1x",
    "mobilenet_v3": "mobilenet_v3_large",
    "proxylessnasnet": "proxylessnas_mobile",
    "regnety_400m": "regnety_400mf",
    "resnet18": "resnet18",
    "resnet50": "resnet50_v1",
    "shufflenet": "shufflenet_v1_g3_1x",
    "shufflenet_v2": "shufflenet_v2_1x_torchvision",
    "squeezenet": "squeezenet_1_1",
    "vgg16": "vgg16",
}
"""Names benchncnn prints, and the zoo's networks of the same layers; its other networks are left out."""

_TIME = r"[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?"

_NCNN_LINE = re.compile(
    rf"^\s*(\S+)\s+min\s*=\s*({_TIME})\s+max\s*=\s*{_TIME}\s+avg\s*=\s*{_TIME}(?![\w.])", re.MULTILINE
)
_NCNN_THREADS = re.compile(r"^\s*num_threads\s*=\s*([0-9]{1,6})\b", re.MULTILINE)

_TFLITE_GRAPH = re.compile(r"Graph:\s*\[([^\]]+)\]")
_TFLITE_THREADS = re.compile(r"(?:Num threads|#threads used for CPU inference):\s*\[([0-9]{1,6})\]")
_TFLITE_AVERAGE = re.compile(rf"Inference \(avg\):\s*({_TIME})(?![\w.])")

Entry = tuple[str, float, int | None]
"""(network, seconds, threads)"""


def parse_log(text: str) -> list[Entry]:
    """Measurements in a log; none if it is of neither program."""
    return _benchncnn(text) or _benchmark_model(text)


def _benchncnn(text: str) -> list[Entry]:
    """``mobilenet  min = 104.71  max = 105.9  avg = 105.2``, in milliseconds; the minimum counts."""
    stated = _NCNN_THREADS.search(text)
    threads = int(stated[1]) if stated else None
    return [
        (ZOO_NAMES[name], float(fastest) * 1e-3, threads)
        for name, fastest in _NCNN_LINE.findall(text)
        if name in ZOO_NAMES
    ]


def _benchmark_model(text: str) -> list[Entry]:
    """One network a run; several runs may be pasted one after another. Times in microseconds."""
    found = []
    starts = [match.start() for match in _TFLITE_GRAPH.finditer(text)]
    for begin, end in pairwise([*starts, len(text)]):
        part = text[begin:end]
        graph, threads, average = (p.search(part) for p in (_TFLITE_GRAPH, _TFLITE_THREADS, _TFLITE_AVERAGE))
        if graph and average:
            network = re.sub(r"\.tflite$", "", graph[1].replace("\\", "/").rsplit("/", 1)[-1])
            found.append((network, float(average[1]) * 1e-6, int(threads[1]) if threads else None))
    return found
