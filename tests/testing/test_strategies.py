"""What the strategies draw, and that derivatives of indexing are right for all of it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

import mygrad as mg
from mygrad.testing import check_grads
from mygrad.testing.strategies import LAYOUTS, indices, laid_out, shapes, tensors


@given(data=st.data())
def test_tensors_have_what_was_asked_for(data: st.DataObject) -> None:
    shape = data.draw(shapes(min_side=1))
    dtype = data.draw(st.sampled_from(["float32", "float64", "complex128", "int32", "bool"]))
    x = data.draw(
        tensors(shape=shape, dtype=dtype, constant=data.draw(st.sampled_from([None, True])))
    )
    assert x.shape == shape
    assert host(x).dtype == np.dtype(dtype)
    assert x.backend == mg.backends.selected_adapter().name
    assert (np.isfinite(host(x))).all()


@pytest.mark.parametrize(
    "kind",
    [
        lambda t: t.ndim == 0,
        lambda t: t.size == 0,
        lambda t: t.ndim == 3 and t.size > 8,
        lambda t: t.base is not None and t.base.size > t.size > 1,
        lambda t: t.base is not None and t.base.size < t.size,
        lambda t: t.base is not None and t.ndim > 1 and t.size > 3 and t.base.size == t.size,
    ],
)
def test_every_kind_of_tensor_is_drawn(kind: Any) -> None:
    find(tensors(), kind)


def test_views_can_be_left_out() -> None:
    few = settings(max_examples=300)
    with pytest.raises(NoSuchExample):
        find(tensors(views=False), lambda t: t.base is not None, settings=few)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 2)])
def test_layouts(layout: str, shape: tuple[int, ...]) -> None:
    values = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    x = laid_out(values, layout)
    np.testing.assert_array_equal(host(x), values)
    assert (x.base is None) == (layout == "whole")
    (x * x).sum().backward()
    np.testing.assert_array_equal(host(x.grad), 2 * values)
    if x.base is not None and values.size:
        assert host(x.base.grad).sum() == 2 * values.sum()
    with pytest.raises(ValueError, match="no layout 'upside down'"):
        laid_out(values, "upside down")


@given(data=st.data())
@pytest.mark.skip_on("array-api-strict", "it does not take all indices")
@pytest.mark.skip_on("dpnp", "one draw takes seconds there")
def test_derivatives_of_indexing(data: st.DataObject) -> None:
    x = data.draw(tensors(shape=shapes(max_dims=3, max_side=3)))
    index = data.draw(indices(x.shape))
    check_grads(lambda t: t[index] ** 2, x, order=2)
    wanted = host(x)[index]
    assert x[index].shape == wanted.shape
    np.testing.assert_array_equal(host(x[index]), wanted)


@given(data=st.data())
@pytest.mark.skip_on("array-api-strict", "it does not take all indices")
@pytest.mark.skip_on("dpnp", "one draw takes seconds there")
def test_derivatives_of_writing(data: st.DataObject) -> None:
    shape = data.draw(shapes(max_dims=2, max_side=3))
    layout = data.draw(st.sampled_from(LAYOUTS))
    values = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    index = data.draw(indices(shape))
    value = data.draw(st.sampled_from([np.array(0.5), np.array([0.75])]))

    def f(x: Any, y: Any) -> Any:
        t = x * 1.0
        t[index] = y
        return t * t

    check_grads(f, laid_out(values, layout), value)


def test_elements_and_shapes_may_be_chosen() -> None:
    x = find(tensors(shape=(2,), elements=st.just(0.5)), lambda t: True)
    assert x.tolist() == [0.5, 0.5]
    assert raw(host(x)).shape == (2,)


@pytest.mark.numpy_only("has nothing to do with the backend")
def test_hypothesis_is_asked_for_only_where_it_is_needed() -> None:
    script = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "import mygrad; assert 'mygrad.testing' not in sys.modules\n"
        "import mygrad.testing; assert 'pytest' not in sys.modules\n"
        "try: import mygrad.testing.strategies\n"
        "except ImportError as error: assert 'pip install hypothesis' in str(error)\n"
        "else: raise AssertionError\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
