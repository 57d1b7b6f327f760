"""What all optimisers share: parameters in groups, their options, and their state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from types import GeneratorType
from typing import Any, ClassVar

from mygrad.arrays import Adapter, adapter_of, by_type, get_adapter
from mygrad.autodiff.inplace import protect
from mygrad.autodiff.namespace import namespace_of
from mygrad.autodiff.nodes import Handle
from mygrad.optim.parameters import check_parameter, named_parameters, refuse_shared_memory
from mygrad.tensors.base import Tensor
from mygrad.tensors.conversion import dtype_of

__all__ = ["Arrays", "Optimizer", "Options", "accumulator_dtype", "refuse_locked"]

Array = Any
Arrays = dict[str, Array]
Options = dict[str, Any]
Key = tuple[int, str]


@dataclass(slots=True)
class _Task:
    """What a step is going to do to one parameter."""

    key: Key
    tensor: Tensor
    adapter: Adapter
    grad: Array
    options: Options
    state: Arrays
    fresh: bool
    step: int


class Optimizer:
    """Changes parameters by their gradients: what all optimisers have in common.

    A step changes the memory of the parameters, as ``p.data -= change`` does: nothing is recorded,
    and all tensors and arrays on that memory see it. The options are attributes (``learning_rate``
    and so on), and may be changed between steps. One that is a function, as those of
    `mygrad.optim.schedules` are, is asked before each step, with the number of steps so far.

    Parameters
    ----------
    parameters
        Nested lists, tuples and dicts of variables, or an object (a model, a layer) that has them:
        as its ``parameters``, an attribute or a method, or else as its attributes and theirs. A
        tensor that is met twice is one parameter, and a view of another one is none of its own. Or
        groups: a list of dicts, each with ``"parameters"`` and the options that differ for these.
    **options
        The options, by name.

    Attributes
    ----------
    steps : int
        How many steps it has made.
    groups : list of dict
        For each group its parameters, by name, and the options that it has of its own. For the
        others the attributes of the optimiser hold.

    Raises
    ------
    TypeError
        Something in a container is no tensor, or a complex one.
    ValueError
        There are no variables, one is in two groups, or a constant is among what was given; an
        option is out of its range.

    Examples
    --------
    >>> import mygrad as mg
    >>> w, b = mg.tensor([1.0, 2.0]), mg.tensor(0.0)
    >>> optimizer = mg.optim.SGD(
    ...     [{"parameters": w}, {"parameters": b, "learning_rate": 1.0}], learning_rate=0.1
    ... )
    >>> (2 * w.sum() + b).backward()
    >>> optimizer.step()
    >>> w, b
    (Tensor([0.8, 1.8]), Tensor(-1.))
    >>> optimizer.learning_rate = 0.01  # for all groups without one of their own
    """

    _flags: ClassVar[frozenset[str]] = frozenset()
    _below_one: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Any, **options: Any) -> None:
        self.steps = 0
        self._names = tuple(options)
        for name, value in options.items():
            setattr(self, name, value)
        self.groups: list[dict[str, Any]] = []
        self._state: dict[Key, tuple[int, Arrays]] = {}
        everything: dict[str, Tensor] = {}
        known: dict[int, str] = {}
        for k, (structure, own) in enumerate(self._given_groups(parameters)):
            found = named_parameters(structure, self._name)
            if not found:
                raise ValueError(
                    f"{self._name}: there are no variables in "
                    f"{'what it was given' if k == 0 else f'group {k}'}"
                )
            self.groups.append({"parameters": found, **own})
            for name, t in found.items():
                if id(t) in known:
                    raise ValueError(f"{self._name}: {name} of group {k} is also {known[id(t)]}")
                known[id(t)] = f"{name} of group {k}"
                everything[known[id(t)] if k else name] = t
            self._options_of(k)
        refuse_shared_memory(everything, self._name)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._names)
        count = len(self.parameters)
        return f"<{self._name} of {count} parameter{'s' * (count != 1)}: {options}>"

    @property
    def _name(self) -> str:
        return type(self).__name__

    @property
    def parameters(self) -> list[Tensor]:
        """All parameters, each once."""
        return [t for group in self.groups for t in group["parameters"].values()]

    # --- options ----------------------------------------------------------------------
    def _given_groups(self, parameters: Any) -> list[tuple[Any, Options]]:
        if isinstance(parameters, GeneratorType):
            parameters = list(parameters)
        are_groups = isinstance(parameters, (list, tuple)) and any(
            isinstance(item, dict) and ("parameters" in item or "params" in item)
            for item in parameters
        )
        if not are_groups:
            return [(parameters, {})]
        groups = []
        for k, group in enumerate(parameters):
            own = dict(group) if isinstance(group, dict) else {}
            listed = [own.pop(name) for name in ("parameters", "params") if name in own]
            if len(listed) != 1:
                raise ValueError(
                    f'{self._name}: of the groups, item {k} has to be a dict with "parameters" '
                    f"and options, as the others are"
                )
            groups.append((listed[0], own))
        return groups

    def _options_of(self, k: int) -> Options:
        """The options that hold for group number `k`, checked."""
        options = {name: getattr(self, name) for name in self._names}
        for name, value in self.groups[k].items():
            if name in options:
                options[name] = value
            elif name != "parameters":
                raise ValueError(
                    f"{self._name}: group {k} has an option {name!r}; there are "
                    f"{', '.join(self._names)}"
                )
        for name, value in options.items():
            options[name] = self._checked(name, value)
        self._check(options)
        return options

    def _checked(self, name: str, value: Any) -> Any:
        if name in self._flags:
            if not isinstance(value, bool):
                raise TypeError(f"{self._name}: {name} is True or False, and not {value!r}")
            return value
        if type(value) is not float and hasattr(value, "apply"):  # a number of Python's that
            return value.apply(lambda now: self._checked(name, now))  # a compiled step is given
        if callable(value):
            if hasattr(self.steps, "apply"):
                return self.steps.apply(lambda now: self._checked(name, value(now)))
            value = value(self.steps)
        if type(value) is not float and (not isinstance(value, Real) or isinstance(value, bool)):
            raise TypeError(
                f"{self._name}: {name} has to be a number of Python's, or a function of the step "
                f"that gives one, and is a {type(value).__name__}"
            )
        number = float(value)  # a NumPy scalar would make float64 of float32
        below = 1.0 if name in self._below_one else float("inf")
        if not (0 <= number < below or (name == "dampening" and isfinite(number))):
            raise ValueError(
                f"{self._name}: {name} has to be at least 0 and "
                f"{'below 1' if below == 1 else 'finite'}, and is {value!r}"
            )
        return number

    # --- for each kind of optimiser -----------------------------------------------------
    def _check(self, options: Options) -> None:
        """Raise if options do not go together."""

    def _accumulators(self, options: Options) -> dict[str, float]:
        """The arrays that are kept between steps, in the order of `_update`: name, first value."""
        raise NotImplementedError(f"{self._name} does not say how parameters are updated")

    def _update(
        self, xp: Any, p: Array, g: Array, state: Arrays, options: Options, fresh: bool, step: int
    ) -> Any:
        """Update `p` and the arrays in `state`, which are `fresh` or not, in step number `step`.

        Returns all of them, for libraries whose arrays never change.
        """
        raise NotImplementedError(f"{self._name} does not say how parameters are updated")

    # --- steps ------------------------------------------------------------------------
    def step(self) -> None:
        """Change every parameter that has a gradient.

        Those whose ``grad`` is None stay as they are. If anything is wrong with one of them, an
        error says so before any is changed.

        Raises
        ------
        ValueError
            A parameter is read-only, most often since a graph that was not differentiated still
            needs its values; or it has another shape, dtype or device than its state, or an option
            is out of its range.
        TypeError
            A gradient is of another array library than its parameter.

        Examples
        --------
        >>> import mygrad as mg
        >>> x = mg.tensor(3.0)
        >>> optimizer = mg.optim.SGD(x, learning_rate=0.25)
        >>> (x**2).backward()
        >>> optimizer.step()
        >>> x
        Tensor(1.5)
        """
        tasks = []
        for k, group in enumerate(self.groups):
            options = self._options_of(k)
            for name, t in group["parameters"].items():
                grad = t.grad
                if grad is not None:
                    tasks.append(self._prepared((k, name), t, grad, options))
        for task in tasks:
            t, adapter = task.tensor, task.adapter
            buffer = t._buffer
            if buffer is not None and buffer.readers:
                protect(buffer, t._data, adapter)
            updated = self._update(
                namespace_of(adapter), t._data, task.grad, task.state, task.options, task.fresh,
                task.step,
            )  # fmt: skip
            if not adapter.has_views:
                p, *state = updated
                adapter.take_over(t, None if buffer is None else buffer.layout, p)
                task.state = dict(zip(task.state, state, strict=True))
            self._state[task.key] = task.step, task.state
        self.steps += 1

    def _prepared(self, key: Key, t: Tensor, grad: Any, options: Options) -> _Task:
        """What is to be done to a parameter, once it is sure that it can be."""
        p, what = t._data, f"{self._name}: the parameter {key[1]}"
        adapter = by_type[type(p)]
        grad = grad._data if isinstance(grad, Handle) else grad
        if adapter_of(grad) is not adapter or adapter.device(grad) != adapter.device(p):
            raise TypeError(
                f"{what} is {_described(p)}, and its gradient {_described(grad)}; compute the "
                f"gradient after moving the parameter"
            )
        if grad.shape != p.shape:
            raise ValueError(
                f"{what} has the shape {tuple(p.shape)}, and its gradient {tuple(grad.shape)}"
            )
        check_parameter(t, what)
        refuse_locked(t, adapter, what)
        count, known = self._state.get(key, (0, {}))
        wanted = self._accumulators(options)
        dtype = accumulator_dtype(p, adapter)
        state: Arrays = {}
        if dtype != p.dtype:
            state["master"] = known.get("master")
        if grad.dtype != p.dtype:  # of a parameter that was cast since
            grad = adapter.xp.astype(grad, dtype)
        for name in wanted:
            state[name] = known.get(name)
        fresh = any(state[name] is None for name in wanted)
        for name, array in state.items():
            if array is None:
                array = state[name] = empty_state(p, dtype, adapter)
                if name == "master":
                    state[name] = adapter.assign(array, ..., p)
                elif wanted[name]:
                    state[name] = adapter.assign(array, ..., wanted[name])
            elif not (
                adapter_of(array) is adapter and array.shape == p.shape and array.dtype == dtype
                and adapter.device(array) == adapter.device(p)
            ):  # fmt: skip
                raise ValueError(
                    f"{what} is {_described(p)}, and its {name} {_described(array)}; if it was "
                    f"moved or cast on purpose, let the state follow: "
                    f"optimizer.load_state_dict(optimizer.state_dict())"
                )
        return _Task(key, t, adapter, grad, options, state, fresh, count + 1)

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to None.

        Programs seldom need it: ``backward()`` overwrites gradients, and using a tensor in an
        operation takes its gradient away. It matters for parameters that only some steps use; else
        a step would use their last gradient again.

        Examples
        --------
        >>> import mygrad as mg
        >>> x = mg.tensor(3.0)
        >>> (x**2).backward()
        >>> mg.optim.SGD(x).zero_grad()
        >>> x.grad is None
        True
        """
        for t in self.parameters:
            t.null_grad()

    # --- saving -----------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """The options, and what is remembered from step to step, as numbers and NumPy arrays.

        A run that goes on from its parameters and this goes on bit for bit.

        Returns
        -------
        dict
            Copies, by names that can be those of arrays in a file: ``np.savez(file, **state)``.
            ``steps``; ``learning_rate`` and the other options, ``group.0.learning_rate`` for an
            option of one group, but for those that are functions, which the program has to give
            again; ``state.0.layers.1.weight.step`` and so on for the parameter ``layers.1.weight``
            of group 0.

        Examples
        --------
        >>> import mygrad as mg
        >>> x = mg.tensor(3.0)
        >>> optimizer = mg.optim.SGD({"x": x}, learning_rate=0.25, momentum=0.5)
        >>> (x**2).backward()
        >>> optimizer.step()
        >>> state = optimizer.state_dict()
        >>> state["state.0.x.step"], state["state.0.x.velocity"]
        (1, array(6.))
        """
        saved: dict[str, Any] = {"steps": self.steps}
        owners = [("", vars(self)), *((f"group.{k}.", g) for k, g in enumerate(self.groups))]
        for prefix, owner in owners:
            for name in self._names:
                if name in owner and not callable(owner[name]):
                    saved[prefix + name] = self._checked(name, owner[name])
        for (k, name), (step, arrays) in self._state.items():
            saved[f"state.{k}.{name}.step"] = step
            for slot, array in arrays.items():
                adapter = by_type[type(array)]
                saved[f"state.{k}.{name}.{slot}"] = adapter.to_host(array)
        return saved

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned, maybe on another array library or device.

        Parameters
        ----------
        state
            What `state_dict` returned, or ``np.load`` of a file that it was saved to. The
            parameters are to have the names and shapes that they had.

        Raises
        ------
        ValueError
            There is no such option or parameter here, or one of another shape. Nothing is changed
            then.

        Examples
        --------
        >>> import io, numpy as np, mygrad as mg
        >>> x = mg.tensor(3.0)
        >>> optimizer = mg.optim.Adam(x, learning_rate=0.25)
        >>> (x**2).backward()
        >>> optimizer.step()
        >>> file = io.BytesIO()
        >>> np.savez(file, **optimizer.state_dict())
        >>> _ = file.seek(0)
        >>> again = mg.optim.Adam(x)
        >>> again.load_state_dict(np.load(file))
        >>> again.learning_rate
        0.25
        """
        host = get_adapter("numpy")
        steps = 0
        options: Options = {}
        own: list[Options] = [{} for _ in self.groups]
        loaded: dict[Key, dict[str, Any]] = {}
        for name, value in state.items():
            kind, _, rest = name.partition(".")
            number, _, where = rest.partition(".")
            k = int(number) if kind in ("group", "state") and number.isdecimal() else -1
            parameter, _, slot = where.rpartition(".")
            if name == "steps":
                steps = int(value)
            elif name in self._names:
                options[name] = self._checked(name, host.asarray(value).item())
            elif 0 <= k < len(own) and kind == "group" and where in self._names:
                own[k][where] = self._checked(where, host.asarray(value).item())
            elif 0 <= k < len(own) and parameter in self.groups[k]["parameters"]:
                loaded.setdefault((k, parameter), {})[slot] = host.asarray(value)
            else:
                raise ValueError(
                    f"{self._name}: load_state_dict was given {name!r}; here are the options "
                    f"{', '.join(self._names)}, and {len(self.parameters)} parameters, from "
                    f"{next(iter(self.groups[0]['parameters']))} of group 0 on"
                )
        placed = {key: self._placed(key, arrays) for key, arrays in loaded.items()}
        for name, value in options.items():
            setattr(self, name, value)
        for group, theirs in zip(self.groups, own, strict=True):
            kept = {k: v for k, v in group.items() if k == "parameters" or callable(v)}
            group.clear()
            group |= {**kept, **theirs}
        self.steps, self._state = steps, placed

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles: with arrays on the host, which come back to their parameters."""
        hosted = {
            key: (step, {slot: by_type[type(a)].to_host(a) for slot, a in arrays.items()})
            for key, (step, arrays) in self._state.items()
        }
        return {**self.__dict__, "_state": hosted}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._state = {
            key: self._placed(key, {"step": step, **arrays})
            for key, (step, arrays) in state["_state"].items()
        }

    def _placed(self, key: Key, saved: dict[str, Any]) -> tuple[int, Arrays]:
        """The state of a parameter, where the parameter is."""
        t, arrays = self.groups[key[0]]["parameters"][key[1]], {}
        p, adapter = t._data, by_type[type(t._data)]
        if "step" not in saved:
            raise ValueError(f"{self._name}: load_state_dict was given no step of {key[1]}")
        for slot, value in saved.items():
            if slot == "step":
                continue
            if value.shape != tuple(p.shape):
                raise ValueError(
                    f"{self._name}: load_state_dict was given a {slot} of shape {value.shape} for "
                    f"the parameter {key[1]} of shape {tuple(p.shape)}"
                )
            array = empty_state(p, accumulator_dtype(p, adapter), adapter)
            values = adapter.from_host(value, adapter.device(p))
            arrays[slot] = adapter.assign(array, ..., values)
        return int(saved["step"]), arrays


def _described(array: Array) -> str:
    """An array in the words of an error: float32[2, 3] on numpy, device cpu."""
    adapter = by_type[type(array)]
    where = f"{adapter.name}, device {adapter.device(array)}"
    return f"{array.dtype}{list(array.shape)} on {where}"


def accumulator_dtype(p: Array, adapter: Adapter) -> Any:
    """The dtype to update in: float32 for shorter numbers, else that of the parameter."""
    return dtype_of(adapter, "float32") if getattr(p.dtype, "itemsize", 4) < 4 else p.dtype


def empty_state(p: Array, dtype: Any, adapter: Adapter) -> Array:
    """Zeros where `p` is, dense, with the axes in the order of those of `p` in memory."""
    size = adapter.xp.finfo(dtype).bits // 8
    places = adapter.strides(p)
    strides = [0] * p.ndim
    for axis in sorted(range(p.ndim), key=lambda axis: (abs(places[axis]), -axis)):
        strides[axis] = size
        size *= max(p.shape[axis], 1)
    return adapter.allocate(tuple(p.shape), tuple(strides), dtype, adapter.device(p))


def refuse_locked(t: Tensor, adapter: Adapter, what: str) -> None:
    """Raise if ``t.data -= change`` would."""
    buffer = t._buffer
    needed = False
    for reader in () if buffer is None else buffer.readers:
        record = reader()
        needed = needed or (record is not None and bool(record.values))
    if not adapter.is_writeable(t._data) or (needed and not adapter.is_writeable(t.data)):
        reason = (
            "a graph that is still there needs its values: call backward() or clear_graph() on "
            "the result, drop it (a loss that is kept, say, keeps its graph), or compute what "
            "needs no gradients under mg.no_autodiff"
            if needed
            else "the array that it was made of is"
        )
        raise ValueError(f"{what} is read-only, because {reason}")
