"""Import paths of MyGrad 2, and of the first edition of this library, as places to import from.

`PATHS` is the table: each old module, and the modules of this library that have its names. An old
module also has the names of `mygrad` itself: ``from mygrad.math.misc.funcs import sqrt`` is
``from mygrad import sqrt``. Pickles name modules, too, so those of the first edition still load.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["PATHS", "install"]

PATHS = dict(line.split() for line in """
    _utils                          mygrad.operation_base
    _utils.graph_tracking           mygrad.tensors.switches
    _utils.lock_management          mygrad.tensors.switches
    indexing_routines               mygrad
    indexing_routines.funcs         mygrad
    linalg.funcs                    mygrad.linalg
    math.arithmetic.funcs           mygrad.math.arithmetic
    math.consts                     mygrad.math
    math.exp_log.funcs              mygrad.math.exp_log
    math.hyperbolic_trig.funcs      mygrad.math.hyperbolic_trig
    math.misc                       mygrad.math
    math.misc.funcs                 mygrad.math
    math.nondifferentiable          mygrad.math
    math.sequential.funcs           mygrad.math.sequential
    math.trigonometric.funcs        mygrad.math.trigonometric
    no_grad_funcs                   mygrad
    random.funcs                    mygrad.random
    tensor_base  mygrad.tensors.base,mygrad.tensors.leaving,mygrad.interop.numpy_functions
    tensor_creation.funcs           mygrad.tensor_creation
    tensor_manip.array_shape.funcs  mygrad.tensor_manip.array_shape
    tensor_manip.tensor_joining.funcs  mygrad.tensor_manip.tensor_joining
    tensor_manip.tiling.funcs       mygrad.tensor_manip.tiling
    tensor_manip.transpose_like.funcs  mygrad.tensor_manip.transpose_like
    ufuncs                          mygrad

    nnet.activations.elu            mygrad.nnet.activations.functions
    nnet.activations.glu            mygrad.nnet.activations.functions
    nnet.activations.hard_tanh      mygrad.nnet.activations.functions
    nnet.activations.leaky_relu     mygrad.nnet.activations.functions
    nnet.activations.logsoftmax     mygrad.nnet.activations.functions
    nnet.activations.relu           mygrad.nnet.activations.functions
    nnet.activations.selu           mygrad.nnet.activations.functions
    nnet.activations.sigmoid        mygrad.nnet.activations.functions
    nnet.activations.soft_sign      mygrad.nnet.activations.functions
    nnet.activations.softmax        mygrad.nnet.activations.functions
    nnet.activations.tanh           mygrad.nnet.activations.functions
    nnet.initializers.constant      mygrad.nnet.initializers.functions
    nnet.initializers.dirac         mygrad.nnet.initializers.functions
    nnet.initializers.glorot_normal   mygrad.nnet.initializers.functions
    nnet.initializers.glorot_uniform  mygrad.nnet.initializers.functions
    nnet.initializers.he_normal     mygrad.nnet.initializers.functions
    nnet.initializers.he_uniform    mygrad.nnet.initializers.functions
    nnet.initializers.identity      mygrad.nnet.initializers.functions
    nnet.initializers.normal        mygrad.nnet.initializers.functions
    nnet.initializers.uniform       mygrad.nnet.initializers.functions
    nnet.layers.utils               mygrad.nnet.layers.windows
    nnet.losses.focal_loss          mygrad.nnet.losses.functions
    nnet.losses.margin_ranking_loss mygrad.nnet.losses.functions
    nnet.losses.multiclass_hinge    mygrad.nnet.losses.functions
    nnet.losses.negative_log_likelihood  mygrad.nnet.losses.functions
    nnet.losses.softmax_crossentropy  mygrad.nnet.losses.functions
    nnet.losses.softmax_focal_loss  mygrad.nnet.losses.functions

    backends                        mygrad.arrays
    conversion                      mygrad.tensors.conversion
    creators                        mygrad.tensors.provenance
    destinations                    mygrad.autodiff.inplace
    detach                          mygrad.autodiff.lost_gradients
    elementwise                     mygrad.math.ufunc
    indexing                        mygrad.tensors.indexing
    interop.numpy_protocol          mygrad.interop.numpy_functions
    namespace                       mygrad.autodiff.namespace
    operands                        mygrad.autodiff.operands
    operators                       mygrad.tensors.operators
    readings                        mygrad.autodiff.replay
    reductions                      mygrad.math.reduction
    tracking                        mygrad.tensors.switches
    windows                         mygrad.autodiff.views
    autodiff.memory                 mygrad.autodiff.nodes
    interop.mygrad2_paths           mygrad.compat
    interop.numpy_protocol          mygrad.interop.numpy_functions
""".splitlines() if line.strip())
"""Old path (below ``mygrad``), and where its names are now."""


def install(mygrad: ModuleType) -> None:
    """Make the modules of the table.

    Parameters
    ----------
    mygrad
        The top-level module, complete.
    """
    public = {name: value for name, value in vars(mygrad).items() if not name.startswith("_")}
    for path, target in PATHS.items():
        names: dict[str, Any] = {}
        for source in map(import_module, reversed(target.split(","))):
            names |= {name: v for name, v in vars(source).items() if not name.startswith("__")}
        module = ModuleType(f"mygrad.{path}", f"An earlier import path: see `{target}`.")
        vars(module).update({**public, **names}, __path__=[])
        sys.modules[module.__name__] = module
        above, _, last = module.__name__.rpartition(".")
        if not hasattr(sys.modules[above], last):  # `nnet.activations.relu` is the function
            setattr(sys.modules[above], last, module)
