"""The Python array API standard on tensors.

``t.__array_namespace__()`` hands the namespace to code that was written for the standard. Its
functions are mygrad's under the standard's names, with the standard's parameters. All that they
return are tensors: what has no derivative is constant.

Names of this package are those of the namespace for the selected array library.
"""

from __future__ import annotations

from typing import Any

from mygrad.interop.array_api.namespace import (
    StandardNamespace,
    array_namespace,
    namespace_for,
    use_names,
)

__all__ = ["StandardNamespace", "array_namespace", "namespace_for", "use_names"]


def __getattr__(name: str) -> Any:
    return getattr(namespace_for(), name)
