"""Wider or finer? The most multiply-accumulates ShuffleNetV2 can do on a Raspberry Pi 4 within a latency.

A sweep of width and resolution. For every budget the table names the network that spends it on the
most multiply-accumulates, a stand-in for accuracy. Takes seconds.
"""

from common import swept

SPEC = {
    "network": "shufflenet_v2_1x",
    "hw": "rpi4b",
    "axes": {"network.width": "0.4 .. 2.4 step 0.05", "input_size": "96 .. 320 step 16"},
    "objectives": {"latency_ms": "min", "macs": "max"},
}

BUDGETS_MS = (10, 15, 20, 30, 40, 60, 80)

if __name__ == "__main__":
    front = swept(__file__, __doc__, SPEC).pareto
    print("\nWithin      width  input     Mmacs")
    for budget in BUDGETS_MS:
        within = front[front["latency_ms"] <= budget]
        if len(within):
            best = within.loc[within["macs"].idxmax()]
            print(f"{budget:>4} ms {best['network.width']:>10.2f} {best['input_size']:>6} {best['macs'] / 1e6:>9.0f}")
