"""What other libraries call things that have another name here, for the errors that say so.

Programs written for PyTorch, JAX, autograd or NumPy ask for names that tensors and mygrad do not
have. They get an AttributeError like any other (``hasattr`` is False), which tells the name here.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from mygrad.arrays import elsewhere

__all__ = ["advice", "explained", "install", "names_backend"]

P = ParamSpec("P")
T = TypeVar("T")

METHODS = {
    "numpy": "t.data is the array (of its own library), np.asarray(t) one on the host",
    "cpu": "use t.to('numpy')",
    "cuda": elsewhere("cuda"),
    "get": "use t.to('numpy'), or t.data.get() for the array of a tensor on CuPy",
    "requires_grad": "t.constant is its opposite; constant= says so where a tensor is made, and "
    "t.detach() is a constant on the same memory",
    "requires_grad_": "say constant= where the tensor is made; t.constant tells",
    "is_leaf": "a leaf is a tensor whose t.creator is None",
    "grad_fn": "t.creator is the operation that made t",
    "retain_grad": "not needed: every tensor that is still referred to keeps its t.grad",
    "zero_grad": "use t.null_grad(); operations on t clear its gradient anyway",
    "detach_": "use t = t.detach()",
    "clone": "use t.copy()",
    "view": "use t.reshape(...), a view if that can be",
    "view_as": "use t.reshape(other.shape)",
    "reshape_as": "use t.reshape(other.shape)",
    "unsqueeze": "use mg.expand_dims(t, axis), or t[:, None]",
    "permute": "use t.transpose(*axes)",
    "expand": "use mg.broadcast_to(t, shape)",
    "expand_as": "use mg.broadcast_to(t, other.shape)",
    "t": "use t.T",
    "mm": "use t @ other",
    "bmm": "use t @ other",
    "mul": "use t * other",
    "sub": "use t - other",
    "div": "use t / other",
    "add": "use t + other",
    "add_": "use t += other",
    "sub_": "use t -= other",
    "mul_": "use t *= other",
    "zero_": "use t[...] = 0",
    "fill_": "use t[...] = value",
    "copy_": "use t[...] = other",
    "masked_fill": "use mg.where(mask, value, t)",
    "masked_fill_": "use t[mask] = value",
    "masked_select": "use t[mask]",
    "index_select": "use mg.take(t, indices, axis)",
    "gather": "use mg.take_along_axis(t, indices, axis)",
    "scatter_add_": "use t.scatter_add(index, values)",
    "numel": "use t.size",
    "dim": "use t.ndim",
    "float": "use t.astype('float32')",
    "double": "use t.astype('float64')",
    "half": "use t.astype('float16')",
    "long": "use t.astype('int64')",
    "type": "use t.astype(dtype)",
    "type_as": "use t.astype(other.dtype)",
    "at": "tensors can be written: t[index] = value, t.scatter_add(index, values)",
    "block_until_ready": "not needed: t.item() and t.to('numpy') wait for the device",
    "fill": "use t[...] = value",
    "tofile": "use t.data.tofile(...), or mg.save",
    "tobytes": "use t.data.tobytes()",
}  # fmt: skip
"""By name, what to use instead of a method or attribute of tensors."""

FUNCTIONS = {
    "array": "use mg.tensor",
    "as_tensor": "use mg.astensor",
    "from_numpy": "use mg.tensor(a, copy=False)",
    "Variable": "use mg.tensor",
    "cat": "use mg.concatenate",
    "concat": "use mg.concatenate",
    "no_grad": "use mg.no_autodiff",
    "enable_grad": "leave the mg.no_autodiff block",
    "inference_mode": "use mg.no_autodiff",
    "backward": "use result.backward()",
    "manual_seed": "use mg.random.seed",
    "randn": "use mg.random.randn",
    "rand": "use mg.random.rand",
    "randint": "use mg.random.randint",
    "unsqueeze": "use mg.expand_dims",
    "permute": "use mg.transpose",
    "mm": "use mg.matmul",
    "bmm": "use mg.matmul",
    "mul": "use mg.multiply",
    "sub": "use mg.subtract",
    "div": "use mg.divide",
    "pow": "use mg.power",
    "neg": "use mg.negative",
    "clamp": "use mg.clip",
    "acos": "use mg.arccos",
    "acosh": "use mg.arccosh",
    "asin": "use mg.arcsin",
    "asinh": "use mg.arcsinh",
    "atan": "use mg.arctan",
    "atan2": "use mg.arctan2",
    "atanh": "use mg.arctanh",
    "norm": "use mg.linalg.norm",
    "relu": "use mygrad.nnet.activations.relu",
    "sigmoid": "use mygrad.nnet.activations.sigmoid",
    "softmax": "use mygrad.nnet.activations.softmax",
    "log_softmax": "use mygrad.nnet.activations.logsoftmax",
    "cross_entropy": "use mygrad.nnet.losses.softmax_crossentropy",
    "conv2d": "use mygrad.nnet.layers.conv_nd",
    "nn": "use mygrad.nnet",
    "device": "devices are named by their library: mg.tensor(x, backend='cupy', device=0)",
    "numpy": "use numpy itself: its functions take tensors",
    **{
        name: f"use mg.special.{name}"
        for name in """beta digamma entr erf erfc erfinv exp10 expit gamma gammaln lambertw logit
        ndtr polygamma rel_entr xlog1py xlogy zeta""".split()
    },
    "lgamma": "use mg.special.gammaln",
    "jacrev": "use mg.jacobian",
    "jacfwd": "use mg.jacobian, which takes the cheaper direction, or mg.jvp",
    "make_vjp": "use mg.vjp",
    "make_jvp": "use mg.jvp",
    "make_hvp": "use mg.hvp",
    "remat": "use mg.checkpoint",
    "custom_jvp": "use mg.custom_vjp: mg.jvp differentiates the pullback",
    "custom_gradient": "use mg.custom_vjp",
    "Parameter": "use mg.tensor",
    "Module": "write a class of your own that keeps its tensors",
    "Linear": "use x @ weights + bias",
    "functional": "use mygrad.nnet",
    "autograd": "use result.backward()",
    "set_grad_enabled": "use mg.no_autodiff",
    "jit": "operations run as they are called; there is nothing to compile",
}
"""By name, what to use instead of a function of mygrad."""


KEYWORDS = {
    "requires_grad": "floating-point tensors are variables; constant=True makes one that is not",
    "trainable": "floating-point tensors are variables; constant=True makes one that is not",
    "pin_memory": "nothing is there for it; t.to(...) copies to a device",
    "layout": "tensors are dense",
    "memory_format": "a tensor lies in memory as the array does that it is made of",
    "order": "a tensor lies in memory as the array does that it is made of",
    "subok": "tensors hold arrays of their library's own class",
    "like": "name the library with backend=",
    "weak_type": "Python numbers do not change the dtype of what they are computed with",
    "sharding": "a tensor is on one device, device=",
    "data": "the values are the first argument",
    "object": "the values are the first argument",
    "size": "the shape is the first argument",
    "name": "tensors have no names",
    "retain_graph": "create_graph=True keeps the graph",
    "gradient": "it is called grad= here",
    "inputs": "every tensor that is still referred to gets its t.grad",
}
"""By name, what to use instead of a keyword of the functions that make tensors, and `backward`."""


def explained(make: Callable[P, T]) -> Callable[P, T]:
    """Let a function explain the keywords that other libraries have for it."""

    @wraps(make)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return make(*args, **kwargs)
        except (TypeError, NotImplementedError) as error:  # arange() hands keywords on
            name = make.__name__
            for keyword in kwargs.keys() & KEYWORDS:
                raise TypeError(f"{name}() has no {keyword}=: {KEYWORDS[keyword]}") from error
            raise

    return call


def names_backend(given: Any) -> bool:
    """Whether what was given to ``t.to()`` may be a name, and not a dtype, as for PyTorch."""
    dtypes = ("float", "int", "uint", "bool", "complex", "half", "double")
    return isinstance(given, str) and not given.startswith(dtypes)


class Elsewhere:
    """An attribute that tensors do not have; asking for it says what they have instead."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.__doc__ = f"Not here: {METHODS[name]}."

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        raise AttributeError(
            f"tensors have no {self.name!r}: {METHODS[self.name]}", name=self.name, obj=instance
        )

    def __set__(self, instance: Any, value: Any) -> None:
        self.__get__(instance)


def install(cls: Any) -> None:
    """Let a class of tensors explain the names that it does not have."""
    for name in METHODS:
        if not hasattr(cls, name):
            setattr(cls, name, Elsewhere(name))

    def __dir__(self: Any) -> list[str]:
        return [name for name in object.__dir__(self) if name not in METHODS or name in given]

    given = {name for name in METHODS if not isinstance(vars(cls).get(name), Elsewhere)}
    cls.__dir__ = __dir__


def advice(name: str, known: Iterable[str]) -> str:
    """What to say of a function that mygrad does not have."""
    if name.startswith("__"):
        return f"mygrad has no {name!r}"
    if name in FUNCTIONS:
        return f"mygrad has no {name!r}: {FUNCTIONS[name]}"
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.75)
    return f"mygrad has no {name!r}" + (f"; did you mean {close[0]!r}?" if close else "")
