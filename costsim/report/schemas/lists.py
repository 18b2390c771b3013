"""What ``hw list`` and ``nets list`` print."""

from __future__ import annotations

from pydantic import Field

from costsim.report.schemas.parts import Document, Part, Shape, Status


class Profile(Part):
    """A device by name."""

    name: str
    aliases: list[str]
    family: str
    dtypes: list[str]
    default_threads: int
    max_threads: int
    status: Status
    low_ratio: float
    high_ratio: float
    origin: str = Field(alias="from")
    """The package it comes from, or ``user``."""
    title: str


class ProfilesDocument(Document):
    """What ``costsim hw list --format json`` prints."""

    profiles: list[Profile]


class Network(Part):
    """A network of the zoo; without sizes where they were not asked for, with measures by name where they were."""

    name: str
    family: str
    input_shape: Shape = Field(default_factory=list)
    params: int = 0
    macs: int = 0


class NetworksDocument(Document):
    """What ``costsim nets list --format json`` prints."""

    networks: list[Network]
