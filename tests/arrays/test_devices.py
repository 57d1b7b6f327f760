"""Devices of one library: how they are named, and that all stays where its operands are.

What runs on the second device is tested here operation by operation. The whole suite does the same
where ``MYGRAD_BACKEND`` is ``cupy:1``, see ``conftest.py``.
"""

from __future__ import annotations

import copy
import io
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from gradcheck import host
from primitive_cases import CASES, UFUNCS, Case, distinct, operands_of

import mygrad as mg
from mygrad import nnet
from mygrad.autodiff.namespace import registry
from mygrad.autodiff.primitive import primitive

cupy = pytest.importorskip("cupy")


@pytest.fixture(autouse=True)
def on_cupy() -> Iterator[None]:
    """The first device is current and none is selected; afterwards it is so still."""
    if mg.backends.selected_adapter().name != "cupy":
        pytest.skip("the suite does not run on CuPy")
    mg.set_backend("cupy")
    yield
    assert cupy.cuda.runtime.getDevice() == 0


@pytest.fixture
def second() -> int:
    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("there is one CUDA device only")
    return 1


def raw(values: Any, device: int) -> Any:
    with cupy.cuda.Device(device):
        return cupy.asarray(values)


# --- names --------------------------------------------------------------------------------
SPELLINGS = [0, "cuda:0", "gpu:0", "cuda", "0", np.int64(0)]


@pytest.mark.parametrize("name", SPELLINGS)
def test_devices_are_numbers_whatever_they_are_called(name: Any) -> None:
    x = mg.tensor([1.0, 2.0])
    assert x.device == 0
    assert type(x.device) is int
    assert x.to(device=name) is x
    assert mg.tensor([1.0], device=name).device == 0
    assert x.to(device=cupy.cuda.Device(0)) is x


@pytest.mark.parametrize("name", [1, "cuda:1", "gpu:1", "1", np.int64(1)])
def test_every_way_to_name_the_second_device(name: Any, second: int) -> None:
    for named in (name, cupy.cuda.Device(second)):
        x = mg.tensor([1.0, 2.0])
        there = x.to(device=named)
        assert there.device == second
        assert there.to(device=named) is there
        assert there.to(device=0).device == 0
        assert mg.zeros(2, device=named).device == second
        mg.set_backend("cupy", device=named)
        assert mg.tensor([1.0]).device == mg.ones(3).device == second
        with mg.backend("cupy", device=0):
            assert mg.tensor([1.0]).device == mg.arange(3).device == 0
            with mg.backend("cupy", device=named):
                assert mg.random.rand(2).device == second
        mg.set_backend("cupy")


def test_the_environment_names_a_device(second: int) -> None:
    pretended = os.environ.get("PRETENDED_GPUS")
    program = f"import sys; sys.path[:0] = {sys.path!r}\n"
    if pretended:
        program += f"import pretended_gpu; pretended_gpu.install({int(pretended)})\n"
    program += "import mygrad as mg; print(mg.ones(2).device)"

    def run(spelled: str) -> Any:
        environment = {**os.environ, "MYGRAD_BACKEND": spelled}
        command = [sys.executable, "-c", program]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    assert [run(name).stdout for name in ("cupy", "cupy:1")] == ["0\n", "1\n"]
    assert "MYGRAD_BACKEND=cupy:9: there is no CUDA device" in run("cupy:9").stderr


@pytest.mark.parametrize("name", ["cpu", "cuda:7", 7, -1, 1.0])
def test_devices_that_are_not_there(name: Any) -> None:
    for use in (
        lambda: mg.tensor([1.0], device=name),
        lambda: mg.zeros(1, device=name),
        lambda: mg.set_backend("cupy", device=name),
        lambda: mg.tensor([1.0]).to(device=name),
    ):
        with pytest.raises(ValueError, match=r"no CUDA device"):
            use()


def test_a_device_never_shares_memory_with_the_source() -> None:
    a = cupy.asarray([1.0, 2.0])
    t = mg.tensor(a, device=0)
    t += 10
    assert a.get().tolist() == [1, 2]


