"""`check_backend` passes the adapters there are, and tells each hook that lies."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mygrad as mg
from mygrad.arrays.immutable import ImmutableAdapter
from mygrad.nnet.losses import softmax_crossentropy
from mygrad.testing import BackendReport, check_backend
from mygrad.testing.bench import CHECKS

PAGE = Path(__file__).parent.parent.parent / "docs" / "writing-adapters.md"
SECTIONS = ["declaration", "host", "devices", "memory", "locking", "writing", "random numbers",
            "kernels", "programs"]  # fmt: skip


def test_the_backend_that_the_suite_runs_on(xp_backend: Any) -> None:
    report = check_backend(xp_backend)
    assert not report.failed
    assert len(report.passed) + len(report.skipped) == sum(map(len, CHECKS.values()))
    allowed = [("memory", "seen, window and put of arrays that never change")]
    if not xp_backend.has_views:
        views = ("arrays", "elements", "address", "is_view", "window", "alloc", "over", "results")
        allowed = [skipped for skipped in report.skipped if skipped[1].startswith(views)]
    assert set(report.skipped) - set(allowed) <= {
        ("locking", "can_lock, is_writeable, set_writeable"),
        ("kernels", "do what portable functions do"),
        ("devices", "moves to another device and back"),
    }
    assert str(report).startswith(f"<mygrad adapter '{xp_backend.name}'>: all")


def test_every_section_has_checks() -> None:
    assert list(CHECKS) == SECTIONS


def second_device(adapter: Any) -> Any:
    """A device where arrays are not made anyway, if there is one."""
    if adapter.name == "array-api-strict":
        return adapter.xp.__array_namespace_info__().devices()[1]
    if adapter.name == "cupy":
        import cupy

        return 1 if cupy.cuda.runtime.getDeviceCount() > 1 else None
    return None


def test_two_devices(xp_backend: Any) -> None:
    device = second_device(xp_backend)
    if device is None:
        pytest.skip("there is one device")
    report = check_backend(xp_backend, other_device=device)
    assert ("devices", "moves to another device and back") in report.passed


# --- adapters that lie ----------------------------------------------------------------------------
@pytest.fixture
def page() -> dict[str, Any]:
    """The library and the adapter of docs/writing-adapters.md, made anew."""
    program, *_ = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    definitions = program.partition("# --- is it one?")[0]
    scope: dict[str, Any] = {"__name__": "page"}
    exec(compile(definitions, str(PAGE), "exec"), scope)
    return scope


def report_of(adapter: Any) -> str:
    with pytest.raises(AssertionError) as raised:
        check_backend(adapter)
    return str(raised.value)


def changed(name: str, function: Callable[..., Any]) -> Callable[[dict[str, Any]], None]:
    """Put another method into the page's adapter; it gets the right one as its first argument."""

    def change(page: dict[str, Any]) -> None:
        right = getattr(page["BoxAdapter"], name)
        setattr(page["BoxAdapter"], name, lambda *args, **kw: function(right, *args, **kw))

    return change


