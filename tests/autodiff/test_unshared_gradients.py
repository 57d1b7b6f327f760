"""Gradients belong to one tensor alone, also where they are handed over without a copy.

An adjoint becomes a gradient as it is if nothing else looks at its memory. That rests on what
rules of mygrad may return: what they made, or what they were given.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from gradcheck import host
from primitive_cases import CASES, UFUNCS, Case, distinct, operands_of
from programs import features, random_program
from programs.runner import _LIMITS as LIMITS
from programs.runner import leaf

import mygrad as mg
from mygrad.arrays import Adapter
from mygrad.autodiff.namespace import namespace_of, registry
from mygrad.autodiff.primitive import primitive

ONES = [(name, None) for name in sorted(UFUNCS) if name in registry]
CALLED = [*ONES, *((n, case) for n in sorted(CASES) if n in registry for case in CASES[n])]


def arrays_in(tree: Any, kinds: tuple[type, ...]) -> Iterator[Any]:
    """The arrays of these types in a nested sequence of anything."""
    if isinstance(tree, (tuple, list)):
        for branch in tree:
            yield from arrays_in(branch, kinds)
    elif isinstance(array := tree._data if isinstance(tree, mg.Tensor) else tree, kinds):
        yield array


def example(name: str, case: Case | None) -> Any:
    """The result of an example call, on fresh leaves."""
    if case is None:
        operands = distinct(((2, 3),) * len(UFUNCS[name]), UFUNCS[name])
        return registry[name](*[mg.tensor(a) for a in operands])
    leading, extra = (
        [mg.tensor(a).data if isinstance(a, np.ndarray) else a for a in arguments]
        for arguments in (case.leading, case.extra)
    )
    leaves = [mg.tensor(a) for a in operands_of(case)]
    if registry[name].variadic:
        return registry[name](leaves, *extra, **case.params)
    return registry[name](*leading, *leaves, *extra, **case.params)


def adjoints(record: Any, g: Any, xp: Any) -> list[Any]:
    """What the rules of a record return, called as the sweep calls them."""
    found: list[Any] = []
    for _, rule, needs, _, takes_xp in record.plan.pulls:
        given: list[Any] = []
        for n in needs:
            given.append(record.values[n])
        found.append(rule(g, *given, xp=xp) if takes_xp else rule(g, *given))
    for numbers, rule, needs, takes_xp in record.plan.joint_pulls:
        given = [record.values[n] for n in needs]
        parts = rule(g, *given, xp=xp) if takes_xp else rule(g, *given)
        found += [p for k, p in zip(numbers, parts, strict=True) if record.plan.flows[k]]
    return found


@pytest.mark.parametrize(("name", "case"), CALLED, ids=[f"{n} {c or ''}" for n, c in CALLED])
def test_rules_keep_nothing_of_what_they_return(
    name: str, case: Case | None, xp_backend: Adapter
) -> None:
    """Called twice, they share memory only with what they were given, and leave it as it was."""
    record = example(name, case).creator
    if record is None or not hasattr(record, "plan"):
        record = getattr(record, "_record", record)
    if record is None or not hasattr(record, "plan"):
        pytest.skip("this call gives a view or a constant, which has no rule")
    kinds, xp = xp_backend.array_types, namespace_of(xp_backend)
    ones = np.ones(tuple(record.shape))
    device = xp_backend.device(next(arrays_in(record.values, kinds), mg.ones(1)._data))
    seeds = [xp_backend.from_host(ones * k, device) for k in (1, 2)]
    seeds = [xp_backend.asarray(seed) for seed in seeds]
    saved = list(arrays_in(record.values, kinds))
    before = [xp_backend.to_host(a).copy() for a in saved]
    run = xp_backend.following(adjoints)
    first = list(arrays_in(run(record, seeds[0], xp), kinds))
    values = [host(a).copy() for a in first]
    second = list(arrays_in(run(record, seeds[1], xp), kinds))
    owners = {id(xp_backend.owner(a)) for a in saved}
    for a in first:
        assert all(
            xp_backend.owner(a) is not xp_backend.owner(b) or id(xp_backend.owner(a)) in owners
            for b in second
        )
        assert xp_backend.owner(a) is not xp_backend.owner(seeds[1])
    for a, value in zip(first, values, strict=True):
        np.testing.assert_array_equal(host(a), value)
    for a, value in zip(saved, before, strict=True):
        np.testing.assert_array_equal(xp_backend.to_host(a), value)
    for k, seed in enumerate(seeds):
        np.testing.assert_array_equal(xp_backend.to_host(seed), ones * (k + 1))


def owned(t: Any) -> Any:
    return t if t.base is None else t.base


@pytest.mark.skip_on("jax", "its arrays never change, so that it does not matter who shares them")
@pytest.mark.parametrize("seed", range(40))
def test_gradients_of_random_programs_are_shared_with_nobody(seed: int) -> None:
    """To change one changes no other, and no tensor, but for views of the same tensor."""
    program = random_program(3_000_000 + seed, 1, features())
    env: dict[str, Any] = {"mg": mg, "np": np, "leaf": leaf, "loss": 0.0, **program.arrays}
    with mg.on_detach("ignore"):
        try:
            exec(program.code[0], env)
        except IndexError as error:
            if any(limit in str(error) for limit in LIMITS):
                pytest.skip(f"the library cannot run the program: {error}")
            raise
        env["loss"].backward()
    tensors = [t for t in env.values() if isinstance(t, mg.Tensor)]
    for changed in tensors:
        if changed.grad is None or changed.base is not None:
            continue
        values = [host(t).copy() for t in tensors]
        grads = [None if t.grad is None else host(t.grad).copy() for t in tensors]
        mine = mg.tensor(changed.grad, copy=False, constant=True)
        mine += 1.0
        for t, value, grad in zip(tensors, values, grads, strict=True):
            assert np.array_equal(host(t), value)
            if owned(t) is changed and grad is not None:
                assert np.array_equal(host(t.grad), grad + 1.0)
            elif grad is not None:
                assert np.array_equal(host(t.grad), grad)


def bump(grad: Any) -> float:
    """Write to the memory of a gradient; return what that adds to it.

    Nothing on JAX, where the tensor gets another array, and the gradient is what it was.
    """
    t = mg.tensor(grad, copy=False, constant=True)
    t += 100.0
    assert np.all(host(t) >= 100.0)
    return 100.0 if t.backend != "jax" else 0.0


def test_one_adjoint_for_two_leaves() -> None:
    """The rules of addition return the same array twice; of a sum, a view of one number."""
    x, y, z = (mg.tensor([1.0, 2.0]) for _ in range(3))
    result = x + y
    loss = (result + z).sum()
    loss.backward()
    for k, t in enumerate((x, y, z, result, loss)):
        more = bump(t.grad)
        wanted = [1.0 + more if j <= k else 1.0 for j in range(5)]
        for other, want in zip((x, y, z, result, loss), wanted, strict=True):
            assert np.all(host(other.grad) == want)


@pytest.mark.parametrize("used", [1, 2])
@pytest.mark.parametrize("kept", [False, True])
def test_an_adjoint_that_a_rule_made_for_several(used: int, kept: bool) -> None:
    """Fresh memory, which addition hands on to both leaves; `result` may have it as gradient."""
    x, y = mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])
    result = x + y
    loss = result * 2.0 if used == 1 else result * 2.0 + result * 3.0
    tensors = [x, y, result] if kept else [x, y]
    del result
    loss.backward()
    slope = 2.0 if used == 1 else 5.0
    for k, t in enumerate(tensors):
        more = bump(t.grad)
        for j, other in enumerate(tensors):
            assert np.all(host(other.grad) == slope + (more if j <= k else 0.0))


def test_a_seed_stays_the_caller_s() -> None:
    x, y = mg.tensor([1.0, 2.0]), mg.tensor([1.0, 2.0])
    seed = mg.tensor([3.0, 4.0], constant=True)
    for given in (seed, seed.data):
        (x + y).backward(given)
        bump(x.grad)
        assert host(seed).tolist() == [3, 4]
        assert host(y.grad).tolist() == [3, 4]
    x.backward(seed.data)
    bump(x.grad)
    assert host(seed).tolist() == [3, 4]


def test_another_graph_keeps_what_it_saved() -> None:
    x = mg.tensor([1.0, 2.0])
    kept = x * x
    (x * 3.0).backward()
    bump(x.grad)
    kept.backward()
    assert host(x.grad).tolist() == [2, 4]


@primitive(x=lambda g, x: CACHED)
def careless(x: Any) -> Any:
    return x * 2


CACHED: Any = None


def test_what_rules_of_others_return_is_copied() -> None:
    global CACHED
    x = mg.tensor([1.0, 2.0])
    CACHED = mg.tensor([5.0, 6.0]).data
    careless(x).backward()
    bump(x.grad)
    assert host(CACHED).tolist() == [5, 6]


def test_an_older_operation_s_gradient_is_copied() -> None:
    from mygrad.operation_base import Operation

    kept: list[Any] = []

    class Double(Operation):
        def __call__(self, x: Any) -> Any:
            self.variables = (x,)
            return x.data * 2

        def backward_var(self, grad: Any, index: int, **kwargs: Any) -> Any:
            kept.append(grad * 2)
            return kept[-1]

    x = mg.tensor([1.0, 2.0])
    mg.execute_op(Double, x).backward()
    bump(x.grad)
    assert host(kept[0]).tolist() == [2, 2]


# --- launches -----------------------------------------------------------------------------
@pytest.mark.parametrize(("factor", "launches"), [(2.0, 110), (None, 10)])
def test_leaves_cost_no_launch_each(factor: float | None, launches: int) -> None:
    """With a factor each adjoint is an array of its own; without it all are the same array."""
    pretended = pytest.importorskip("pretended_gpu", reason="there is no pretended GPU to ask")
    if pretended.runtime is None:
        pytest.skip("the suite does not run on a pretended GPU")
    leaves = [mg.tensor(row) for row in np.ones((100, 4))]

    def step() -> list[str]:
        total: Any = 0.0
        for t in leaves:
            total = total + (t if factor is None else t * factor)
        loss = (total * total).sum()
        seen: list[str] = []
        pretended.runtime.set_listener(lambda event, what, size: seen.append(event))
        try:
            loss.backward()
        finally:
            pretended.runtime.set_listener(None)
        return seen

    step()
    seen = step()
    # One product for each leaf, where it has one, and the few of the square; no copies.
    assert seen.count("launch") <= launches
    assert not {"on_device", "to_device", "to_host", "synchronize"} & set(seen)
    for t in leaves:
        assert np.all(host(t.grad) == (200.0 if factor is None else 800.0))
        bump(t.grad)
    for t in leaves:
        assert np.all(host(t.grad) == (300.0 if factor is None else 900.0))
