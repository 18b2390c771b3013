"""Real edits of a network: each returns a new graph with all shapes inferred anew.

They change what a network costs. What it learns they do not know.
"""

from costsim.edit.branches import merge_branches
from costsim.edit.equal_macs import balance_channels, change_groups, fewer_groups, fix_group_channels, round_widths
from costsim.edit.movement import strided_access, without_elementwise
from costsim.edit.reparameterise import reparameterise
from costsim.edit.sizes import group_convs, scale_widths, swap_activations

__all__ = [
    "balance_channels",
    "change_groups",
    "fewer_groups",
    "fix_group_channels",
    "group_convs",
    "merge_branches",
    "reparameterise",
    "round_widths",
    "scale_widths",
    "strided_access",
    "swap_activations",
    "without_elementwise",
]
