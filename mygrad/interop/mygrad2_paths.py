"""The modules that MyGrad 2 has and mygrad has not, as places to import from.

Each of them has the names of the module that it is in, and of `mygrad` itself:
``from mygrad.math.misc.funcs import sqrt`` is ``from mygrad import sqrt``. Where the two layouts
agree there is a module of that name instead.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

__all__ = ["install"]

PATHS = """
    indexing_routines indexing_routines.funcs linalg.funcs math.arithmetic.funcs math.consts
    math.exp_log.funcs math.hyperbolic_trig.funcs math.misc math.misc.funcs math.nondifferentiable
    math.sequential.funcs math.trigonometric.funcs no_grad_funcs random.funcs
    tensor_creation.funcs tensor_manip.array_shape.funcs tensor_manip.tensor_joining.funcs
    tensor_manip.tiling.funcs tensor_manip.transpose_like.funcs ufuncs
""".split()


def install(mygrad: Any) -> None:
    """Make these modules.

    Parameters
    ----------
    mygrad
        The module whose public names they share, complete.
    """
    names = _public(mygrad)
    for path in PATHS:
        name = f"{mygrad.__name__}.{path}"
        above, _, last = name.rpartition(".")
        parent = sys.modules[above]
        module = ModuleType(name, f"An import path of MyGrad 2; see `{above}` and `mygrad`.")
        vars(module).update({**names, **_public(parent)}, __path__=[])
        sys.modules[name] = module
        setattr(parent, last, module)


def _public(module: ModuleType) -> dict[str, Any]:
    return {name: value for name, value in vars(module).items() if not name.startswith("_")}
