"""Fourier transforms: images filtered by a spectrum, and a wave that goes forward step by step."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads import Arrays, Step, Workload

IMAGES, SIDE = 4, 512
POINTS, STEPS, DT = 2**16, 8, 0.1


# --- filtering --------------------------------------------------------------------------------
def images() -> Arrays:
    rng = np.random.default_rng(0)
    shape = (SIDE, SIDE // 2 + 1)
    return {
        "x": rng.standard_normal((IMAGES, SIDE, SIDE)),
        "spectrum": rng.standard_normal(shape) + 1j * rng.standard_normal(shape),
        "target": rng.standard_normal((IMAGES, SIDE, SIDE)),
    }


def filter_with_numpy(x: np.ndarray, spectrum: np.ndarray, target: np.ndarray) -> Step:
    """The weights of the two transforms cancel in the gradient by the images."""
    weights = np.full(SIDE // 2 + 1, 2.0 / SIDE**2)
    weights[0] = weights[-1] = 1.0 / SIDE**2

    def step() -> tuple[Any, ...]:
        transformed = np.fft.rfft2(x)
        error = np.fft.irfft2(transformed * spectrum) - target
        value = (error * error).sum()
        error *= 2
        back = np.conj(np.fft.rfft2(error))
        by_x = np.fft.irfft2(np.conj(back * spectrum))
        transformed *= back
        return value, by_x, transformed.sum(axis=0) * weights

    return step


def filter_with_mygrad(x: np.ndarray, spectrum: np.ndarray, target: np.ndarray) -> Step:
    import mygrad as mg

    tx, tspectrum = mg.tensor(x), mg.tensor(spectrum)
    target = mg.tensor(target, constant=True)

    def step() -> tuple[Any, ...]:
        error = mg.fft.irfft2(mg.fft.rfft2(tx) * tspectrum) - target
        value = (error**2).sum()
        value.backward()
        return value, tx.grad, tspectrum.grad

    return step


def filter_with_torch(x: np.ndarray, spectrum: np.ndarray, target: np.ndarray) -> Step:
    """PyTorch hands out the conjugate of a complex gradient."""
    import torch

    tx, tspectrum = (torch.tensor(a, requires_grad=True) for a in (x, spectrum))
    ttarget = torch.tensor(target)

    def step() -> tuple[Any, ...]:
        tx.grad = tspectrum.grad = None
        error = torch.fft.irfft2(torch.fft.rfft2(tx) * tspectrum) - ttarget
        value = (error**2).sum()
        value.backward()
        return value, tx.grad, tspectrum.grad.conj().resolve_conj()

    return step


def filter_with_jax(jit: Any, x: np.ndarray, spectrum: np.ndarray, target: np.ndarray) -> Step:
    import jax
    import jax.numpy as jnp

    def value(x: Any, spectrum: Any, target: Any) -> Any:
        error = jnp.fft.irfft2(jnp.fft.rfft2(x) * spectrum) - target
        return (error * error).sum()

    both = jit(jax.value_and_grad(value, argnums=(0, 1)))
    operands = [jnp.asarray(a) for a in (x, spectrum, target)]

    def step() -> tuple[Any, ...]:
        y, grads = both(*operands)
        return y, *grads

    return step


# --- a wave in a potential --------------------------------------------------------------------
def wave() -> Arrays:
    """Split steps (Strang, 1968) of Schrödinger's equation: half in space, half in frequency."""
    rng = np.random.default_rng(0)
    places = np.linspace(-10.0, 10.0, POINTS)
    frequencies = np.fft.fftfreq(POINTS, 20.0 / POINTS) * 2 * np.pi
    return {
        "potential": places**2 / 2 + 0.1 * rng.standard_normal(POINTS),
        "start": np.exp(-((places - 1) ** 2)) + 0j,
        "moving": np.exp(-0.5j * DT * np.minimum(frequencies**2, 1e3)),
        "weights": rng.uniform(size=POINTS),
    }