def test_moving_to_another_device(second: int) -> None:
    a = cupy.asarray([1.0, 2.0])
    t = mg.tensor(a, device=second)
    assert (t.device, a.device.id) == (second, 0)
    x = mg.tensor([1.0, 2.0], constant=True)
    y = x.to(device=second)
    assert (x.device, y.device) == (0, second)
    assert host(y).tolist() == [1, 2]
    whole = mg.arange(12.0).reshape(3, 4)
    for part in (whole[:, 1:3], whole.T, whole[::-1], whole[:0]):
        assert np.array_equal(host(part.to(device=second)), host(part))


# --- every operation ----------------------------------------------------------------------
Function = Callable[..., Any]
ELEMENTWISE = [n for n in sorted(UFUNCS) if n in registry]
CALLED = [(n, case) for n in sorted(CASES) if n in registry or hasattr(mg, n) for case in CASES[n]]


def call(name: str, case: Case, operands: Any, place: Callable[[Any], Any]) -> Any:
    """An example call, with what is an array among its arguments as `place` makes it."""
    f = registry.get(name) or getattr(mg, name)
    leading, extra = (
        [place(a) if isinstance(a, np.ndarray) else a for a in arguments]
        for arguments in (case.leading, case.extra)
    )
    if name in registry and registry[name].variadic:
        return f(operands, *extra, **case.params)
    return f(*leading, *operands, *extra, **case.params)


def everything(f: Function, operands: Any, device: int) -> list[Any]:
    """Results, gradients and gradients of gradients; all of them have to be on `device`."""
    leaves = [mg.tensor(a, device=device) for a in operands]
    first = f(*leaves)
    results = list(first) if isinstance(first, (tuple, list)) else [first]
    for result in results:
        if isinstance(result, mg.Tensor) and not result.constant:
            result.backward()
    found: list[Any] = [*results, *(t.grad for t in leaves)]
    again = f(*leaves)
    for result in again if isinstance(again, (tuple, list)) else [again]:
        if isinstance(result, mg.Tensor) and not result.constant:
            result.backward(create_graph=True)
    squares = [(t.grad * t.grad).sum() for t in leaves if isinstance(t.grad, mg.Tensor)]
    if squares:
        total = squares[0]
        for square in squares[1:]:
            total = total + square
        total.backward()
        found += [t.grad for t in leaves]
    for a in found:
        array = a._data if isinstance(a, mg.Tensor) else a
        assert not isinstance(array, cupy.ndarray) or array.device.id == device
    return [None if a is None else host(a) for a in found]


