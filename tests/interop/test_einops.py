"""einops on tensors: its own functions, which go by types, and those that go by the standard."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import mygrad as mg
from mygrad.errors import GradientDetached
from mygrad.testing import check_grads

einops = pytest.importorskip("einops")
by_standard = pytest.importorskip("einops.array_api")
X = np.arange(24.0).reshape(2, 3, 4) % 7 / 3 + np.arange(24).reshape(2, 3, 4) / 50

CALLS = {
    "rearrange": ("rearrange", "a b c -> c (b a)", {}),
    "split": ("rearrange", "a b (c d) -> (a d) b c", {"d": 2}),
    "new axes": ("rearrange", "a b c -> a 1 b c 1", {}),
    "repeat": ("repeat", "a b c -> (a r) c b s", {"r": 2, "s": 3}),
    **{f"reduce {how}": ("reduce", "a (b d) c -> b c", {"d": 1, "reduction": how})
       for how in ("sum", "mean", "max", "min", "prod")},
}  # fmt: skip


def run(room: Any, name: str, x: Any) -> Any:
    function, pattern, options = CALLS[name]
    reduction = [options["reduction"]] if "reduction" in options else []
    lengths = {n: v for n, v in options.items() if n != "reduction"}
    return getattr(room, function)(x, pattern, *reduction, **lengths)


@pytest.mark.parametrize("room", [einops, by_standard], ids=["by type", "by the standard"])
@pytest.mark.parametrize("name", CALLS)
def test_values_and_gradients(room: Any, name: str) -> None:
    found = run(room, name, mg.tensor(X))
    assert isinstance(found, mg.Tensor)
    np.testing.assert_allclose(found._on_host(), run(einops, name, X))
    check_grads(lambda x: run(room, name, x) ** 2, X)


@pytest.mark.parametrize("room", [einops, by_standard], ids=["by type", "by the standard"])
def test_packing(room: Any) -> None:
    def packed(x: Any) -> Any:
        together, shapes = room.pack([x, 2 * x[:, :, 0]], "a b *")
        first, second = room.unpack(together**2, shapes, "a b *")
        assert (first.shape, second.shape) == ((2, 3, 4), (2, 3))
        return first * X + room.rearrange(second, "a b -> a b 1")

    check_grads(packed, X)


def test_einsum_and_lists() -> None:
    check_grads(lambda x: einops.einsum(x, x, "a b c, d b c -> a d"), X)
    check_grads(lambda x: einops.rearrange([x, x**2], "n a b c -> a b (n c)"), X)


def test_leaving() -> None:
    with pytest.warns(GradientDetached):
        assert type(einops.asnumpy(mg.tensor([1.0], backend="numpy"))) is np.ndarray


@pytest.mark.numpy_only("asks how einops finds tensors, not what it computes")
@pytest.mark.parametrize("order", ["einops, mygrad", "mygrad, einops"])
def test_whichever_is_imported_first(order: str) -> None:
    program = f"import sys; sys.path[:0] = {sys.path!r}; import {order}; " + (
        "x = mygrad.tensor([[1.0, 2.0]]); einops.rearrange(x, 'a b -> b a').backward(); "
        "assert x.grad.tolist() == [[1, 1]]; "
        "assert 'numpy' in repr(einops._backends.get_backend(x.data))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
