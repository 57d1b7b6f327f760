"""Facts: the public names of MyGrad 2.5.0 and how they are called.

Made by introspection of the installed package: `dir` (or `__all__`) of each module,
`inspect.signature` of each function with the annotations and private parameters left out, and
calls to find out which operands ufuncs take by name (one operand: yes; two: no). Left out are
private names, what modules import for themselves, and the classes of operations (modules `ops`).

Signatures are written as in a `def`; `float`, `int` and `float32` stand for these types, and
`NO_VALUE` for a parameter that was not given. Beside each signature: the names that share it.
"""

from __future__ import annotations

__all__ = [
    "ABSTRACT", "CLASSES", "CONSTANTS", "DTYPES", "ERRORS", "FUNCTIONS", "MODULES", "NUMPY",
    "PATHS", "PROPERTIES", "SPECIAL", "TENSOR", "TYPES",
]  # fmt: skip

UNARY = "x, out=None, *, where=True, dtype=None, constant=None"
BINARY = "x1, x2, /, out=None, *, where=True, dtype=None, constant=None"

ACTIVATIONS = {
    "x, alpha, *, constant=None": "elu",
    "x, axis=-1, *, constant=None": "glu logsoftmax softmax",
    "x, *, lower_bound=-1, upper_bound=1, constant=None": "hard_tanh",
    "x, slope, *, constant=None": "leaky_relu",
    "x, *, constant=None": "relu selu sigmoid soft_sign",
    UNARY: "tanh",
}
LAYERS = {
    "x, filter_bank, *, stride, padding=0, dilation=1, constant=None": "conv_nd",
    "x, pool, stride, *, constant=None": "max_pool",
    "x, *, gamma=None, beta=None, eps, constant=None": "batchnorm",
    "X, Uz, Wz, bz, Ur, Wr, br, Uh, Wh, bh, s0=None, bp_lim=None, dropout=0.0, constant=None": (
        "gru"
    ),
}
LOSSES = {
    "class_probs, targets, *, alpha=1, gamma=0, constant=None": "focal_loss",
    "x1, x2, y, margin, *, constant=None": "margin_ranking_loss",
    "x, y_true, hinge=1.0, *, constant=None": "multiclass_hinge",
    "x, y_true, *, weights=None, constant=None": "negative_log_likelihood",
    "x, y_true, *, constant=None": "softmax_crossentropy",
    "scores, targets, *, alpha=1, gamma=0, constant=None": "softmax_focal_loss",
}
INITIALIZERS = {
    "*shape, value=0.0, dtype=None, constant=None": "constant",
    "*shape, dtype=float32, constant=None": "dirac",
    "*shape, gain=1, dtype=float32, constant=None": (
        "glorot_normal glorot_uniform he_normal he_uniform"
    ),
    "n, dtype=float, *, constant=None": "identity",
    "*shape, mean=0, std=1, dtype=float32, constant=None": "normal",
    "*shape, lower_bound=0, upper_bound=1, dtype=float32, constant=None": "uniform",
}

