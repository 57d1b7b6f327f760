"""A double pendulum, moved by the second derivatives of its Lagrangian.

    python examples/double_pendulum.py

Nobody derives equations of motion here. The Lagrangian L(q, v), kinetic minus potential energy, is
written down once, for arrays; by Euler and Lagrange the acceleration solves

    (∂²L/∂v²) a = ∂L/∂q - (∂²L/∂v∂q) v

whose matrices are Hessians and Jacobians of L. That energy is kept is the test of all of them. The
derivative of the whole path by where it began, a Jacobian through all steps, shows the chaos.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import mygrad as mg

try:
    import matplotlib

    matplotlib.use("Agg")  # into a file, with or without a screen
    import matplotlib.pyplot as plt
except ImportError as error:
    print(f'{error}. This example needs: pip install "mygrad[examples]"', file=sys.stderr)
    sys.exit(2)

GRAVITY = 9.81
STEP = 0.01
GOAL = 1e-4


def energies(q, v):
    """The kinetic and the potential energy of two masses of 1 kg on rods of 1 m."""
    bend = np.cos(q[0] - q[1])
    kinetic = v[0] ** 2 + 0.5 * v[1] ** 2 + v[0] * v[1] * bend
    potential = -GRAVITY * (2 * np.cos(q[0]) + np.cos(q[1]))
    return kinetic, potential


def lagrangian(q, v):
    kinetic, potential = energies(q, v)
    return kinetic - potential


mass = mg.hessian(lagrangian, argnums=1)
force = mg.grad(lagrangian, argnums=0)
momentum = mg.grad(lagrangian, argnums=1)


def acceleration(q, v):
    """From the Lagrangian alone; ∂p/∂q v is the change of the momentum along v."""
    drift = mg.jvp(lambda q: momentum(q, v), (q,), (v,))[1]
    return np.linalg.solve(mass(q, v), force(q, v) - drift)


def motion(state):
    return np.concatenate([state[2:], acceleration(state[:2], state[2:])])


def step(state):
    """A step of Runge and Kutta's method."""
    k1 = motion(state)
    k2 = motion(state + STEP / 2 * k1)
    k3 = motion(state + STEP / 2 * k2)
    k4 = motion(state + STEP * k3)
    return state + STEP / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def total_energy(state):
    return float(sum(energies(state[:2], state[2:])))


def run(start, steps):
    """The states, and by how much each moves if the start does: the norm of its Jacobian."""
    states, stretch = [start], [1.0]
    turned = np.eye(4)
    for _ in range(steps):
        turned = mg.jacobian(step)(states[-1]) @ turned
        states.append(step(states[-1]))
        stretch.append(np.linalg.norm(turned, 2))
    return np.array(states), np.array(stretch)


def picture(path, states, stretch):
    times = STEP * np.arange(len(states))
    x = np.cumsum(np.sin(states[:, :2]), axis=1)
    y = -np.cumsum(np.cos(states[:, :2]), axis=1)
    figure = plt.figure(figsize=(11, 3.6), layout="constrained")
    axes = figure.subplots(1, 3)
    where, kept, chaos = axes[0], axes[1], axes[2]
    where.plot(x[:, 0], y[:, 0], label="first mass")
    where.plot(x[:, 1], y[:, 1], label="second mass")
    where.set_aspect("equal")
    where.legend()
    energy = np.array([total_energy(state) for state in states])
    kept.plot(times, energy - energy[0])
    kept.set(title="change of the energy (J)", xlabel="time (s)")
    chaos.semilogy(times, stretch)
    chaos.set(title="|∂ state / ∂ start|", xlabel="time (s)")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--out", type=Path, default=Path("double_pendulum.png"))
    options = parser.parse_args()
    start = np.array([2.0, 2.5, 0.0, 0.0])
    states, stretch = run(start, round(options.seconds / STEP))
    drift = abs(total_energy(states[-1]) - total_energy(start))
    picture(options.out, states, stretch)
    print(
        f"after {options.seconds:g} s the energy has changed by {drift:.1e} J, and a change of the "
        f"start has grown {stretch[-1]:.0f} times; picture: {options.out}"
    )
    if drift > GOAL:
        print(f"that is more than {GOAL:g} J", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