def wave_with_numpy(
    potential: np.ndarray, start: np.ndarray, moving: np.ndarray, weights: np.ndarray
) -> Step:
    def step() -> tuple[Any, ...]:
        turning = np.exp(-1j * DT * potential)
        waves = [start]
        for _ in range(STEPS):
            waves.append(np.fft.ifft(np.fft.fft(waves[-1] * turning) * moving))
        last = waves.pop()
        value = ((last.real**2 + last.imag**2) * weights).sum()
        g = 2 * weights * np.conj(last)
        by_turning = np.zeros_like(turning)
        while waves:
            g = np.fft.fft(np.fft.ifft(g) * moving)
            by_turning += g * waves.pop()
            g *= turning
        return value, (by_turning * turning * (-1j * DT)).real

    return step


def wave_with_mygrad(
    potential: np.ndarray, start: np.ndarray, moving: np.ndarray, weights: np.ndarray
) -> Step:
    import mygrad as mg

    tpotential = mg.tensor(potential)
    psi0, tmoving, tweights = (mg.tensor(a, constant=True) for a in (start, moving, weights))

    def step() -> tuple[Any, ...]:
        turning = mg.exp(-1j * DT * tpotential)
        psi: Any = psi0
        for _ in range(STEPS):
            psi = mg.fft.ifft(mg.fft.fft(psi * turning) * tmoving)
        value = ((psi.real**2 + psi.imag**2) * tweights).sum()
        value.backward()
        return value, tpotential.grad

    return step


def wave_with_torch(
    potential: np.ndarray, start: np.ndarray, moving: np.ndarray, weights: np.ndarray
) -> Step:
    import torch

    tpotential = torch.tensor(potential, requires_grad=True)
    psi0, tmoving, tweights = (torch.tensor(a) for a in (start, moving, weights))

    def step() -> tuple[Any, ...]:
        tpotential.grad = None
        turning = torch.exp(-1j * DT * tpotential)
        psi = psi0
        for _ in range(STEPS):
            psi = torch.fft.ifft(torch.fft.fft(psi * turning) * tmoving)
        value = ((psi.real**2 + psi.imag**2) * tweights).sum()
        value.backward()
        return value, tpotential.grad

    return step


def wave_with_jax(
    jit: Any, potential: np.ndarray, start: np.ndarray, moving: np.ndarray, weights: np.ndarray
) -> Step:
    import jax
    import jax.numpy as jnp

    psi0, jmoving, jweights = (jnp.asarray(a) for a in (start, moving, weights))

    def value(potential: Any) -> Any:
        turning = jnp.exp(-1j * DT * potential)
        psi = psi0
        for _ in range(STEPS):
            psi = jnp.fft.ifft(jnp.fft.fft(psi * turning) * jmoving)
        return ((psi.real**2 + psi.imag**2) * jweights).sum()

    both = jit(jax.value_and_grad(value))
    jpotential = jnp.asarray(potential)
    return lambda: both(jpotential)


WORKLOADS = (
    Workload(
        name="fft-filter",
        what=f"({IMAGES}, {SIDE}, {SIDE}) images, filtered by a spectrum (rfft2, irfft2) and "
        "compared with others, forward and backward",
        arrays=images,
        outputs=("value", "x", "spectrum"),
        programs={
            "mygrad": filter_with_mygrad,
            "mygrad2": "MyGrad 2 has no transforms",
            "torch": filter_with_torch,
            "jax": filter_with_jax,
            "jax-jit": filter_with_jax,
            "autograd": "autograd has another convention for complex gradients",
            "numpy": filter_with_numpy,
        },
    ),
    Workload(
        name="fft-wave",
        what=f"{STEPS} split steps of a wave on {POINTS} points (fft, ifft), with the gradient "
        "by the potential",
        arrays=wave,
        outputs=("value", "potential"),
        programs={
            "mygrad": wave_with_mygrad,
            "mygrad2": "MyGrad 2 has no transforms",
            "torch": wave_with_torch,
            "jax": wave_with_jax,
            "jax-jit": wave_with_jax,
            "autograd": "autograd has another convention for complex gradients",
            "numpy": wave_with_numpy,
        },
    ),
)
