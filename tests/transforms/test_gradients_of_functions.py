"""grad, value_and_grad, vjp, jvp, linearize, hvp: values, kinds, nesting, what they leave alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg
from mygrad.errors import GradientDetached, InvalidBackprop


class Layer(NamedTuple):
    w: Any
    b: Any


def assert_close(found: Any, want: Any, rtol: float = 1e-10) -> None:
    np.testing.assert_allclose(host(found), host(want), rtol=rtol, atol=1e-12)


def is_raw(a: Any) -> bool:
    return type(a) in mg.backends.selected_adapter().array_types


A = np.array([0.5, -1.0, 2.0])
B = np.array([[1.0, 2.0, 3.0], [0.5, -0.5, 1.5]])


# --- gradients ------------------------------------------------------------------------------------
def test_nested_arguments() -> None:
    def loss(params: Any, x: Any) -> Any:
        h = x
        for layer in params["layers"]:
            h = mg.tanh(mg.matmul(h, layer.w) + layer.b)
        return mg.sum(h**2) * params["scale"][0]

    params = {"layers": [Layer(raw(B), raw(A)), Layer(raw(B.T), raw(A[:2]))], "scale": (2.0, None)}
    x = raw(np.array([[0.1, 0.2], [0.3, 0.4]]))
    value, grads = mg.value_and_grad(loss)(params, x)
    leaves = [mg.tensor(B), mg.tensor(A), mg.tensor(B.T), mg.tensor(A[:2]), mg.tensor(2.0)]
    same = {"layers": [Layer(*leaves[:2]), Layer(*leaves[2:4])], "scale": (leaves[4], None)}
    want = loss(same, x)
    want.backward()
    assert is_raw(value)
    assert_close(value, want)
    assert isinstance(grads["layers"][0], Layer)
    assert grads["scale"][1] is None
    found = [*grads["layers"][0], *grads["layers"][1], grads["scale"][0]]
    for g, t in zip(found, leaves, strict=True):
        assert is_raw(g)
        assert g.dtype == t.data.dtype
        assert_close(g, t.grad)


@pytest.mark.parametrize("argnums", [0, 1, -1, (0, 1), (1, 0), [1]])
def test_argnums(argnums: Any) -> None:
    found = mg.grad(lambda x, y: mg.sum(x * y**2), argnums)(raw(A), raw(2 * A))
    want = [4 * A**2, 4 * A**2]
    if isinstance(argnums, int):
        assert_close(found, want[argnums])
    else:
        assert isinstance(found, tuple)
        assert len(found) == len(argnums)
        for g, k in zip(found, argnums, strict=True):
            assert_close(g, want[k])


def test_aux() -> None:
    def f(x: Any) -> Any:
        y = x * x
        return mg.sum(y), {"y": y, "n": 3, "text": "as it is"}

    (value, aux), grads = mg.value_and_grad(f, has_aux=True)(raw(A))
    assert_close(value, (A**2).sum())
    assert is_raw(aux["y"])
    assert_close(aux["y"], A**2)
    assert (aux["n"], aux["text"]) == (3, "as it is")
    assert_close(grads, 2 * A)
    grads, aux = mg.grad(f, has_aux=True)(raw(A))
    assert_close(aux["y"], A**2)
    assert_close(grads, 2 * A)


def test_numbers_and_keywords() -> None:
    def f(x: Any, *, power: Any) -> Any:
        return x**power

    assert_close(mg.grad(f)(2.0, power=3), 12.0)
    assert is_raw(mg.grad(f)(2.0, power=3))


def test_dtypes_stay() -> None:
    g = mg.grad(lambda x, y: mg.sum(x * y), (0, 1))(
        raw(A.astype("float32")), raw(A.astype("float64"))
    )
    assert [str(host(a).dtype) for a in g] == ["float32", "float64"]


def test_no_influence_is_zero() -> None:
    zero, one = mg.grad(lambda x, y: mg.sum(y), (0, 1))(raw(A), raw(A))
    assert_close(zero, np.zeros(3))
    assert_close(one, np.ones(3))
    assert_close(mg.grad(lambda x: 3.0)(raw(A)), np.zeros(3))
    assert_close(mg.grad(lambda x: mg.sum(mg.floor(x)))(raw(A)), np.zeros(3))


def test_the_function_may_write_into_its_argument() -> None:
    def f(x: Any) -> Any:
        x[0] = 0.0
        x[1:] *= x[1:]
        row = x[:2]
        row += x[2]
        return mg.sum(x * x)

    given = raw(A)
    t = mg.tensor(A)
    want = mg.tensor(A)
    f(+want).backward()
    assert_close(mg.grad(f)(given), host(want.grad))
    assert_close(given, A)
    assert_close(mg.grad(f)(t), host(want.grad))
    assert_close(t, A)


def test_results_are_the_callers_own() -> None:
    """Neither what comes back twice nor what was given is shared."""
    x = raw(A)
    value, pullback = mg.vjp(lambda x: (x, x), x)
    seed = raw(np.ones(3))
    (g,) = pullback((seed, raw(np.zeros(3))))
    a, b = mg.grad(lambda x, y: mg.sum(x + y), (0, 1))(x, x)
    for one, other in ((g, seed), (a, b), (value[0], x)):
        if mg.backends.selected_adapter().has_views:
            assert not mg.backends.selected_adapter().overlaps(one, other)


def test_holomorphic() -> None:
    z = raw(np.array(1.0 + 2.0j))
    assert_close(mg.grad(lambda z: z**3, holomorphic=True)(z), 3 * (1 + 2j) ** 2)
    # of a real function: ∂L/∂a - i ∂L/∂b
    assert_close(mg.grad(lambda z: mg.absolute(z) ** 2)(z), 2 - 4j)
    assert_close(mg.elementwise_grad(mg.exp, holomorphic=True)(z), np.exp(1 + 2j))


# --- on the tape ----------------------------------------------------------------------------------
def test_nested_to_the_fourth() -> None:
    f: Any = lambda x: mg.sin(x) * x
    want = [
        lambda x: np.sin(x) + x * np.cos(x),
        lambda x: 2 * np.cos(x) - x * np.sin(x),
        lambda x: -3 * np.sin(x) - x * np.cos(x),
        lambda x: -4 * np.cos(x) + x * np.sin(x),
    ]
    for derivative in want:
        f = mg.grad(f)
        assert_close(f(0.7), derivative(0.7))


def test_perturbations_are_not_confused() -> None:
    """The example of J. Siskind and B. Pearlmutter (2005), and relatives of it."""
    assert_close(mg.grad(lambda x: x * mg.grad(lambda y: x + y)(1.0))(1.0), 1.0)
    assert_close(mg.grad(lambda x: x * mg.grad(lambda y: x * y)(2.0))(3.0), 6.0)
    assert_close(mg.grad(lambda x: x * mg.jvp(lambda y: x * y, (2.0,), (1.0,))[1])(3.0), 6.0)
    inner = lambda x: mg.jvp(lambda y: mg.sin(y) * x, (x,), (1.0,))[1]
    assert_close(mg.grad(inner)(0.3), np.cos(0.3) - 0.3 * np.sin(0.3))
    assert_close(mg.jvp(mg.grad(lambda x: x**4), (2.0,), (1.0,))[1], 48.0)


def test_tensors_stay_on_the_tape() -> None:
    x = mg.tensor(A)
    g = mg.grad(lambda x: mg.sum(x**3))(x)
    assert isinstance(g, mg.Tensor)
    assert not g.constant
    assert x.grad is None
    mg.sum(g * x).backward()
    assert_close(x.grad, 9 * A**2)


def test_what_depends_on_variables_of_others_stays_on_the_tape() -> None:
    w = mg.tensor(A)
    _, g = mg.value_and_grad(lambda x: mg.sum(w**2 * x**3))(raw(A))
    assert isinstance(g, mg.Tensor)
    mg.sum(g).backward()
    assert_close(w.grad, 6 * A**3)
    with mg.no_autodiff:
        assert is_raw(mg.grad(lambda x: mg.sum(w**2 * x**3))(raw(A)))
    made = mg.grad(lambda x: mg.sum(mg.tensor(A) * x))(raw(A))  # a variable of its own
    assert is_raw(made)


def test_constants_and_no_autodiff() -> None:
    x = mg.tensor(A, constant=True)
    g = mg.grad(lambda x: mg.sum(x**2))(x)
    assert isinstance(g, mg.Tensor)
    assert g.constant
    assert_close(g, 2 * A)
    with mg.no_autodiff:
        assert mg.grad(lambda x: mg.sum(x**2))(mg.tensor(A)).creator is None
        assert_close(mg.grad(lambda x: mg.sum(x**2))(raw(A)), 2 * A)
        assert_close(mg.jvp(mg.sin, (0.0,), (1.0,))[1], 1.0)


def test_the_callers_tensors_are_left_alone() -> None:
    w, x = mg.tensor(A), mg.tensor(A)
    y = w * w
    mg.sum(y * x).backward(create_graph=True)
    before = [t.grad for t in (w, x, y)]
    creator = y.creator
    mg.grad(lambda x: mg.sum(x * x))(x)
    with pytest.raises(RuntimeError, match="as it is"):
        mg.grad(_raises)(x)
    assert all(t.grad is g for t, g in zip((w, x, y), before, strict=True))
    assert y.creator is not None
    assert type(creator) is type(y.creator)


def _raises(x: Any) -> Any:
    x *= 2.0
    raise RuntimeError("as it is")


def test_what_cuts_the_graph_raises() -> None:
    with pytest.raises(GradientDetached, match="float"):
        mg.grad(lambda x: float(x) * x)(2.0)
    with pytest.warns(GradientDetached):  # and only inside
        float(mg.tensor(1.0))

    def chosen(x: Any) -> Any:
        with mg.on_detach("ignore"):
            return float(x) * x

    assert_close(mg.grad(chosen)(2.0), 2.0)
    with mg.on_detach("ignore"):
        assert_close(mg.grad(lambda x: float(x) * x)(2.0), 2.0)


def test_backward_inside() -> None:
    def f(x: Any) -> Any:
        y = x * x
        mg.sum(y).backward()
        return mg.sum(y)

    with pytest.raises(InvalidBackprop):
        mg.grad(f)(raw(A))


# --- vjp, jvp, linearize, hvp ---------------------------------------------------------------------
def program(x: Any, p: Any) -> Any:
    """Views, writes, a mask, a reduction, a product, two results."""
    y = mg.matmul(p["m"], mg.exp(-x)) * 1.0
    y[0] += x[1] * y[1]
    z = mg.sin(x) * p["s"]
    z[z > 0.3] *= x[z > 0.3]
    return {"y": y, "z": (mg.sum(z * x), z[::2])}


TANGENTS = (np.array([0.3, -0.2, 0.7]), {"m": np.cos(B), "s": -0.4})
ADJOINTS = {"y": np.array([0.4, -1.1]), "z": (0.6, np.array([0.9, 0.2]))}


def dot(a: Any, b: Any) -> float:
    leaves = [np.vdot(x, y) for x, y in zip(in_row(a), in_row(b), strict=True)]
    return float(sum(leaves))


def in_row(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in in_row(tree[key])]
    if isinstance(tree, tuple):
        return [leaf for part in tree for leaf in in_row(part)]
    return [host(tree) if not isinstance(tree, float) else np.asarray(tree)]


def device(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: device(part) for key, part in tree.items()}
    if isinstance(tree, tuple):
        return tuple(device(part) for part in tree)
    return tree if isinstance(tree, float) else raw(tree)


PRIMALS = (A, {"m": B, "s": 1.5})


def test_the_two_directions_are_transposes() -> None:
    primals, tangents, adjoints = device(PRIMALS), device(TANGENTS), device(ADJOINTS)
    value, tangent = mg.jvp(program, primals, tangents)
    again, pullback = mg.vjp(program, *primals)
    assert dot(value, again) == pytest.approx(dot(value, value))
    forwards = dot(tangent, ADJOINTS)
    for _ in range(2):  # it may be called again
        assert dot(pullback(adjoints), TANGENTS) == pytest.approx(forwards, rel=1e-12)
    _, along = mg.linearize(program, *primals)
    for factor in (1.0, -2.0):
        moved = device(tuple(_scaled(t, factor) for t in TANGENTS))
        assert dot(along(*moved), ADJOINTS) == pytest.approx(factor * forwards, rel=1e-12)


def _scaled(tree: Any, factor: float) -> Any:
    if isinstance(tree, dict):
        return {key: _scaled(part, factor) for key, part in tree.items()}
    return factor * tree


def test_jvp_is_the_slope() -> None:
    step = 1e-6
    moved = [
        (
            mg.tensor(A + s * TANGENTS[0]),
            {"m": mg.tensor(B + s * TANGENTS[1]["m"]), "s": 1.5 - 0.4 * s},
        )
        for s in (step, -step)
    ]
    ahead, behind = (in_row(program(*primals)) for primals in moved)
    found = in_row(mg.jvp(program, device(PRIMALS), device(TANGENTS))[1])
    for a, b, got in zip(ahead, behind, found, strict=True):
        np.testing.assert_allclose(got, (a - b) / (2 * step), rtol=1e-7, atol=1e-8)


def test_aux_of_the_others() -> None:
    f = lambda x: (x * x, x + 1)
    value, pullback, aux = mg.vjp(f, raw(A), has_aux=True)
    assert_close(aux, A + 1)
    assert_close(pullback(raw(A))[0], 2 * A**2)
    value, tangent, aux = mg.jvp(f, (raw(A),), (raw(A),), has_aux=True)
    assert_close(aux, A + 1)
    assert_close(tangent, 2 * A**2)
    value, along, aux = mg.linearize(f, raw(A), has_aux=True)
    assert_close(along(raw(A)), 2 * A**2)
    assert_close(aux, A + 1)
    assert_close(value, A**2)


def test_complex_directions() -> None:
    """By the real and the imaginary part, as the convention for adjoints is."""
    z, t, g = np.array([1 + 2j, -0.5j]), np.array([0.3 - 1j, 2 + 0.5j]), np.array([1j, 2 - 1j])

    def f(z: Any) -> Any:
        return mg.conj(z) * z**2 + mg.real(z)

    want = np.conj(t) * z**2 + np.conj(z) * 2 * z * t + t.real
    assert_close(mg.jvp(f, (raw(z),), (raw(t),))[1], want)
    (pulled,) = mg.vjp(f, raw(z))[1](raw(g))
    assert (host(pulled) @ t).real == pytest.approx((g @ want).real)


def test_adjoints_that_are_variables() -> None:
    """The pullback of a vjp differentiates by the adjoint it is given."""
    _, pullback = mg.vjp(lambda x: x**3, raw(A))
    u = mg.tensor(np.ones(3))
    (g,) = pullback(u)
    assert isinstance(g, mg.Tensor)
    mg.sum(g * g).backward()
    assert_close(u.grad, 2 * (3 * A**2) ** 2)


def test_hvp() -> None:
    def f(p: Any, k: Any) -> Any:
        return mg.sum(p["a"] ** 3) * p["b"] * k

    p, v = {"a": raw(A), "b": 2.0}, {"a": raw(np.ones(3)), "b": 0.5}
    found = mg.hvp(f, p, v, 2.0)
    assert_close(found["a"], 24 * A + 3 * A**2)
    assert_close(found["b"], 2 * (3 * A**2).sum())
    x = mg.tensor(A)
    mg.sum(mg.hvp(lambda x: mg.sum(x**3), x, raw(np.ones(3)))).backward()
    assert_close(x.grad, np.full(3, 6.0))
    assert_close(mg.hvp(lambda x: mg.sum(x), raw(A), raw(A)), np.zeros(3))


def test_stop_gradient() -> None:
    def f(x: Any) -> Any:
        kept = mg.stop_gradient({"a": [x * x], "b": None})
        return mg.sum(kept["a"][0] * x)

    assert_close(mg.grad(f)(raw(A)), A**2)
    x = mg.tensor(2.0)
    assert mg.stop_gradient(x).constant
    assert mg.stop_gradient([1.0, 2.0]).shape == (2,)


def test_grad_of_a_gradient_along_writes() -> None:
    """The second derivative of a loop of in-place updates, by two nestings."""

    def f(x: Any) -> Any:
        y = x * 1.0
        for k in range(1, 3):
            y[k] *= y[k - 1]
        return mg.sum(y * y)

    def gradient_along(x: Any) -> Any:
        return mg.jvp(mg.grad(f), (x,), (raw(np.array([1.0, 0.5, -2.0])),))[1]

    want = mg.hvp(f, raw(A), raw(np.array([1.0, 0.5, -2.0])))
    assert_close(gradient_along(raw(A)), host(want))
    a, b, c = A  # a² + (ab)² + (abc)²
    hessian = np.array(
        [
            [2 + 2 * b**2 * (1 + c**2), 4 * a * b * (1 + c**2), 4 * a * b**2 * c],
            [4 * a * b * (1 + c**2), 2 * a**2 * (1 + c**2), 4 * a**2 * b * c],
            [4 * a * b**2 * c, 4 * a**2 * b * c, 2 * a**2 * b**2],
        ]
    )
    assert_close(want, hessian @ [1.0, 0.5, -2.0])
