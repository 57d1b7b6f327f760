"""How MyGrad 2 programs are written, beyond training loops: one idiom, or a few, per program.

As in `courses.py`, each program returns numbers, here also of gradients, that MyGrad 2.5 and this
library must agree on.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from mygrad._utils.lock_management import mem_guard_off
from mygrad.nnet.activations.relu import relu
from mygrad.nnet.initializers.he_normal import he_normal
from mygrad.nnet.layers.utils import sliding_window_view
from mygrad.nnet.losses.margin_ranking_loss import margin_ranking_loss
from mygrad.tensor_base import Tensor as TensorOfTensorBase

import mygrad as mg
from mygrad import Tensor
from mygrad.operation_base import Operation

Numbers = list[float]
PROGRAMS: dict[str, Callable[[], Numbers]] = {}


def idiom(program: Callable[[], Numbers]) -> Callable[[], Numbers]:
    """Add the program to `PROGRAMS`."""
    PROGRAMS[program.__name__] = program
    return program


def flat(*values: Any) -> Numbers:
    """The numbers in arrays, one after the other."""
    return [float(v) for value in values for v in np.ravel(np.asarray(value, dtype=float))]


class Blend(Operation):
    """``a * x + (1 - a) * y``, of operands that broadcast; two derivatives and an argument."""

    def __call__(self, x: Any, y: Any, a: float, *, sharp: bool = False) -> Any:
        self.variables = (x, y)
        self.a = round(a) if sharp else a
        return self.a * x.data + (1 - self.a) * y.data

    def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
        factor = self.a if index == 0 else 1 - self.a
        whole = factor * grad
        shape = self.variables[index].shape
        for axis, (size, wanted) in enumerate(zip(whole.shape, shape, strict=True)):
            if size != wanted:
                whole = whole.sum(axis=axis, keepdims=True)
        return whole


class HuberLoss(Operation):
    """A loss that computes its derivative on the way forward, as loss classes do."""

    def __call__(self, outputs: Any, targets: Any, delta: float = 1.0) -> Any:
        if isinstance(targets, Tensor):
            targets = targets.data
        self.variables = (outputs,)
        error = outputs.data - targets
        small = np.abs(error) <= delta
        self.back = np.where(small, error, delta * np.sign(error)) / error.size
        return np.where(small, error**2 / 2, delta * (np.abs(error) - delta / 2)).mean()

    def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
        return grad * self.back


@idiom
def operations_as_classes() -> Numbers:
    """`Tensor._op` and `mg.execute_op`, with arguments, and with constants among the operands."""
    x, y = mg.tensor([[1.0, 2.0, 3.0]]), mg.tensor([[4.0], [5.0]])
    blended = Tensor._op(Blend, x, y, op_args=(0.25,))
    (blended**2).sum().backward()
    numbers = flat(blended.data, x.grad, y.grad)
    sharp = mg.execute_op(Blend, x, y, op_args=(0.75,), op_kwargs={"sharp": True})
    (sharp * mg.arange(6.0).reshape(2, 3)).sum().backward()
    numbers += flat(sharp.data, x.grad, y.grad)
    alone = mg.execute_op(Blend, x, mg.tensor([[1.0]], constant=True), op_args=(0.5,))
    alone.backward()
    return [*numbers, *flat(x.grad), float(alone.creator is None)]


@idiom
def a_loss_as_a_class() -> Numbers:
    """Linear regression with outliers, by a loss that is an `Operation`."""
    rng = np.random.default_rng(20)
    x = rng.standard_normal((40, 2))
    y = x @ np.array([2.0, -1.0])
    y[::8] += 20.0
    w = mg.zeros((2,))
    numbers = []
    for _ in range(40):
        loss = mg.execute_op(HuberLoss, x @ w, op_args=(y,))
        loss.backward()
        w.data -= 0.5 * w.grad
        numbers.append(loss.item())
    return [*numbers, *flat(w.data)]


@idiom
def clearing_gradients() -> Numbers:
    """`null_grad`, `null_gradients`, and a new use of a tensor, which clears its gradient."""
    x, y = mg.tensor(2.0), mg.tensor(3.0)
    z = x * y
    z.backward()
    numbers = flat(x.grad, y.grad, z.grad)
    x.null_grad()
    numbers.append(float(x.grad is None))
    w = y**2
    numbers += [float(y.grad is None), float(z.grad is None)]
    w.null_gradients()
    w = y**2
    w.backward()
    w.null_gradients()
    return [*numbers, *flat(y.grad), float(w.creator is None)]


@idiom
def guarded_memory() -> Numbers:
    """Arrays in a graph are read-only until `backward`, unless guarding is off."""
    numbers = []

    def locked(array: Any) -> float:
        try:
            array[0] = 5.0
        except ValueError:
            return 1.0
        return 0.0

    a = np.array([1.0, 2.0])
    loss = (mg.tensor([3.0, 4.0]) * a).sum()
    numbers.append(locked(a))
    loss.backward()
    numbers.append(locked(a))
    with mem_guard_off:
        loss = (mg.tensor([3.0, 4.0]) * a).sum()
        numbers += [locked(a), float(mg.mem_guard_active())]
    with mg.mem_guard_on:
        numbers.append(float(mg.mem_guard_active()))
    mg.turn_memory_guarding_off()
    try:
        numbers.append(float(mg.mem_guard_active()))
    finally:
        mg.turn_memory_guarding_on()

    @mg.mem_guard_off
    def half(x: Any) -> Any:
        return (x * a).sum()

    x = mg.tensor([1.0, 1.0])
    half(x).backward()
    return [*numbers, *flat(x.grad)]


@idiom
def without_a_graph() -> Numbers:
    """`no_autodiff` as a context and as a decorator, `to_numpy=True` included."""

    @mg.no_autodiff
    def predict(x: Any) -> Any:
        return relu(x @ w)

    w = he_normal(3, 2, constant=False)
    w.data[...] = [[1.0, -1.0], [0.5, 2.0], [-3.0, 0.1]]
    out = predict(np.ones((1, 3)))
    with mg.no_autodiff:
        w -= 0.1
        w[0, 0] = 7.0
        inside = (w * w).max()
    ready = mg.no_autodiff(lambda x: x * 2.0, to_numpy=True)(mg.tensor([1.0]))
    return [
        *flat(out.data, w.data, inside.data, ready),
        float(out.creator is None),
        float(isinstance(ready, np.ndarray)),
    ]


@idiom
def views_and_writes() -> Numbers:
    """In-place updates through views, masks, `out=` and `where=`, differentiated."""
    x = mg.arange(9.0).reshape(3, 3)
    diagonal = np.einsum("ii->i", x)
    diagonal[...] = 2.0 * mg.arange(3.0) + 1.0
    x *= x
    x[x > 40] = 0
    np.multiply(x, 3.0, where=x < 10, out=x)
    row = x[1]
    row += 1.0
    leaf = mg.tensor([1.0, 2.0, 3.0])
    x[0] = leaf**2
    x.sum().backward()
    numbers = flat(x.data, x.grad, row.grad, leaf.grad)
    y = mg.zeros_like(leaf)
    np.square(leaf, where=[True, False, True], out=y)
    y.backward()
    return [*numbers, *flat(y.data, leaf.grad)]


@idiom
def tensors_as_numbers() -> Numbers:
    """Tensors in Python's hands: comparisons, builtins, iteration, indices, formatting."""
    x = mg.tensor([3.0, -1.0, 2.0])
    total = sum(v * v for v in x if v > 0)
    total.backward()
    numbers = flat(x.grad, total.data)
    first, *_ = x
    numbers += [max(x).item(), min(x).item(), float(len(x)), float(x.argmax()), first.item()]
    numbers += [float(x[0] > x[1]), float(np.argmax(x)), float((x > 0).sum())]
    numbers += [float(f"{x[2].item():.2f}"), float(int(mg.tensor(7)))]
    numbers += flat(np.sort(x.data), [10, 20, 30][mg.tensor(1)])
    return [*numbers, float(2 ** mg.tensor(3.0).item())]


