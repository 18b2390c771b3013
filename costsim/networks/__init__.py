"""The zoo: networks of the papers, one short file a family."""

from costsim.networks.zoo import Family, build, network_names

__all__ = ["Family", "build", "network_names"]