def same_on_both(f: Callable[[int], Function], operands: Any, second: int) -> None:
    here, there = (everything(f(device), operands, device) for device in (0, second))
    assert cupy.cuda.runtime.getDevice() == 0
    assert len(here) == len(there)
    for a, b in zip(here, there, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_operations_follow_their_operands(name: str, second: int) -> None:
    operands = distinct(((2, 3),) * len(UFUNCS[name]), UFUNCS[name])
    same_on_both(lambda device: registry[name], operands, second)


@pytest.mark.parametrize(("name", "case"), CALLED, ids=[f"{n} {c}" for n, c in CALLED])
def test_operations_follow_their_operands(name: str, case: Case, second: int) -> None:
    def on(device: int) -> Function:
        return lambda *operands: call(name, case, operands, lambda a: raw(a, device))

    same_on_both(on, operands_of(case), second)


OTHERS: dict[str, Function] = {
    "mask": lambda x: x[x > 0],
    "mask from the host": lambda x: x[np.array([True, False, True])],
    "integers": lambda x: x[[2, 0, 2]],
    "iteration": lambda x: sum(row for row in x),
    "numbers": lambda x: 2 * x + np.float64(3) - np.array([[1.0, 2.0]]),
    "where": lambda x: mg.where(x > 0, x, [0.5, 1.0]),
    "where=": lambda x: mg.multiply(x, 2.0, where=[True, False]),
    "NumPy's functions": lambda x: np.sum(np.multiply(x, 2.0), axis=0),
    "astype": lambda x: x.astype("float32"),
    "copy": lambda x: x.copy(),
    "written": lambda x: written(x * 1, lambda y: y.__setitem__(0, 3.0)),
    "written to integers": lambda x: written(x * 1, lambda y: y.__setitem__([2, 0], [[1.0, 2.0]])),
    "written to a mask": lambda x: written(x * 1, lambda y: y.__setitem__(y > 0, 0.5)),
    "variable written": lambda x: written(mg.zeros_like(x), lambda y: y.__setitem__(..., x)),
    "added in place": lambda x: written(x * 1, lambda y: y.__iadd__(x)),
    "subtracted from a part": lambda x: written(x * 1, lambda y: y[1:].__isub__([[2.0, 1.0]])),
    "scatter_add": lambda x: written(x * 1, lambda y: y.scatter_add([0, 0], x[:2])),
    "out=": lambda x: mg.add(x, 1.0, out=mg.zeros_like(x)),
    "putmask": lambda x: written(x * 1, lambda y: np.putmask(y, y > 0, [1.0, 2.0, 3.0])),
    "put": lambda x: written(x * 1, lambda y: np.put(y, [0, 3], [1.0, 2.0])),
    "place": lambda x: written(x * 1, lambda y: np.place(y, y > 0, [1.0])),
    "copyto": lambda x: written(x * 1, lambda y: np.copyto(y, [[1.0, 2.0]], where=[True, False])),
    "fill_diagonal": lambda x: written(x * 1, lambda y: np.fill_diagonal(y, [1.0, 2.0])),
    "cross-entropy": lambda x: nnet.losses.softmax_crossentropy(x, [0, 1, 0]),
    "likelihood": lambda x: nnet.losses.negative_log_likelihood(x, np.array([0, 1, 0])),
    "hinge": lambda x: nnet.losses.multiclass_hinge(x, [0, 1, 0]),
    "focal loss": lambda x: nnet.losses.focal_loss(nnet.activations.softmax(x), [0, 1, 0]),
    "ranking": lambda x: nnet.losses.margin_ranking_loss(x, x[::-1], [1, -1, 1], 0.5),
    "batchnorm": lambda x: nnet.layers.batchnorm(x, gamma=[1.0, 2.0], beta=None, eps=1e-3),
    "cross-entropy, weighted": lambda x: nnet.losses.cross_entropy(
        x, [0, -100, 1], weight=[1.0, 2.0], label_smoothing=0.1
    ),
    "yes or no": lambda x: nnet.losses.binary_cross_entropy_with_logits(
        x, [[1, 0]] * 3, pos_weight=[1.0, 2.0]
    ),
    "ctc": lambda x: nnet.losses.ctc_loss(mg.expand_dims(x, axis=1), [[1]], [2], [1]),
    "gelu": lambda x: nnet.activations.gelu(x),
    "embedding": lambda x: nnet.layers.embedding([2, 0, 2], x, padding_idx=0),
    "averages": lambda x: nnet.layers.avg_pool(x, (2,), 2, 1, False),
    "even shares": lambda x: nnet.layers.adaptive_avg_pool(x, (2, 1)),
    "attention": lambda x: nnet.layers.scaled_dot_product_attention(
        x, x, x, np.eye(3), is_causal=True
    ),
    "dropout": lambda x: nnet.layers.dropout(x, 0.0) + 0 * nnet.layers.dropout(x, 0.5),
    "group_norm": lambda x: nnet.layers.group_norm(x, 2, gamma=[1.0, 2.0], eps=1e-3),
    "transposed convolution": lambda x: nnet.layers.conv_transpose_nd(
        mg.expand_dims(x, axis=0), np.ones((3, 1, 2)), 2, 1, 1, groups=3
    ),
    "lstm": lambda x: nnet.layers.lstm(
        mg.expand_dims(x, axis=1), np.ones((2, 8)), np.ones((2, 8)), np.ones(8)
    )[0],
    "dot": lambda x: mg.matmul(x, [[1.0], [2.0]]),
    "einsum": lambda x: mg.einsum("ij,j->i", x, np.array([1.0, 2.0])),
    "stack": lambda x: mg.stack([x, np.ones((3, 2))]),
    "linspace": lambda x: mg.linspace(x.sum(), 1.0, 4),
    "normal": lambda x: mg.random.normal(x, 0.0),
    "uniform": lambda x: mg.random.uniform(x, x + 1) * 0 + x,
    "permutation": lambda x: (mg.random.permutation(x) ** 2).sum(axis=0),
    "views": lambda x: written(x.T.reshape(-1)[::2].copy(), lambda y: y[1:].__iadd__(1.0)),
}


def written(t: Any, write: Callable[[Any], Any]) -> Any:
    write(t)
    return t


@pytest.mark.parametrize("name", OTHERS)
def test_what_else_follows(name: str, second: int) -> None:
    operands = [np.array([[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]])]
    if name == "likelihood":
        operands = [np.log(np.array([[0.5, 0.5], [0.25, 0.75], [0.1, 0.9]]))]
    same_on_both(lambda device: OTHERS[name], operands, second)


def test_a_gru_with_dropout(second: int) -> None:
    rng = np.random.default_rng(0)
    shapes = [(3, 2, 1), *[(1, 2), (2, 2), (2,)] * 3]
    operands = [rng.standard_normal(s) for s in shapes]

    def on(device: int) -> Function:
        def gru(*operands: Any) -> Any:
            mg.random.seed(3)
            return nnet.layers.gru(*operands, dropout=0.4)

        return gru

    same_on_both(on, operands, second)


def test_what_is_seen_of_a_tensor(second: int) -> None:
    x = mg.tensor([[1.0, -2.0], [3.0, 4.0]], device=second)
    number = mg.tensor(3.0, device=second, constant=True)
    assert (float(number), number.item(), int(number), bool(number)) == (3.0, 3.0, 3, True)
    assert repr(x) == repr(x.to(device=0))
    assert f"{number:.1f}" == "3.0"
    assert x.tolist() == [[1, -2], [3, 4]]
    flags = mg.tensor([True, False], device=second)
    for seen in (x > 0, x == [[1.0, -2.0], [0.0, 0.0]], np.float64(3) > x, ~flags, x.argmax(0)):
        assert getattr(seen.device, "id", seen.device) == second
    assert 4.0 in x
    assert int(np.argmax(x)) == 3
    for twin in (copy.copy(x), copy.deepcopy(x), x.copy(), x.astype("float32"), mg.asarray(x)):
        assert getattr(twin.device, "id", twin.device) == second
    for like in (mg.zeros_like(x), mg.ones_like(x, shape=3), mg.full_like(x, [1.0, 2.0])):
        assert like.device == second
    file = io.BytesIO()
    mg.save(file, x)
    file.seek(0)
    with mg.backend("cupy", device=second):
        assert mg.load(file).device == pickle.loads(pickle.dumps(x)).device == second


# --- moves within a graph -----------------------------------------------------------------
@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_flow_between_devices(second: int, create_graph: bool) -> None:
    """Two branches, recorded in turns, on two devices; `x` is used on both."""
    x, y = mg.tensor([1.0, 2.0, 3.0]), mg.tensor([2.0, 3.0, 4.0], device=second)
    a, b = x * x, y * y
    a, b = a * 2.0, b + x.to(device=second)
    a, b = a[1:], b[::2]
    c = a.to(device=second) * b + (x * 3.0)[:2].to(device=second)
    d = (c.to(device=0) * x[:2]).to("numpy")
    d.sum().backward(create_graph=create_graph)
    n = {"x": np.array([1.0, 2.0, 3.0]), "y": np.array([2.0, 3.0, 4.0])}

    def f(x: Any, y: Any) -> Any:
        return (((2 * x * x)[1:] * (y * y + x)[::2] + 3 * x[:2]) * x[:2]).sum()

    def slope(name: str) -> Any:
        slopes = []
        for k in range(3):
            steps = []
            for step in (1e-5, -1e-5):
                moved = {key: value.copy() for key, value in n.items()}
                moved[name][k] += step
                steps.append(f(**moved))
            slopes.append((steps[0] - steps[1]) / 2e-5)
        return slopes

    np.testing.assert_allclose(host(x.grad), slope("x"), rtol=1e-6)
    np.testing.assert_allclose(host(y.grad), slope("y"), rtol=1e-6)
    grads = [t.grad.device if create_graph else t.grad.device.id for t in (x, y)]
    assert grads == [0, second]


# --- devices that are mixed ---------------------------------------------------------------
def mixed(name: str, x: Any, y: Any) -> Any:
    """Use two tensors on different devices together."""
    return MIXES[name](x, y, y.data)


MIXES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "operands": lambda x, y, raw_y: x * y,
    "raw operands": lambda x, y, raw_y: x * raw_y,
    "comparisons": lambda x, y, raw_y: x < y,
    "index": lambda x, y, raw_y: x[raw([0, 1], y.device)],
    "mask": lambda x, y, raw_y: x[y > 0],
    "take": lambda x, y, raw_y: mg.take(x, raw([0, 1], y.device)),
    "written": lambda x, y, raw_y: x.__setitem__(0, y[0]),
    "written raw": lambda x, y, raw_y: x.__setitem__(..., raw_y),
    "written at": lambda x, y, raw_y: x.__setitem__(raw([0, 1], y.device), 1.0),
    "added": lambda x, y, raw_y: x.__iadd__(y),
    "out=": lambda x, y, raw_y: mg.multiply(x, x, out=y),
    "raw out=": lambda x, y, raw_y: mg.multiply(x, x, out=raw_y),
    "where=": lambda x, y, raw_y: mg.multiply(x, x, where=y > 0),
    "seed": lambda x, y, raw_y: (x * x).backward(raw_y),
    "tensor as seed": lambda x, y, raw_y: (x * x).backward(y),
    "data": lambda x, y, raw_y: setattr(x, "data", raw_y),
    "stack": lambda x, y, raw_y: mg.stack([x, y]),
    "NumPy's": lambda x, y, raw_y: np.add(x, raw_y),
    "labels": lambda x, y, raw_y: nnet.losses.softmax_crossentropy(
        mg.stack([x, x]), raw([0, 1], y.device)
    ),
    "full_like": lambda x, y, raw_y: mg.full_like(x, y),
}