@idiom
def constants_and_dtypes() -> Numbers:
    """Which results are constant, and which dtypes they have."""
    x, c = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0], constant=True)
    i = mg.tensor([1, 2])
    tensors = (x, c, i, x * c, c * c, mg.astensor([1.0]), mg.astensor(x), mg.sin(x, constant=True))
    numbers = [float(t.constant) for t in tensors]
    half = mg.tensor([1.0, 2.0], dtype=np.float32)
    dtypes = [t.dtype for t in (half * half, half @ half, i * 2, i / 2, half * x)]
    numbers += [float(d.itemsize) for d in dtypes]
    (x * c * i).sum().backward()
    numbers += flat(x.grad)
    numbers += [float(c.grad is None), float(isinstance(mg.asarray(x), np.ndarray))]
    return [*numbers, float(mg.astensor(x) is x), float(TensorOfTensorBase is Tensor)]


@idiom
def gradients_of_arrays() -> Numbers:
    """`backward` of a whole array, with a gradient given, and of several losses in turn."""
    x = mg.tensor([1.0, 2.0, 3.0])
    (x**2).backward()
    numbers = flat(x.grad)
    (x**2).backward([1.0, 10.0, 100.0])
    numbers += flat(x.grad)
    (x**2).backward(2.0)
    numbers += flat(x.grad)
    f = mg.prod(x) + mg.cumsum(x)[1] * mg.max(x) - mg.std(x)
    f.backward()
    return [*numbers, *flat(x.grad, f.data)]


