"""Tensors as arrays of the standard: operators, places, DLPack; and the namespace itself."""

from __future__ import annotations

import contextlib
import importlib
import operator
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from against_numpy import needs_solver, needs_transforms

import mygrad as mg
from mygrad.errors import GradientDetached
from mygrad.interop import array_api
from mygrad.tensors import dialect, operators
from mygrad.testing import check_grads

INTEGERS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()
FLOATS = ["float32", "float64"]


@pytest.fixture
def xp(xp_backend: Any) -> ModuleType:
    return array_api.namespace_for(xp_backend)


def host(t: Any) -> np.ndarray:
    assert isinstance(t, mg.Tensor), type(t)
    return t._on_host()


# --- the namespace ----------------------------------------------------------------------------
def test_the_namespace_is_one_module(xp: ModuleType) -> None:
    t = mg.tensor([1.0])
    assert t.__array_namespace__() is mg.tensor(2).__array_namespace__(api_version="2023.12") is xp
    assert isinstance(xp, ModuleType)
    assert importlib.import_module(xp.__name__) is xp
    assert xp.__name__.startswith("mygrad.")
    assert xp.__array_api_version__ == "2025.12"
    assert hash(xp) == hash(t.__array_namespace__())
    assert array_api.float64 is xp.float64
    assert array_api.sin is xp.sin


def test_versions() -> None:
    with pytest.raises(ValueError, match=r"up to 2025\.12, not 1984"):
        mg.tensor(1.0).__array_namespace__(api_version="1984")


def test_every_library_has_its_own() -> None:
    strict = pytest.importorskip("strict_adapter").adapter
    ours = array_api.namespace_for(mg.get_adapter("numpy"))
    other = array_api.namespace_for(strict)
    assert ours is not other
    assert other.zeros(2).backend == "array-api-strict"
    assert ours.zeros(2).backend == "numpy"
    assert other.fft.fftfreq(4).backend == "array-api-strict"
    with pytest.raises(TypeError, match="different array libraries"):
        other.asarray(ours.zeros(2))


def test_what_the_library_has(xp: ModuleType) -> None:
    info = xp.__array_namespace_info__()
    assert info.default_device() in info.devices()
    assert {"boolean indexing", "data-dependent shapes"} <= info.capabilities().keys()
    assert info.default_dtypes()["real floating"] == xp.float64
    assert info.dtypes()["int8"] == xp.int8
    assert set(info.dtypes(kind="real floating")) == set(FLOATS)


def test_beyond_the_standard(xp: ModuleType) -> None:
    assert xp.newaxis is None
    assert xp.logsumexp is mg.logsumexp
    assert not hasattr(xp, "no_such_function")
    assert not hasattr(xp.linalg, "no_such_function")
    assert not hasattr(xp, "_public_names")
    pytest.importorskip("scipy")
    assert xp.special.expit is mg.special.expit


# --- arrays that are made ---------------------------------------------------------------------
def test_asarray_is_on_the_same_tape(xp: ModuleType) -> None:
    x = mg.tensor([1.0, 2.0])
    assert xp.asarray(x) is x
    assert xp.asarray(x, copy=False) is x
    assert xp.asarray(x, dtype=xp.float64, device=x.device) is x
    copied = xp.asarray(x, copy=True)
    (xp.asarray(x, dtype=xp.float32) * 3 + copied).backward()
    np.testing.assert_array_equal(mg.get_adapter(x.backend).to_host(x.grad), [4.0, 4.0])
    with pytest.raises(ValueError, match="without a copy"):
        xp.asarray(x, dtype=xp.float32, copy=False)
    with pytest.raises(ValueError, match="without a copy"):
        xp.asarray([1.0], copy=False)