@pytest.mark.parametrize("name", MIXES)
def test_devices_do_not_mix(name: str, second: int) -> None:
    x, y = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0], device=second)
    loss = (x * x).sum()
    mg.tensor([1.0], device=second)
    with pytest.raises(ValueError, match=r"devices of cupy, [01] and [01].*\.to\(device=[01]\)"):
        mixed(name, x, y)
    assert cupy.cuda.runtime.getDevice() == 0
    assert (host(x).tolist(), host(y).tolist()) == ([1, 2], [3, 4])
    assert (x.device, y.device, x.grad, y.grad) == (0, second, None, None)
    loss.backward()
    assert host(x.grad).tolist() == [2, 4]


# --- what is current stays current --------------------------------------------------------
@contextmanager
def unchanged() -> Iterator[None]:
    streams = []
    for device in (0, 1):
        with cupy.cuda.Device(device):
            streams.append(cupy.cuda.get_current_stream())
    before = cupy.cuda.runtime.getDevice()
    yield
    assert cupy.cuda.runtime.getDevice() == before
    for device, stream in enumerate(streams):
        with cupy.cuda.Device(device):
            assert cupy.cuda.get_current_stream() == stream


@pytest.mark.parametrize("current", [0, 1])
def test_the_current_device_is_left_as_it_was(current: int, second: int) -> None:
    with cupy.cuda.Device(current):
        for device in (0, second):
            x = mg.tensor([[1.0, 2.0], [3.0, 4.0]], device=device)
            with unchanged():
                (x @ x).sum().backward()
                x[0] = 2.0
                mg.random.random(2, device=device)
                mg.zeros(3, device=device)
            for wrong in (
                lambda x=x: x @ mg.ones((3, 3), device=x.device),
                lambda x=x: x.__setitem__(0, [1.0, 2.0, 3.0]),
                lambda x=x: broken(x).sum().backward(),
                lambda x=x: x.backward(mg.ones(7, device=x.device)),
            ):
                with unchanged(), pytest.raises(Exception, match=r"."):
                    wrong()


