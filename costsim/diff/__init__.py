"""What got slower between two networks, layer by layer, and how sure that is."""

from costsim.diff.baseline import Side, read_baseline
from costsim.diff.difference import DeviceDiff, diff
from costsim.diff.limit import Limit, parse_limit
from costsim.diff.match import Change

__all__ = ["Change", "DeviceDiff", "Limit", "Side", "diff", "parse_limit", "read_baseline"]