@idiom
def windows_over_pictures() -> Numbers:
    """`sliding_window_view` of raw arrays: blocks of a picture, spans of a signal."""
    picture = np.arange(36.0).reshape(1, 6, 6)
    blocks = sliding_window_view(picture, window_shape=(2, 2), step=2)
    spans = mg.sliding_window_view(np.arange(10.0), window_shape=(4,), step=3, dilation=1)
    return flat(blocks.shape, blocks.mean(axis=(-1, -2)), spans)


@idiom
def parameters_on_disk() -> Numbers:
    """`mg.save` and `mg.load`, pickles, and files of NumPy."""
    w = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    (w**2).sum().backward()
    numbers = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w.npz"
        mg.save(path, w)
        back = mg.load(path)
        numbers += flat(back.data, back.grad)
        np.savez(Path(folder) / "all.npz", w=w.data, b=np.ones(2))
        with np.load(Path(folder) / "all.npz") as data:
            numbers += flat(mg.tensor(data["w"]).data, mg.tensor(data["b"]).data)
        with (Path(folder) / "p.pkl").open("wb") as file:
            pickle.dump([p.data for p in (w,)], file)
        with (Path(folder) / "p.pkl").open("rb") as file:
            numbers += flat(*pickle.load(file))
    copied = pickle.loads(pickle.dumps(w))
    return [*numbers, *flat(copied.data)]


@idiom
def ranking_with_signs() -> Numbers:
    """`margin_ranking_loss` of matrices, with a sign per row, given as a float32 array."""
    rng = np.random.default_rng(21)
    x1, x2 = (mg.tensor(rng.standard_normal((5, 3)).astype("float32")) for _ in range(2))
    loss = margin_ranking_loss(x1, x2, np.array([1, -1, 1, 1, -1]), margin=0.3)
    loss.backward()
    return flat(loss.data, x1.grad, x2.grad)


@idiom
def algebra_of_many_matrices() -> Numbers:
    """`multi_matmul`, `einsum`, stacks of matrices, `repeat`, `roll`, `moveaxis`, `where`."""
    rng = np.random.default_rng(22)
    a, b, c = (Tensor(rng.standard_normal(s)) for s in ((3, 4), (4, 5), (5, 2)))
    f = mg.multi_matmul([a, b, c]).sum() + mg.einsum("ij,kj->ik", a, b.T).sum()
    f = f + (mg.repeat(a, 2, axis=0)[1:4] * mg.roll(a, 1, axis=1)).sum()
    f = f + mg.where(a > 0, a**3, mg.exp(a)).mean() + mg.moveaxis(b[None], 0, -1).var()
    f = f + mg.expand_dims(c, 0).squeeze().ravel()[::2].sum() - mg.linalg.norm(c, axis=0).sum()
    f.backward()
    return flat(f.data, a.grad, b.grad, c.grad)


@idiom
def drawn_graphs() -> Numbers:
    """`build_graph` with names of variables; the arrows it draws are counted."""
    from mygrad.computational_graph import build_graph

    x, y = mg.tensor(2.0), mg.tensor(3.0)
    f = x * y
    g = f + x - 2.0
    drawn = build_graph(g, names={"x": x, "y": y, "g": g})
    return [float(drawn.source.count("->"))]