@primitive(x=lambda g, x: 1 / 0)
def broken(x: Any) -> Any:
    return x * 1


def test_work_goes_to_the_current_stream_of_the_device(second: int) -> None:
    seen: list[Any] = []

    def note(x: Any) -> Any:
        seen.append((cupy.cuda.runtime.getDevice(), cupy.cuda.get_current_stream()))
        return x

    @primitive(x=lambda g: note(g) * 1)
    def noted(x: Any) -> Any:
        return note(x) * 1

    x, y = mg.tensor([1.0, 2.0]), mg.tensor([1.0, 2.0], device=second)
    with cupy.cuda.Device(second):
        stream = cupy.cuda.Stream(non_blocking=True)
    with cupy.cuda.Device(second), stream, unchanged():
        noted(y).backward()
        assert seen == [(second, stream)] * 2
        seen.clear()
        noted(x).backward()
        assert {device for device, _ in seen} == {0}
        assert stream not in [used for _, used in seen]
        seen.clear()
        noted(x.to(device=second)).backward()
        assert seen == [(second, stream)] * 2
    assert host(y.grad).tolist() == host(x.grad).tolist() == [1, 1]


# --- random numbers -----------------------------------------------------------------------
def test_random_numbers_do_not_depend_on_the_current_device(second: int) -> None:
    def numbers(device: int) -> list[Any]:
        made = [
            mg.random.rand(3), mg.random.randn(2), mg.random.randint(0, 99, (4,)),
            mg.random.random((2, 2)), mg.random.permutation(5), nnet.initializers.normal(3),
            nnet.initializers.uniform(2), nnet.initializers.dirac(2, 2, 3),
            mg.random.multivariate_normal([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]], 3),
        ]  # fmt: skip
        assert {t.device for t in made} == {device}
        return [host(t) for t in made]

    drawn = []
    for device in (0, second):
        for current in (0, second):
            mg.random.seed(7)
            with cupy.cuda.Device(current), mg.backend("cupy", device=device):
                drawn.append(numbers(device))
    for other in drawn[1:]:
        for a, b in zip(drawn[0], other, strict=True):
            assert np.array_equal(a, b)


