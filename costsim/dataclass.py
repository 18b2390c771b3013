"""Data classes whose methods are compiled when the first object is made: most that a command loads are never made.

``dataclasses.dataclass`` compiles six methods for every frozen class, which took a sixth of a command's time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses
    from operator import attrgetter

    def dataclass(*, frozen: bool, eq: bool = True) -> Any:
        """As ``dataclasses.dataclass`` does it for frozen classes, with its defaults for all that is not named."""
        assert frozen, "a class that changes is a plain data class"

        def decorated(cls: type) -> type:
            for name, method in (_SHARED | (_BY_VALUE if eq else {})).items():
                if name not in cls.__dict__:
                    setattr(cls, name, method)
            dataclasses.dataclass(frozen=True, init=False, repr=False, eq=False)(cls)
            compared = [field.name for field in dataclasses.fields(cls) if field.compare]
            cls._compared = attrgetter(*compared) if compared else tuple
            return cls

        return decorated

    def _made_first(self: Any, *args: Any, **named: Any) -> None:
        """Stands in the place of ``__init__`` until there is a first object."""
        cls = next(base for base in type(self).__mro__ if "__init__" in base.__dict__)
        cls.__init__ = _compiled(cls)
        cls.__init__(self, *args, **named)

    def _compiled(cls: type) -> Any:
        """``__init__`` with a parameter for every field, as ``dataclasses`` writes it."""
        init = [field for field in dataclasses.fields(cls) if field.init]
        known = {"_set": object.__setattr__, "_missing": dataclasses.MISSING}
        parameters, positional = ["self"], [field for field in init if not field.kw_only]
        for field in (*positional, None, *(field for field in init if field.kw_only)):
            if field is None:
                parameters += ["*"] if len(positional) < len(init) else []
                continue
            known[f"_{field.name}"] = field.default
            optional = not (field.default is field.default_factory is dataclasses.MISSING)
            parameters.append(f"{field.name}=_{field.name}" if optional else field.name)
        lines = []
        for field in dataclasses.fields(cls):
            value = field.name
            if field.default_factory is not dataclasses.MISSING:
                known[f"_make_{field.name}"] = field.default_factory
                made = f"_make_{field.name}()"
                value = f"{made} if {value} is _missing else {value}" if field.init else made
            elif not field.init:
                continue
            lines.append(f" _set(self, {field.name!r}, {value})")
        lines += [" self.__post_init__()"] if hasattr(cls, "__post_init__") else []
        exec(f"def __init__({', '.join(parameters)}):\n" + "\n".join(lines or [" pass"]), known)
        return known["__init__"]

    def _as_text(self: Any) -> str:
        shown = (field.name for field in dataclasses.fields(self) if field.repr)
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def _is_equal(self: Any, other: object) -> Any:
        return self._compared(self) == self._compared(other) if other.__class__ is self.__class__ else NotImplemented

    def _hashed(self: Any) -> int:
        return hash(self._compared(self))

    _SHARED = {"__init__": _made_first, "__repr__": _as_text}
    _BY_VALUE = {"__eq__": _is_equal, "__hash__": _hashed}
