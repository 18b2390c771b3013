"""Hardware is data: profiles, how they are read, and how their fields become columns."""

from costsim.hardware.folders import profile_names
from costsim.hardware.load import load_profile, read_profile_text, write_profile
from costsim.hardware.profile import Profile

__all__ = ["Profile", "load_profile", "profile_names", "read_profile_text", "write_profile"]