FUNCTIONS: dict[str, dict[str, str]] = {
    "mygrad": {
        "x, *, dtype=None, constant=None, copy=True, ndmin=0": "Tensor",
        "x, out=None, *, where=True, dtype=None, constant=None, nan_to_num=True": "abs absolute",
        BINARY: (
            "add arctan2 divide logaddexp logaddexp2 maximum minimum multiply power subtract "
            "true_divide"
        ),
        "*variables, constant=None": "add_sequence multiply_sequence",
        "x, axis=None, keepdims=False, *, constant=None": "amax amin max mean min sum",
        "a, axis=None, out=None, keepdims=False": "any",
        # *args and **kwargs there, which go to NumPy's function: its parameters
        "start=None, stop=None, step=None, dtype=None, *, constant=None": "arange",
        UNARY: (
            "arccos arccosh arcsin arcsinh arctan arctanh cbrt cos cosh exp exp2 expm1 log log10 "
            "log1p log2 negative positive reciprocal sin sinh sqrt square tan tanh"
        ),
        "a, *, constant=None": (
            "arccot arccoth arccsc arccsch arcsec cot coth csc csch ravel sec sech sinc"
        ),
        "a, axis=None, out=None": "argmax argmin",
        "a, dtype=None, order=None": "asarray",
        "t, dtype=None, *, constant=None": "astensor",
        "*tensors, constant=None": "atleast_1d atleast_2d atleast_3d",
        "a, shape, *, constant=None": "broadcast_to",
        "a, a_min, a_max, out=None, *, constant=None": "clip",
        "tensors, axis=0, out=None, dtype=None, *, constant=None": "concatenate",
        "a, axis=None, *, constant=None": "cumprod cumsum squeeze",
        "*operands, optimize=False, out=None, constant=None": "einsum",
        "shape, dtype=float32, *, constant=None": "empty ones zeros",
        "other, dtype=None, shape=None, *, constant=None": "empty_like ones_like zeros_like",
        "Op, *input_vars, op_args=None, op_kwargs=None, constant=None, out=None": "execute_op",
        "a, axis, *, constant=None": "expand_dims",
        "N, M=None, k=0, dtype=float, *, constant=None": "eye",
        "shape, fill_value, dtype=None, *, constant=None": "full",
        "other, fill_value, dtype=None, shape=None, constant=None": "full_like",
        "start, stop, num=50, endpoint=True, dtype=None, axis=0, *, constant=None": (
            "geomspace linspace"
        ),
        "n, dtype=float, *, constant=None": "identity",
        "file": "load",
        "start, stop, num=50, endpoint=True, base=10, dtype=None, axis=0, *, constant=None": (
            "logspace"
        ),
        "x1, x2, /, out=None, *, dtype=None, constant=None": "matmul",
        "": "mem_guard_active turn_memory_guarding_off turn_memory_guarding_on",
        "func": "mem_guard_off mem_guard_on",
        "a, source, destination, *, constant=None": "moveaxis",
        "tensors, *, constant=None": "multi_matmul",
        "func, to_numpy=False": "no_autodiff",
        "a, axis=None, keepdims=False, *, constant=None": "prod",
        "a, repeats, axis=None, *, constant=None": "repeat",
        "a, newshape, *, constant=None": "reshape",
        "a, shift, axis=None, *, constant=None": "roll",
        "file, tensor": "save",
        "arr, window_shape, step, dilation=None": "sliding_window_view",
        "tensors, axis=0, out=None, *, constant=None": "stack",
        "x, axis=None, ddof=0, keepdims=False, *, constant=None": "std var",
        "a, axis1, axis2, *, constant=None": "swapaxes",
        "arr_like, dtype=None, *, constant=None, copy=True, ndmin=0": "tensor",
        "a, *axes, constant=None": "transpose",
        "condition, x=NO_VALUE, y=NO_VALUE, *, constant=None": "where",
    },
    "mygrad.random": {
        "*shape, constant=None": "rand randn",
        "low, high=None, shape=None, dtype=int": "randint",
        "shape=None, *, constant=None": "random random_sample ranf sample",
        "seed_number": "seed",
    },
    "mygrad.linalg": {
        "x, ord=None, axis=None, keepdims=False, *, nan_to_num=True, constant=None": "norm",
    },
    "mygrad.computational_graph": {
        "fin, names=None, *, render=True, save=False, dims=False, dtypes=False, sum_stats=False": (
            "build_graph"
        ),
    },
    "mygrad.nnet": {**ACTIVATIONS, **LAYERS, **INITIALIZERS, **LOSSES},
    "mygrad.nnet.activations": ACTIVATIONS,
    "mygrad.nnet.layers": LAYERS,
    "mygrad.nnet.losses": LOSSES,
    "mygrad.nnet.initializers": INITIALIZERS,
}
"""By module and signature: the functions, and other things that are called."""

NUMPY = """
    allclose bincount can_cast ceil copyto divmod equal floor floor_divide fmod greater
    greater_equal isclose isfinite isinf isnan isnat less less_equal logical_and logical_not
    logical_or logical_xor may_share_memory min_scalar_type mod not_equal remainder result_type
    rint shape shares_memory sign signbit trunc
""".split()
"""Names at the top level that are NumPy's own functions."""

