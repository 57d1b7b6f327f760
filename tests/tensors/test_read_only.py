"""`mg.why_read_only` says which graph an array waits for, and what unlocks it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mygrad as mg

pytestmark = pytest.mark.numpy_only("NumPy's arrays are the ones that can be locked")


def test_results_that_were_kept() -> None:
    weights, x = np.ones(3), mg.ones(3)
    losses = [(x * weights).sum() for _ in range(4)]
    why = mg.why_read_only(weights)
    assert "multiply (4 times)" in why
    assert "sum of shape () (4 times)" in why
    assert "clear_graph" in why
    for loss in losses:
        loss.clear_graph()
    assert weights.flags.writeable
    assert mg.why_read_only(weights) == "The array can be written to."


def test_only_the_ends_of_a_graph_are_named() -> None:
    weights, x = np.ones(3), mg.ones(3)
    y = x * weights
    z = (y + x) * 2.0
    z[0] = x[0]
    why = mg.why_read_only(weights)
    assert "holds: an in-place write of shape (3,)." in why
    del y, z
    assert weights.flags.writeable


def test_a_view_that_was_taken_meanwhile() -> None:
    weights, x = np.ones(3), mg.ones(3)
    y = x * weights
    view = weights[1:]
    assert "take it again" in mg.why_read_only(view)
    assert "take it again" not in mg.why_read_only(weights)
    del y
    assert not view.flags.writeable
    assert "base can be written to" in mg.why_read_only(view)
    weights[1:][...] = 2.0


def test_data_of_a_tensor() -> None:
    x = mg.ones(3)
    data = x.data
    y = x * x
    for asked in (data, x):
        assert "multiply keeps them" in mg.why_read_only(asked)
    assert "t[...] = value" in mg.why_read_only(x)
    x[...] = 2.0  # is possible, as it says: the graph has a copy
    assert mg.why_read_only(x) == "The array can be written to."
    y.backward()
    assert x.tolist() == [2, 2, 2]


def test_what_mygrad_did_not_lock() -> None:
    array = np.ones(3)
    assert mg.why_read_only(array) == "The array can be written to."
    array.flags.writeable = False
    assert "mygrad did not make it so" in mg.why_read_only(array)
    assert "share memory" in mg.why_read_only(np.broadcast_to(1.0, (3,)))
    with pytest.raises(TypeError, match="takes an array or a tensor, and was given 'a'"):
        mg.why_read_only("a")


def test_writes_that_are_ours_name_it() -> None:
    array = np.ones(3)
    array.flags.writeable = False
    t: Any = mg.tensor(array, copy=False)
    for write in (
        lambda: t.__setitem__(0, 2.0),
        lambda: t.__iadd__(1.0),
        lambda: mg.add(t, 1.0, out=array),
        lambda: np.add(t, 1.0, out=array),
    ):
        with pytest.raises(ValueError, match=r"read-only; mg\.why_read_only\(array\) says why"):
            write()
    assert array.tolist() == [1, 1, 1]


def test_asking_changes_nothing() -> None:
    weights, x = np.ones(3), mg.ones(3)
    y = x * weights
    mg.why_read_only(weights)
    mg.why_read_only(np.ones(2))
    assert not weights.flags.writeable
    y.backward()
    assert weights.flags.writeable
    assert x.grad.tolist() == [1, 1, 1]
