"""K1: shapes that a kernel library has no fast loop for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from costsim.devices import device_for
from costsim.edit.equal_macs import round_widths
from costsim.guidelines.base import Case, Suspicion


def slow_kernels(case: Case) -> Iterator[Suspicion]:
    """{count} off the library's fast loops: {cause}.

    A kernel library has its fastest loop for the shapes that most networks have. On a microcontroller one instruction
    multiplies two, eight or sixteen values: sums over channels that are no multiple of a block have a rest, which is
    computed one after another or in lanes that idle. Strided 1x1 convolutions are copied window by window; depthwise
    convolutions with several outputs a channel or dilated windows take a loop that multiplies one value at a time.

    Priced against the network with its free widths rounded to multiples of the block and scaled so that it keeps its
    multiply-accumulates within 1 %, where widths are the cause and whole multiples can; else against the same ops at
    the pace of the fast loop.
    """
    made = case.simulation
    for detour in device_for(made.profile).detours(made.ops, made.profile, made.run):
        for region in case.regions:
            rows = case.rows(region.nodes)
            rows = rows[detour.saved_s[rows] > 0]
            if not len(rows):
                continue
            evidence = {"count": f"{len(rows)} op{'s' * (len(rows) > 1)}", "cause": detour.cause}
            nodes = tuple(name for row in rows for name in made.ops.labels[row].layers)
            edit = partial(round_widths, multiple=detour.multiple) if detour.multiple else None
            saved_s = float(detour.saved_s[rows].sum())
            yield Suspicion(region.name, nodes, evidence, edit, partial(float, saved_s), detour.instruction)