def attribute(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda page: setattr(page["BoxAdapter"], name, value)


def without_in_place(page: dict[str, Any]) -> None:
    for name in list(vars(page["Box"])):
        if re.fullmatch(r"__i(add|sub|mul|truediv|pow|and|or|xor|mod|floordiv|matmul)__", name):
            delattr(page["Box"], name)


def numpy_results(page: dict[str, Any]) -> None:
    page["BoxAdapter"].asarray = lambda self, value, dtype=None, device=None: np.asarray(value)


def slices_that_are_copies(page: dict[str, Any]) -> None:
    Box, opened = page["Box"], page["opened"]
    Box.__getitem__ = lambda self, index: Box(np.array(self.inside[opened(index)]))


def without_exp(page: dict[str, Any]) -> None:
    right = page["Boxes"].__getattr__

    def getattribute(self: Any, name: str) -> Any:
        if name == "exp":
            raise AttributeError(f"the library has no attribute {name!r}")
        return right(self, name)

    page["Boxes"].__getattr__ = getattribute


def wrong_kernel(page: dict[str, Any]) -> None:
    page["adapter"].kernels["where"] = lambda condition, x, y: page["adapter"].xp.where(
        condition, y, x
    )


def unknown_kernel(page: dict[str, Any]) -> None:
    page["adapter"].kernels["wheer"] = lambda condition, x, y: x


def first_wins(right: Any, self: Any, target: Any, index: Any, value: Any) -> None:
    if isinstance(index, tuple) and len(index) == 2 and hasattr(index[0], "inside"):
        index = tuple(self.asarray(i.inside[::-1].copy()) for i in index)
        value = self.asarray(value.inside[::-1].copy()) if hasattr(value, "inside") else value
    return right(self, target, index, value)


LIES: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "in place": (without_in_place, "set has_views = False"),
    "has_views": (slices_that_are_copies, "has_views is True, and a.1:. is a copy"),
    "elements": (attribute("elements_are_copies", False), "and a.1. is a copy"),
    "no xp": (attribute("xp", None), "xp is None"),
    "a function that is missing": (without_exp, "xp has no exp\n"),
    "from_host": (
        changed("from_host", lambda right, self, a, d=None: right(self, np.ravel(a))),
        r"of no dimensions, float32\[\], came back as float32\[1\]",
    ),
    "from_host's dtype": (
        changed("from_host", lambda right, self, a, d=None: right(self, a.astype("f4"))),
        r"int32\[\], came back as float32",
    ),
    "to_host": (
        lambda page: setattr(page["BoxAdapter"], "to_host", lambda self, a: a.inside),
        "an array after its copy of to_host was written to is",
    ),
    "asarray": (numpy_results, "is a ndarray, which is none of array_types"),
    "asarray copies": (
        changed("asarray", lambda right, self, *a, **k: self.to_device(right(self, *a, **k), 0)),
        "is a copy of the array `a`",
    ),
    "device": (
        changed("parse_device", lambda right, self, device: f"{device}:0"),
        "parse_device\\('box'\\) is 'box:0'",
    ),
    "strides": (
        changed("strides", lambda right, self, a: right(self, a)[::-1]),
        "strides of a C-ordered",
    ),
    "address": (
        changed("address", lambda right, self, a: right(self, a) // 16),
        "by its address and strides|window",
    ),
    "window": (
        changed("window", lambda right, self, a, o, *rest: right(self, a, 0, *rest)),
        r"window\(a, 4, \(2, 2\), \(12, 4\)\) is",
    ),
    "windows that are copies": (
        changed("window", lambda right, self, *a: self.from_host(right(self, *a).inside)),
        "is_view\\(window.* is False",
    ),
    "allocate": (
        changed("allocate", lambda right, self, shape, strides, *rest: self.from_host(
            np.zeros(shape, rest[0]))),
        "has strides",
    ),
    "allocate's zeros": (
        changed("allocate", lambda right, self, *a: right(self, *a) + self.from_host(
            np.ones((), a[2]))),
        "allocate.* is .* and should be",
    ),
    "owner": (changed("owner", lambda right, self, a: a), "has another owner than `a`"),
    "is_view": (changed("is_view", lambda right, self, *a: True), "is_view\\(a . a, a\\) is True"),
    "overlaps": (
        changed("overlaps", lambda right, self, a, b: a is b), "overlaps is False for a and a.2:3."
    ),
    "can_lock": (attribute("can_lock", True), "is_writeable is True for an array that is locked"),
    "assign": (changed("assign", first_wins), "assign\\(zeros, \\(.2, 0, 2., .3, 1, 3.\\)"),
    "last_occurrences": (
        lambda page: setattr(page["BoxAdapter"], "last_occurrences", lambda self, i, s: None),
        "is None, and positions may repeat",
    ),
    "scatter_add": (
        lambda page: setattr(page["BoxAdapter"], "scatter_add",
                             lambda self, t, i, v: self.assign(t, i, t[i] + v)),
        "ones after scatter_add",
    ),
    "no scatter_add": (
        lambda page: delattr(page["BoxAdapter"], "scatter_add"),
        "the adapter 'boxes' has no scatter_add\\(\\)",
    ),
    "can_cast": (
        changed("can_cast", lambda right, self, a, b: a == b), "can_cast\\(int64, float32\\) is Fal"
    ),
    "positive": (
        lambda page: page["adapter"].kernels.update(positive=lambda x: x),
        "positive of an array of float32 is that array or a view of it",
    ),
    "rng": (changed("rng", lambda right, self, seed=None: right(self, 1)), "same numbers as rng"),
    "kernel": (wrong_kernel, "kernels\n    do what portable functions do: where"),
    "kernel's name": (unknown_kernel, "the kernel 'wheer' stands in for nothing"),
}  # fmt: skip


@pytest.mark.numpy_only("the toy library is on the host")
@pytest.mark.parametrize("name", LIES)
def test_lies_are_told(page: dict[str, Any], name: str) -> None:
    lie, words = LIES[name]
    lie(page)
    with np.errstate(all="ignore"):
        report = report_of(page["adapter"])
    assert re.search(words, report, re.DOTALL), report


@pytest.mark.numpy_only("the toy library is on the host")
def test_the_page_keeps_its_promise(page: dict[str, Any]) -> None:
    report = check_backend(page["adapter"])
    assert isinstance(report, BackendReport)
    assert not report.failed
    assert "not checked:\n  devices" in str(report)


def without_negative_steps(page: dict[str, Any]) -> None:
    Box, right = page["Box"], page["Box"].__getitem__

    def getitem(self: Any, index: Any) -> Any:
        for item in index if isinstance(index, tuple) else (index,):
            if isinstance(item, slice) and (item.step or 1) < 0:
                raise ValueError("boxes are read forwards")
        return right(self, index)

    Box.__getitem__ = getitem


@pytest.mark.numpy_only("the toy library is on the host")
def test_libraries_without_negative_steps(page: dict[str, Any]) -> None:
    without_negative_steps(page)
    report = check_backend(page["adapter"])
    why = "the library refuses a[::-1]: boxes are read forwards"
    for check in ("memory", "windows and allocate with negative strides"), (
        "programs", "slices that run backwards",
    ):  # fmt: skip
        assert report.skipped[check] == why


def immutable(page: dict[str, Any]) -> Any:
    """The adapter of boxes that never change."""
    Box, opened = page["Box"], page["opened"]

    def assign(self: Any, target: Any, index: Any, value: Any) -> Any:
        inside = target.inside.copy()
        inside[opened(index)] = opened(value)
        return Box(inside)

    def scatter_add(self: Any, target: Any, index: Any, values: Any) -> Any:
        inside = target.inside.copy()
        np.add.at(inside, opened(index), opened(values))
        return Box(inside)

    functions = {"assign": assign, "scatter_add": scatter_add}
    return type("ImmutableBoxAdapter", (ImmutableAdapter, page["BoxAdapter"]), functions)


@pytest.mark.numpy_only("the toy library is on the host")
def test_immutable_arrays(page: dict[str, Any]) -> None:
    """Told at their first use where the adapter does not say so; where it does, programs write."""
    without_in_place(page)
    Box, adapter = page["Box"], page["adapter"]
    del Box.__setitem__
    mg.register_backend(adapter)
    with mg.backend("boxes"), pytest.raises(TypeError, match="has_views has to be False"):
        mg.tensor([1.0, 2.0])
    adapter = immutable(page)()
    mg.register_backend(adapter)
    report = check_backend(adapter)
    assert ("programs", "many uses of one operand") in report.passed
    assert ("memory", "seen, window and put of arrays that never change") in report.passed
    with mg.backend("boxes"):
        x = mg.tensor([1.0, 2.0])
        (x * x + x * mg.sum(x)).backward()
        np.testing.assert_array_equal(x.grad.inside, [2 + 6, 4 + 6])
        y = x * 1.0
        part = y[1:]
        part *= 10.0
        y[0] = part[0] * x[0]
        assert y.data.inside.tolist() == [20.0, 20.0]
        (y * y).backward()
        np.testing.assert_array_equal(x.grad.inside, [2 * 20 * 20, 2 * 20 * 10 + 2 * 20 * 10])
        assert mg.tensor(x, constant=True)[0].item() == 1.0


@pytest.mark.numpy_only("the toy library is on the host")
def test_hooks_that_are_missing_are_named() -> None:
    class Empty(mg.Adapter):
        name = "empty"

    empty = Empty()
    for call in (lambda: empty.address(0), lambda: empty.window(0, 0, (), ()), empty.rng):
        with pytest.raises(
            NotImplementedError, match=r"the adapter 'empty' has no (addr|wind|rng)"
        ):
            call()
    with pytest.raises(TypeError, match=r"check_backend takes an adapter, .* given a type"):
        check_backend(Empty)  # type: ignore[arg-type]


# --- the adapter for PyTorch ----------------------------------------------------------------------
def test_the_page_on_pytorch_shows_the_package() -> None:
    """(The package's own tests run where it is installed, see ci/test.)"""
    package = PAGE.parent.parent / "examples" / "adapters" / "mygrad_torch"
    page = (PAGE.parent / "pytorch-adapter.md").read_text()
    module = (package / "mygrad_torch.py").read_text()
    blocks = re.findall(r"^```py\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 5
    assert [block for block in blocks if block not in module] == []
    assert re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1] in (  # type: ignore[index]
        package / "pyproject.toml"
    ).read_text()
    assert f"a module of {len(module.splitlines())} lines" in page
    assert len(module.splitlines()) < 150


# --- arrays that nobody has an adapter for --------------------------------------------------------
class Foreign:
    """An array of a library that mygrad does not know."""

    def __init__(self, protocol: str) -> None:
        self.values = np.ones(2)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.values


def foreign(protocol: str) -> Any:
    """An array of a type made anew, since types are remembered."""
    kind = type("Foreign", (Foreign,), {protocol: lambda self, **options: None})
    kind.__module__ = "abacus.arrays"
    return kind(protocol)


USES: dict[str, Callable[[Any], Any]] = {
    "tensor": mg.tensor,
    "asarray": mg.asarray,
    "sin": mg.sin,
    "t * a": lambda a: mg.tensor([1.0, 2.0]) * a,
    "a * t": lambda a: a * mg.tensor([1.0, 2.0]),
    "sums": lambda a: mg.sum([1.0]) + mg.sin(a),
    "a list": lambda a: mg.tensor([a, a]),
    "a list of lists": lambda a: mg.tensor([[1.0, 2.0], [a, 1.0]]),
    "t * a list": lambda a: mg.tensor([1.0, 2.0]) * [2.0, a],
    "np.add": lambda a: np.add(mg.tensor([1.0, 2.0]), a),
    "np.concatenate": lambda a: np.concatenate([mg.tensor([1.0, 2.0]), a]),
    "out": lambda a: mg.sin(mg.tensor([1.0, 2.0]), out=a),
    "where": lambda a: mg.where(a, mg.tensor([1.0, 2.0]), 0.0),
    "a mask": lambda a: mg.tensor([1.0, 2.0])[a],
    "a write": lambda a: operator.setitem(mg.tensor([1.0, 2.0]), ..., a),
    "an update": lambda a: operator.iadd(mg.tensor([1.0, 2.0]), a),
    "data": lambda a: setattr(mg.tensor([1.0, 2.0]), "data", a),
    "grad": lambda a: setattr(mg.tensor([1.0, 2.0]), "grad", a),
    "backward": lambda a: mg.tensor([1.0, 2.0]).backward(a),
    "arange": lambda a: mg.arange(a),
    "full": lambda a: mg.full(2, a),
    "labels": lambda a: softmax_crossentropy(mg.ones((2, 2)), a),
}


@pytest.mark.parametrize(
    "protocol", ["__array_namespace__", "__dlpack__", "__cuda_array_interface__"]
)
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_arrays_of_unknown_libraries_never_become_others(protocol: str, use: Any) -> None:
    a = foreign(protocol)
    for _ in range(2):
        with pytest.raises(
            TypeError,
            match=r"no adapter for abacus\.arrays\.Foreign; .* entry point 'abacus' of "
            r"'mygrad\.backends'\. numpy\.asarray",
        ):
            use(a)


@pytest.mark.numpy_only("host data goes to the selected backend")
def test_what_merely_can_be_made_an_array_still_is() -> None:
    class Column(Foreign):  # as of a table
        pass

    assert mg.tensor(Column("")).tolist() == [1, 1]


def test_the_report_of_a_pretended_failure() -> None:
    report = BackendReport(mg.get_adapter("numpy"))
    report.passed.append(("host", "asarray"))
    report.failed["memory", "window"] = "it is wrong"
    report.failed["memory", "owner"] = "it is gone"
    report.skipped["locking", "flags"] = "no locks"
    assert str(report).splitlines() == [
        "<mygrad adapter 'numpy'>: 2 of 3 checks failed",
        "  memory", "    window: it is wrong", "    owner: it is gone",
        "not checked:", "  locking", "    flags: no locks",
    ]  # fmt: skip