def test_lists_of_tensors_are_stacked(xp: ModuleType) -> None:
    x, y = mg.tensor(2.0), mg.tensor(3.0)
    made = xp.asarray([[x, y], [y, x]])
    assert made.shape == (2, 2)
    (made * xp.asarray([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert (float(x.grad), float(y.grad)) == (5.0, 5.0)


def test_raw_arrays_and_numbers_are_operands(xp: ModuleType, xp_backend: Any) -> None:
    x = mg.tensor([1.0, 2.0])
    raw = xp_backend.from_host(np.array([3.0, 4.0]), xp_backend.device(x.data))
    chosen = xp.where(xp.greater(raw, 3.5), x, 0.0)
    xp.sum(xp.multiply(x, raw) + chosen + xp.maximum(x, 1.5)).backward()
    np.testing.assert_array_equal(xp_backend.to_host(x.grad), [3.0, 6.0])
    assert isinstance(xp.add(raw, raw), mg.Tensor)
    assert isinstance(xp.equal(raw, x), mg.Tensor)


def test_variables_may_be_written_into_what_is_made(xp: ModuleType) -> None:
    x = mg.tensor(3.0)
    for made in (xp.zeros(2), xp.ones_like(xp.asarray([1, 2]), dtype=xp.float64), xp.empty(2)):
        made[...] = 1.0
        made[0] = 2 * x
        xp.sum(made).backward()
        assert float(x.grad) == 2.0


# --- operators --------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("symbol", ["and_", "or_", "xor", "lshift", "rshift"])
def test_bitwise_operators(xp: ModuleType, dtype: str, symbol: str) -> None:
    a, b = np.array([1, 5, 12], dtype), np.array([1, 2, 3], dtype)
    x, y = xp.asarray(a), xp.asarray(b)
    function = getattr(operator, symbol)
    for found, wanted in [
        (function(x, y), function(a, b)), (function(x, 2), function(a, 2)),
        (function(12, y), function(12, b)),
    ]:  # fmt: skip
        np.testing.assert_array_equal(host(found), wanted, strict=True)
        assert found.constant
    wanted = function(a, b)
    same = x = xp.asarray(a, copy=True)
    x = getattr(operator, "i" + symbol.rstrip("_"))(x, y)
    assert x is same
    np.testing.assert_array_equal(host(x), wanted, strict=True)


def test_operators_of_booleans(xp: ModuleType) -> None:
    x, y = xp.asarray([True, False, True]), xp.asarray([True, True, False])
    assert host(x & y).tolist() == [True, False, False]
    assert host(x | True).tolist() == [True, True, True]
    assert host(False ^ x).tolist() == [True, False, True]
    assert host(~x).tolist() == [False, True, False]
    x &= y
    assert host(x).tolist() == [True, False, False]


def test_operators_that_are_not_for_floats(xp: ModuleType) -> None:
    x = xp.asarray([1.0])
    with pytest.raises((TypeError, ValueError), match="lshift"):
        _ = x << 1
    with pytest.raises((TypeError, ValueError), match="invert"):
        _ = ~x


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
@pytest.mark.parametrize("symbol", ["iadd", "isub", "imul", "ipow", "ifloordiv", "imod"])
def test_in_place_with_a_number(xp: ModuleType, dtype: str, symbol: str) -> None:
    """The number takes on the dtype of the tensor."""
    x = same = xp.asarray(np.array([7, 9], dtype))
    x = getattr(operator, symbol)(x, 2)
    assert x is same
    wanted = getattr(operator, symbol[1:])(np.array([7, 9], dtype), 2)
    np.testing.assert_array_equal(host(x), wanted, strict=True)


def test_a_number_that_is_too_large(xp: ModuleType) -> None:
    x = xp.asarray(np.array([1], np.uint8))
    with pytest.raises((OverflowError, ValueError, TypeError)):
        x += 1.5
    assert host(x).tolist() == [1]


def test_indices_are_tensors(xp: ModuleType) -> None:
    x = mg.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    mask, places = xp.asarray([True, False]), xp.asarray([2, 0])
    assert host(x[mask]).tolist() == [[1.0, 2.0, 3.0]]
    assert host(x[xp.asarray([1, 0]), places]).tolist() == [6.0, 1.0]
    assert float(x[xp.asarray(1), xp.asarray(0)].data) == 4.0
    y = x * 1
    y[mask, 1:] = 0.0
    y[1, 0] = xp.asarray(10.0)
    assert host(y).tolist() == [[1.0, 0.0, 0.0], [10.0, 5.0, 6.0]]


def test_attributes(xp: ModuleType) -> None:
    x = mg.tensor([[1.0, 2.0, 3.0]])
    assert (x.ndim, x.size, x.shape) == (2, 3, (1, 3))
    assert x.device == x.to_device(x.device).device
    assert x.mT.shape == x.T.shape == (3, 1)
    assert complex(xp.asarray(1 + 2j)) == 1 + 2j
    assert bool(xp.asarray(True)) is True
    assert not bool(xp.asarray(0.0))
    assert int(xp.asarray(3)) == operator.index(xp.asarray(3)) == 3
    with pytest.raises((ValueError, TypeError)):
        bool(x)


# --- DLPack -----------------------------------------------------------------------------------
@pytest.mark.skip_on("dpnp", "its memory is on a SYCL device, which NumPy cannot read")
@pytest.mark.skip_on("cupy", "its memory is on a GPU, which NumPy cannot read")
@pytest.mark.skip_on("array-api-strict", "its __dlpack__ asks for options that NumPy leaves out")
def test_dlpack() -> None:
    x = mg.tensor([1.0, 2.0], constant=True)
    assert np.shares_memory(np.from_dlpack(x), x.data)
    assert x.__dlpack_device__() == (1, 0)
    leaf = mg.tensor([1.0, 2.0])
    with pytest.warns(GradientDetached, match="__dlpack__"):
        np.from_dlpack(leaf)
    result = leaf * 2
    for t in (result, result[:1]):
        with pytest.raises(BufferError, match=r"hand over `t\.data`"):
            np.from_dlpack(t)
    np.from_dlpack(result.detach())
    result.backward()
    assert np.from_dlpack(result).tolist() == [2.0, 4.0]


@pytest.mark.skip_on("dpnp", "its memory is on a SYCL device, which NumPy cannot read")
@pytest.mark.skip_on("cupy", "its memory is on a GPU, which NumPy cannot read")
@pytest.mark.skip_on("array-api-strict", "its __dlpack__ asks for options that NumPy leaves out")
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("guarded", [False, True])
def test_dlpack_of_what_a_live_graph_needs(constant: bool, guarded: bool) -> None:
    """Other libraries write to such memory where NumPy says that it is read-only."""
    x, y = mg.tensor([1.0, 2.0], constant=constant), mg.tensor([3.0, 4.0])
    with mg.mem_guard_on if guarded else mg.mem_guard_off:
        result = x * y
        for t in (x, x[:1]):
            with pytest.raises(BufferError, match=r"a live graph needs .* hand over `t\.data`"):
                np.from_dlpack(t)
        assert x.data.__dlpack_device__() == (1, 0)
        result.backward()
    assert y.grad.tolist() == [1.0, 2.0]
    with contextlib.nullcontext() if constant else pytest.warns(GradientDetached):
        assert np.from_dlpack(x).tolist() == [1.0, 2.0]
    total = x + y  # needs no values
    with contextlib.nullcontext() if constant else pytest.warns(GradientDetached):
        np.from_dlpack(x)
    assert total.tolist() == [4.0, 6.0]


def test_from_dlpack(xp: ModuleType, xp_backend: Any) -> None:
    x = mg.tensor([1.0, 2.0])
    assert xp.from_dlpack(x) is x
    xp.sum(xp.from_dlpack(x * 3, copy=True)).backward()
    assert xp_backend.to_host(x.grad).tolist() == [3.0, 3.0]
    raw = xp_backend.from_host(np.array([1.0, 2.0]))
    assert host(xp.from_dlpack(raw)).tolist() == [1.0, 2.0]


# --- what comparisons give --------------------------------------------------------------------
def plain(x: Any) -> Any:
    return x > 1.0


def told(x: Any, xp: Any) -> Any:
    return x > 1.0


def asked(x: Any) -> Any:
    xp = x.__array_namespace__()
    return (x > 1.0) | ~xp.isnan(x)


def closed_over(x: Any) -> Any:
    xp = x.__array_namespace__()
    return (lambda: (xp, x > 1.0)[1])()


def comprehended(x: Any) -> Any:
    xp = x.__array_namespace__()
    assert xp
    return [each > 1.0 for each in (x, x)][1]


def generated(x: Any, xp: Any) -> Any:
    return next(each > 1.0 for each in (x, x))


def module(name: str, text: str, **names: Any) -> Any:
    made: dict[str, Any] = {"__name__": name, **names}
    exec(text, made)
    return made


def test_code_for_the_standard_gets_tensors_of_booleans(xp: ModuleType) -> None:
    x = mg.tensor([0.5, 2.0])
    x.__array_namespace__()
    raw = type(x.data)
    given = [told(x, xp), asked(x), closed_over(x), comprehended(x), generated(x, xp)]
    for give in given:
        assert isinstance(give, mg.Tensor)
        assert give.constant
        assert host(give).dtype == bool
    assert isinstance(plain(x), raw)  # as MyGrad has it
    assert isinstance(told(x, np), raw)  # where xp is another library
    assert isinstance(operator.eq(x, x), mg.Tensor)  # this function has an xp
    text = "def f(x): return x == x"
    assert isinstance(module("m", text)["f"](x), raw)
    assert isinstance(module("m", text, xp=xp)["f"](x), mg.Tensor)
    assert isinstance(module("m", text, xp=np)["f"](x), raw)
    assert isinstance(module("m", text, array_namespace=print)["f"](x), mg.Tensor)


def test_code_that_asks_by_another_name(xp: ModuleType) -> None:
    """Functions that ask for the namespace, and call it what they like."""
    x, raw = mg.tensor([0.5, 2.0]), type(mg.tensor(1.0).data)
    for text, kind in {
        "def f(x): np = x.__array_namespace__(); return x > 1": mg.Tensor,
        "def f(x): api.array_namespace(x); return [x > 1 for _ in '1'][0]": mg.Tensor,
        "def f(x): 'array_namespace'; return x > 1": raw,
        "def f(x): return g(x)\ndef g(x): return x > 1": raw,
    }.items():
        f = module("m", text, api=array_api)["f"]
        assert [type(f(x)) for _ in range(2)] == [kind] * 2, text


def test_code_that_calls_array_api_extra(xp: ModuleType, monkeypatch: Any) -> None:
    """Masks are handed to its functions, which ask all arrays for their namespace."""
    x, raw = mg.tensor([0.5, 2.0]), type(mg.tensor(1.0).data)
    extra = ModuleType("array_api_extra")
    exec("def apply_where(cond, x, f, g): return cond", vars(extra))
    monkeypatch.setattr(dialect, "spoken", set())  # nobody has asked for a namespace yet
    monkeypatch.setattr(operators, "spoken", dialect.spoken)
    monkeypatch.setitem(sys.modules, "array_api_extra", extra)
    for text, names in {
        "xpx.apply_where(x > 1, x, None, None)": {"xpx": extra},
        "apply_where(x > 1, x, None, None)": {"apply_where": extra.apply_where},
        "__import__('array_api_extra').apply_where(x > 1, x, None, None)": {"other": extra},
    }.items():
        f = module("m", f"def f(x): return {text}", **names)["f"]
        assert type(f(x)) is (raw if "other" in names else mg.Tensor), text
    assert type(module("m", "def f(x): return x > 1", xpx=extra)["f"](x)) is raw


def test_what_is_known_of_code_is_bounded(monkeypatch: Any) -> None:
    """Code that is gone takes nothing with it that a later one at its place would be taken for."""
    x = mg.tensor([0.5, 2.0])
    x.__array_namespace__()
    monkeypatch.setattr(dialect, "MANY", 3)
    for k in range(8):
        text = "def f(x): return x > 1" if k % 2 else "def f(x, xp): return x > 1"
        f = module("m", text)["f"]
        given = () if k % 2 else (x.__array_namespace__(),)
        assert isinstance(f(x, *given), mg.Tensor) is not bool(k % 2)
        assert len(dialect._texts) <= 3
        del f


@pytest.mark.parametrize("told", [False, True])
def test_apply_where(xp: ModuleType, told: bool) -> None:
    xpx = pytest.importorskip("array_api_extra")

    def program(x: Any) -> Any:
        given = {"fill_value": 3 * x} if told else {}
        functions = [lambda x, y: x**2 * y, lambda x, y: 3 * x + y][: 1 if told else 2]
        return xpx.apply_where((x > 1.0) & ~(x >= 2.0), (x, x**3), *functions, **given)

    check_grads(program, np.array([0.3, 1.7, 2.4, 1.1]))


def test_masks_of_other_code(xp: ModuleType, xp_backend: Any) -> None:
    """A raw mask beside tensors is an error where both are asked, and never a lost gradient."""
    xpx = pytest.importorskip("array_api_extra")
    x = mg.tensor([0.5, 2.0])
    mask = plain(x)
    with pytest.raises(TypeError, match="Multiple namespaces"):
        xpx.apply_where(mask, x, lambda x: x**2, lambda x: x)
    for accepted in (xpx.apply_where(xp.asarray(mask), x, lambda x: x**2, lambda x: x),
                     xpx.apply_where(mask, x, lambda x: x**2, lambda x: x, xp=xp)):  # fmt: skip
        accepted.sum().backward()
        np.testing.assert_array_equal(xp_backend.to_host(x.grad), [1.0, 4.0])


def test_comparisons_in_code_with_the_package_as_its_namespace() -> None:
    """``import mygrad.interop.array_api as xp``, and nobody ever asked a tensor for its own."""
    asked, x = set(dialect.spoken), mg.tensor([1.0])
    names: dict[str, Any] = {"xp": array_api}
    exec("def positive(x): return x > 0\ndef both(x): return xp.any(x > 0)", names)
    dialect.spoken.clear()
    try:
        assert not isinstance(names["positive"](x), mg.Tensor)
        assert isinstance(names["both"](x), mg.Tensor)
        assert isinstance(names["positive"](x), mg.Tensor)  # from now on
        assert not isinstance(x > 0, mg.Tensor)
    finally:
        dialect.spoken.update(asked)


def test_masks_mean_the_same_array(xp: ModuleType) -> None:
    """What code for the standard does with masks."""

    def standard(x: Any) -> Any:
        xp = x.__array_namespace__()
        mask = (x > 0.0) & (x < 2.0)
        assert mask.__array_namespace__() is xp
        if xp.any(mask) and not xp.all(mask) and not bool(mask[0]):
            y = xp.where(mask, x**2, -x)
            y[~mask] = 3 * x[~mask]
            return y * xp.astype(mask, x.dtype) + x[mask][0]
        return None

    check_grads(standard, np.array([-1.0, 0.5, 1.5, 3.0]))


# --- gradients --------------------------------------------------------------------------------
PROGRAMS: dict[str, Any] = {
    "clip, sort, take": lambda xp, x: xp.take(
        xp.sort(xp.clip(x, min=-2.0), descending=True), xp.asarray([0, 2]), axis=-1),
    "cumulative sums": lambda xp, x: xp.cumulative_sum(x, axis=0, include_initial=True) ** 2,
    "statistics": lambda xp, x: xp.std(x, axis=1, correction=1) + xp.var(x) + xp.mean(x),
    "shapes": lambda xp, x: xp.reshape(xp.moveaxis(xp.tile(x, (1, 2)), 0, -1), (-1,))
    * xp.arange(12.0),
    "joined": lambda xp, x: xp.concat([x, 2 * x], axis=1) * xp.stack(xp.unstack(x))[:, :1],
    "solving": lambda xp, x: xp.linalg.solve(
        x @ x.mT + xp.eye(2), xp.linalg.vector_norm(x, axis=1)),
    "einsum": lambda xp, x: xp.tensordot(x, x, axes=((1,), (1,))) + xp.vecdot(x, x),
    "transforms": lambda xp, x: xp.real(xp.fft.fft(x, n=4, norm="ortho")) ** 2,
    "differences": lambda xp, x: xp.diff(x, prepend=x[:, :1] * 2, n=1),
    "places": lambda xp, x: xp.take_along_axis(x, xp.argsort(x, axis=1), axis=1)
    * xp.asarray([1.0, 2.0, 3.0]),
    "unique": lambda xp, x: xp.unique_all(x).values * xp.arange(6.0),
    "in place": lambda xp, x: _in_place(xp, x),
}  # fmt: skip


def _in_place(xp: Any, x: Any) -> Any:
    y = xp.zeros((2, 3))
    y[:, 1] = x[:, 0] ** 2
    y[y > 1.0] *= 3.0
    return y + xp.full_like(x, 2.0) * x


NEEDS = {"transforms": needs_transforms, "solving": needs_solver}


@pytest.mark.parametrize("name", [pytest.param(n, marks=NEEDS.get(n, ())) for n in PROGRAMS])
def test_gradients(name: str) -> None:
    def program(x: Any) -> Any:
        return PROGRAMS[name](x.__array_namespace__(), x)

    check_grads(program, np.array([[0.3, -1.1, 2.0], [1.7, 0.4, -0.6]]))


MADE: dict[str, tuple[str, Any]] = {
    "empty": ("real floating", lambda xp, at: xp.empty(2, device=at)),
    "eye": ("real floating", lambda xp, at: xp.eye(2, device=at)),
    "ones": ("real floating", lambda xp, at: xp.ones(2, device=at)),
    "full of fractions": ("real floating", lambda xp, at: xp.full(2, 0.5, device=at)),
    "full of integers": ("integral", lambda xp, at: xp.full(2, 3, device=at)),
    "full of complex numbers": ("complex floating", lambda xp, at: xp.full(2, 1j, device=at)),
    "arange of fractions": ("real floating", lambda xp, at: xp.arange(0, 2.0, device=at)),
    "arange of integers": ("integral", lambda xp, at: xp.arange(4, device=at)),
    "list of fractions": ("real floating", lambda xp, at: xp.asarray([1, 0.5], device=at)),
    "list of integers": ("integral", lambda xp, at: xp.asarray([[1, 2]], device=at)),
    "complex number": ("complex floating", lambda xp, at: xp.asarray(2j, device=at)),
    "frequencies": ("real floating", lambda xp, at: xp.fft.fftfreq(4, device=at)),
}


@pytest.mark.parametrize("what", MADE)
def test_default_dtypes_are_those_of_the_device(what: str, xp: Any) -> None:
    """array-api-strict has devices with other defaults, and without the wide dtypes."""
    kind, make = MADE[what]
    info = xp.__array_namespace_info__()
    for device in info.devices():
        made = make(xp, device)
        assert made.device == xp.empty(2, dtype=xp.bool, device=device).device
        assert made.dtype == info.default_dtypes(device=device)[kind]
        assert made.creator is None or made.constant
