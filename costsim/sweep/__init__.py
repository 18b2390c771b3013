"""Design-space sweeps: networks, devices and run settings as axes, priced in chunks."""

from costsim.sweep.run import sweep
from costsim.sweep.spec import SweepSpec, load_spec

__all__ = ["SweepSpec", "load_spec", "sweep"]