def test_each_device_has_a_generator_of_its_own(second: int) -> None:
    mg.random.seed(1)
    first = host(mg.random.rand(4))
    mg.random.seed(1)
    mg.random.random(3, device=second)  # which draws nothing from the other device's numbers
    assert np.array_equal(host(mg.random.rand(4)), first)
    assert mg.random.generator() is mg.random.generator()


MAKERS: dict[str, Callable[..., Any]] = {
    "zeros": lambda **where: mg.zeros((2, 3), **where),
    "ones": lambda **where: mg.ones(2, **where),
    "empty": lambda **where: mg.empty(2, **where),
    "full": lambda **where: mg.full((2, 2), 3.0, **where),
    "full of a list": lambda **where: mg.full((2, 2), [1.0, 2.0], **where),
    "eye": lambda **where: mg.eye(3, **where),
    "identity": lambda **where: mg.identity(3, **where),
    "tri": lambda **where: mg.tri(3, **where),
    "arange": lambda **where: mg.arange(3.0, **where),
    "linspace": lambda **where: mg.linspace(0, 1, 3, **where),
    "logspace": lambda **where: mg.logspace(0, 1, 3, **where),
    "geomspace": lambda **where: mg.geomspace(1, 9, 3, **where),
    "tensor": lambda **where: mg.tensor([1.0, 2.0], **where),
    "tensor of an array": lambda **where: mg.tensor(cupy.asarray([1.0]), **where),
    "random": lambda **where: mg.random.random(2, **where),
    "standard_normal": lambda **where: mg.random.standard_normal(2, **where),
}


@pytest.mark.parametrize("name", MAKERS)
def test_constructors_make_it_where_it_belongs(name: str, second: int) -> None:
    assert MAKERS[name](device=second).device == second
    assert MAKERS[name](device=second, backend="cupy").device == second
    if name != "tensor of an array":  # which is never moved unasked
        with mg.backend("cupy", device=second):
            assert MAKERS[name]().device == second
            assert MAKERS[name](device=0).device == 0
