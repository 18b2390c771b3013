"""Modules written in one line, and their programs."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
nn = torch.nn


class Net(nn.Module):
    """A module made of parts by name and a function of them and the inputs."""

    def __init__(self, forward: Any, **parts: Any) -> None:
        super().__init__()
        for name, part in parts.items():
            if isinstance(part, torch.Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(name, part)
            else:
                setattr(self, name, part)
        self.run = forward

    def forward(self, *inputs: Any) -> Any:
        return self.run(self, *inputs)


def weight(*shape: int) -> Any:
    return nn.Parameter(torch.randn(shape))


def program(module: Any, *shape: int, **options: Any) -> Any:
    return torch.export.export(module.eval(), (torch.zeros(*shape),), **options)
