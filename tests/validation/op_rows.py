"""Single convolutions as rows of an op table, for oracles that list layers and not networks."""

from __future__ import annotations

from typing import Any

from costsim.tables.optable import COLUMNS, MAC, OpLabel, OpTable


def convolutions(layers: list[dict[str, Any]]) -> OpTable:
    """A table with one unconnected row per layer.

    Keys: ``c_in, c_out, h_in, kernel``; and where they differ from the usual ``n`` 1, ``stride`` 1,
    ``groups`` 1, ``h_out`` h_in / stride, ``h_stored`` h_out (after fused pooling), ``adds`` False (reads
    a second operand of the output's size), ``elem_bytes`` 1.
    """
    labels, rows = [], []
    for number, layer in enumerate(layers):
        n, stride, groups = (layer.get(key, 1) for key in ("n", "stride", "groups"))
        c_in, c_out, h_in, kernel = (layer[key] for key in ("c_in", "c_out", "h_in", "kernel"))
        h_out = layer.get("h_out", h_in // stride)
        h_stored = layer.get("h_stored", h_out)
        output = n * c_out * h_stored**2
        weights = c_in // groups * c_out * kernel**2
        macs = n * weights * h_out**2
        op = "linear" if h_in == 1 else "conv"
        name = f"{number}_{op}_{c_in}x{h_in}_{c_out}_{kernel}"
        labels.append(OpLabel(name, op, op, "", (name,), (n, c_out, h_stored, h_stored)))
        rows.append(
            {
                "kind": MAC, "n": n, "groups": groups, "c_in_per_group": c_in // groups,
                "c_out_per_group": c_out // groups, "h_in": h_in, "w_in": h_in, "h_out": h_out, "w_out": h_out,
                "kernel_h": kernel, "kernel_w": kernel, "stride_h": stride, "stride_w": stride,
                "dilation_h": 1, "dilation_w": 1, "input_elems": n * c_in * h_in**2 + output * layer.get("adds", False),
                "output_elems": output, "weight_elems": weights, "params": weights, "macs": macs, "flops": 2 * macs,
                "epilogue_flops": 0, "elem_bytes": layer.get("elem_bytes", 1),
                "weight_elem_bytes": layer.get("elem_bytes", 1),
            }
        )  # fmt: skip
    return OpTable.from_rows(
        labels, [(-1,)] * len(rows), [[row[c.name] for c in COLUMNS] for row in rows], range(len(rows))
    )
