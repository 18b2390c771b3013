"""What a family of devices answers. Built-in families and plug-ins implement the same class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from costsim.errors import InputError
from costsim.hardware.profile import DTYPE_BYTES, Profile
from costsim.tables.costtable import CostTable
from costsim.tables.optable import OpTable


@dataclass(frozen=True)
class RunConfig:
    """How the network is run on the device."""

    dtype: str
    threads: Any = 1
    """A count, or one per point."""

    @classmethod
    def of(cls, profile: Profile, dtype: str | None = None, threads: int | None = None) -> RunConfig:
        """The profile's defaults where nothing is asked for.

        Raises:
            InputError: a data type the runtime does not have, or more threads than cores.
        """
        dtypes = profile.runtime.dtypes
        if dtype is not None and dtype not in dtypes:
            raise InputError(
                f"{profile.runtime.name} on {profile.name} does not run {dtype}",
                where="--dtype",
                mend=f"it runs {', '.join(dtypes)}",
            )
        if threads is not None and not 1 <= threads <= profile.max_threads:
            raise InputError(
                f"{threads} threads on {profile.name}",
                where="--threads",
                mend=f"it takes 1 to {profile.max_threads}" if profile.max_threads > 1 else "it takes 1",
            )
        return cls(dtype or dtypes[0], threads or profile.default_threads)

    @property
    def elem_bytes(self) -> float:
        return DTYPE_BYTES[self.dtype]


class DeviceModel(ABC):
    """Prices op tables on the profiles of one family. Stateless; all arrays are ``(ops, points)``."""

    profile_type: ClassVar[type[Profile]]
    """The pydantic class profiles of this family are checked by."""

    def plan(self, ops: OpTable, profile: Any, run: RunConfig) -> OpTable:
        """Decide what runs as one group and which tensors stay on chip, before costing.

        Raises:
            DoesNotFitError: an op cannot run on this device whatever the plan.
        """
        return ops

    @abstractmethod
    def costs(self, ops: OpTable, profile: Any, run: RunConfig) -> CostTable:
        """Named ceilings, overheads and traffic of every op.

        The laws every family is held to: more bandwidth, buffer or cores are never slower;
        ``traffic['dram']`` is at least the bytes no plan can avoid; time is at least macs over
        peak; every executed op costs something.
        """
