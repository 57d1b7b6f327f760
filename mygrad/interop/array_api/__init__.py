"""The Python array API standard on tensors.

``t.__array_namespace__()`` hands the namespace to code that was written for the standard. Its
functions are mygrad's under the standard's names, with the standard's parameters. All that they
return are tensors: what has no derivative is constant.

Names of this package are those of the namespace for the selected array library.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from mygrad.interop.array_api.namespace import (
    StandardNamespace,
    array_namespace,
    namespace_for,
    use_names,
)
from mygrad.tensors import dialect

__all__ = ["StandardNamespace", "array_namespace", "namespace_for", "use_names"]


class _OfSelected(ModuleType):
    """This package, which stands for a namespace."""


sys.modules[__name__].__class__ = _OfSelected


def __getattr__(name: str) -> Any:
    namespace = namespace_for()
    found = getattr(namespace, name)
    if not name.startswith("_"):
        dialect.take_up(namespace)
        dialect.take_up(sys.modules[__name__])
    return found
