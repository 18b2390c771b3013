"""How large an on-chip buffer is worth its area as networks grow wider: VarGNet against MobileNet.

A sweep of width and buffer size on an embedded accelerator. The page shows which networks reach the
front of latency, traffic and multiply-accumulates, and what a larger buffer saves. Takes seconds.
"""

from common import swept

SPEC = {
    "network": ["mobilenet_v1_1x", "vargnet_v1_1x"],
    "hw": "embedded_buffer",
    "axes": {
        "network.width": "0.25 .. 1.5 step 0.25",
        "hardware.memory.onchip.size": "64 KiB .. 4 MiB log2",
    },
    "objectives": {"latency_ms": "min", "dram_bytes": "min", "macs": "max"},
    "top": 100,
}

if __name__ == "__main__":
    table = swept(__file__, __doc__, SPEC).best
    table["dram_mib"] = table["dram_bytes"] / 2**20
    table["buffer_kib"] = table["hardware.memory.onchip.size"] / 2**10
    print("\nMiB moved to and from DRAM, by buffer in KiB:")
    print(table.pivot_table("dram_mib", ["network", "network.width"], "buffer_kib").round(1).to_string())