DTYPES = """
    bool_ double float16 float32 float64 half int8 int16 int32 int64 intp longdouble single uint8
    uint16 uint32 uint64 uintp
""".split()
"""Names at the top level that are NumPy's types."""

CONSTANTS = {
    "e": 2.718281828459045,
    "euler_gamma": 0.5772156649015329,
    "inf": float("inf"),
    "nan": float("nan"),
    "newaxis": None,
    "pi": 3.141592653589793,
}

MODULES = """
    errors indexing_routines linalg math nnet no_grad_funcs operation_base random tensor_base
    tensor_creation tensor_manip typing ufuncs nnet.activations nnet.initializers nnet.layers
    nnet.losses
""".split()
"""Attributes of `mygrad` that are modules, once `import mygrad` was executed."""

TENSOR = {
    "Op, *input_vars, op_args=None, op_kwargs=None, constant=None, out=None": "_op",
    "self, axis=None, out=None, keepdims=False": "any",
    "self, axis=None, out=None": "argmax argmin",
    "self, dtype, casting='unsafe', copy=True, *, constant=None": "astype",
    "self, grad=None": "backward",
    "self": "clear_graph item null_grad",
    "a, a_min, a_max, out=None, *, constant=None": "clip",
    "self, *, constant=None": "copy flatten ravel",
    "self, axis=None, *, constant=None": "cumprod cumsum squeeze",
    "self, axis=None, keepdims=False, *, constant=None": "max mean min prod sum",
    "self, source, destination, *, constant=None": "moveaxis",
    "self, clear_graph=True": "null_gradients",
    "self, *newshape, constant=None": "reshape",
    "self, axis=None, ddof=0, keepdims=False, *, constant=None": "std var",
    "self, axis1, axis2, *, constant=None": "swapaxes",
    "self, *axes, constant=None": "transpose",
}
"""By signature: the methods of tensors (and `_op`, which packages call)."""

PROPERTIES = "T base constant creator data= dtype grad ndim shape= size".split()
"""What tensors have to be read, and, where an equals sign follows, to be assigned."""

SPECIAL = """
    add array array_function array_ufunc contains copy eq float floordiv ge getitem gt iadd
    imatmul imul index int ipow isub iter itruediv le len lt matmul mul ne neg pos pow radd repr
    rfloordiv rmatmul rmul rpow rsub rtruediv setitem sub truediv
""".split()
"""Methods of tensors between double underscores."""

ERRORS = {
    "MyGradException": "Exception",
    "DisconnectedView": "MyGradException",
    "InvalidBackprop": "MyGradException",
    "InvalidGradient": "MyGradException",
}
"""The exceptions in `mygrad.errors`, and their parents."""

TYPES = "ArrayLike DTypeLike DTypeLikeReals Index Mask Real Shape".split()
"""The names in `mygrad.typing`."""

CLASSES: dict[str, tuple[str, dict[str, str]]] = {
    "Operation": (
        "object",
        {
            "self, *input_vars, **kwargs": "__call__",
            "self, grad, **kwargs": "backward",
            "self, grad, index, **kwargs": "backward_var",
            "grad, var_shape": "grad_post_process_fn",
        },
    ),
    "Ufunc": ("Operation", {}),
    "UnaryUfunc": ("Ufunc", {"self, x1, out=None, *, where=True, dtype=None": "__call__"}),
    "BinaryUfunc": ("Ufunc", {"self, x1, x2, out=None, *, where=True, dtype=None": "__call__"}),
    "Sequential": (
        "Operation",
        {
            "self, a, axis=None, dtype=None, out=None, keepdims=NO_VALUE, initial=NO_VALUE, *, "
            "where=NO_VALUE, ddof=NO_VALUE": "__call__",
        },
    ),
}
"""The classes in `mygrad.operation_base`: parent, and methods by signature."""

ABSTRACT = "__call__ backward_var"
"""The methods that subclasses of `Operation` have to define."""

PATHS: dict[str, str] = {
    "mygrad.indexing_routines.funcs": "where",
    "mygrad.linalg.funcs": "einsum norm",
    "mygrad.math.arithmetic.funcs": (
        "add add_sequence divide multiply multiply_sequence negative positive power reciprocal "
        "square subtract true_divide"
    ),
    "mygrad.math.consts": "e euler_gamma inf nan newaxis pi",
    "mygrad.math.exp_log.funcs": "exp exp2 expm1 log log10 log1p log2 logaddexp logaddexp2",
    "mygrad.math.hyperbolic_trig.funcs": (
        "arccosh arccoth arccsch arcsinh arctanh cosh coth csch sech sinh tanh"
    ),
    "mygrad.math.misc.funcs": (
        "abs absolute cbrt clip matmul maximum minimum multi_matmul sqrt"
    ),
    "mygrad.math.nondifferentiable": "any argmax argmin",
    "mygrad.math.sequential.funcs": "amax amin cumprod cumsum max mean min prod std sum var",
    "mygrad.math.trigonometric.funcs": (
        "arccos arccot arccsc arcsec arcsin arctan arctan2 cos cot csc sec sin sinc tan"
    ),
    "mygrad.nnet.activations.elu": "elu",
    "mygrad.nnet.activations.glu": "glu",
    "mygrad.nnet.activations.hard_tanh": "hard_tanh",
    "mygrad.nnet.activations.leaky_relu": "leaky_relu",
    "mygrad.nnet.activations.relu": "relu",
    "mygrad.nnet.activations.selu": "selu",
    "mygrad.nnet.activations.sigmoid": "sigmoid",
    "mygrad.nnet.activations.soft_sign": "soft_sign",
    "mygrad.nnet.activations.softmax": "logsoftmax softmax",
    "mygrad.nnet.initializers.constant": "constant",
    "mygrad.nnet.initializers.dirac": "dirac",
    "mygrad.nnet.initializers.glorot_normal": "glorot_normal",
    "mygrad.nnet.initializers.glorot_uniform": "glorot_uniform",
    "mygrad.nnet.initializers.he_normal": "he_normal",
    "mygrad.nnet.initializers.he_uniform": "he_uniform",
    "mygrad.nnet.initializers.normal": "normal",
    "mygrad.nnet.initializers.uniform": "uniform",
    "mygrad.nnet.layers.batchnorm": "batchnorm",
    "mygrad.nnet.layers.conv": "conv_nd",
    "mygrad.nnet.layers.gru": "gru",
    "mygrad.nnet.layers.pooling": "max_pool",
    "mygrad.nnet.layers.utils": "sliding_window_view",
    "mygrad.nnet.losses.focal_loss": "focal_loss softmax_focal_loss",
    "mygrad.nnet.losses.margin_ranking_loss": "margin_ranking_loss",
    "mygrad.nnet.losses.multiclass_hinge": "multiclass_hinge",
    "mygrad.nnet.losses.negative_log_likelihood": "negative_log_likelihood",
    "mygrad.nnet.losses.softmax_crossentropy": "softmax_crossentropy",
    "mygrad.no_grad_funcs": " ".join(NUMPY),
    "mygrad.random.funcs": "rand randint randn random random_sample ranf sample seed",
    "mygrad.tensor_base": "Tensor asarray astensor implements_numpy_override tensor",
    "mygrad.tensor_creation.funcs": (
        "arange empty empty_like eye full full_like geomspace identity linspace logspace ones "
        "ones_like zeros zeros_like"
    ),
    "mygrad.tensor_manip.array_shape.funcs": (
        "atleast_1d atleast_2d atleast_3d broadcast_to expand_dims ravel reshape squeeze"
    ),
    "mygrad.tensor_manip.tensor_joining.funcs": "concatenate stack",
    "mygrad.tensor_manip.tiling.funcs": "repeat",
    "mygrad.tensor_manip.transpose_like.funcs": "moveaxis roll swapaxes transpose",
    "mygrad.ufuncs": "MyGradBinaryUfunc MyGradUnaryUfunc ufunc_creator",
}
"""The modules that things may also be imported from, and what from them."""
