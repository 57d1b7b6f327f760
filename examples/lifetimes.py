"""How long do things last? A maximum-likelihood fit, with uncertainties from the Hessian.

    python examples/lifetimes.py

Lifetimes are drawn from a generalized gamma distribution; half of the tests end before the thing
does, so that only "longer than this" is known (the data are censored). SciPy minimizes with
gradients and products with the Hessian from mygrad, through `gammaln` and `gammaincc`. The inverse
of the Hessian is the covariance of the estimates; by the derivative of the survival curve it
becomes the band around that. It is compared with what many fits of new data scatter by.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

import numpy as np

import mygrad as mg

try:
    import matplotlib

    matplotlib.use("Agg")  # into a file, with or without a screen
    import matplotlib.pyplot as plt
    from scipy.optimize import minimize
    from scipy.special import gammaincc, gammaln
except ImportError as error:
    print(f'{error}. This example needs: pip install "mygrad[examples,scipy]"', file=sys.stderr)
    sys.exit(2)

TRUTH = np.log([2.0, 3.0])  # scale in years, and power; logarithms, so that any number is one
SHAPE = 1.5
GOAL = 0.35


def survival(p, t):
    """The probability to last longer than t."""
    scale, power = np.exp(p[0]), np.exp(p[1])
    return gammaincc(SHAPE, (t / scale) ** power)


def loss(p, ended, running):
    """Minus the logarithm of the likelihood of lifetimes, and of ages of what still runs."""
    scale, power = np.exp(p[0]), np.exp(p[1])
    x = ended / scale
    density = p[1] + (SHAPE * power - 1) * np.log(x) - x**power - p[0] - gammaln(SHAPE)
    return -np.sum(density) - np.sum(np.log(survival(p, running)))


def drawn(rng, count):
    lifetimes = np.exp(TRUTH[0]) * rng.gamma(SHAPE, size=count) ** np.exp(-TRUTH[1])
    watched = rng.uniform(0.5, 4.0, count)
    ended = lifetimes < watched
    return lifetimes[ended], watched[~ended]


def fit(ended, running):
    return minimize(
        mg.value_and_grad(loss),
        np.zeros(2),
        args=(ended, running),
        jac=True,
        hessp=partial(mg.hvp, loss),
        method="Newton-CG",
        options={"xtol": 1e-10},
    ).x


def picture(path, times, curve, band, fits, errors):
    figure = plt.figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots(1, 2)
    left, right = axes[0], axes[1]
    left.fill_between(times, curve - 2 * band, curve + 2 * band, alpha=0.3, label="± 2 errors")
    left.plot(times, curve, label="fit")
    left.plot(times, survival(TRUTH, times), "k--", label="truth")
    left.set(title="what still runs", xlabel="years")
    left.legend()
    right.plot(fits[:, 0], fits[:, 1], ".", alpha=0.5, label="fits of new data")
    right.errorbar(*TRUTH, xerr=2 * errors[0], yerr=2 * errors[1], color="k", label="± 2 errors")
    right.set(xlabel="log scale", ylabel="log power")
    right.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=300, help="of things that are tested")
    parser.add_argument("--repeat", type=int, default=100, help="how many fits to new data")
    parser.add_argument("--out", type=Path, default=Path("lifetimes.png"))
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    ended, running = drawn(rng, options.count)
    found = fit(ended, running)
    covariance = np.linalg.inv(mg.hessian(loss)(found, ended, running))
    errors = np.sqrt(np.diag(covariance))
    times = np.linspace(0.05, 4.0, 80)
    slope = mg.jacobian(survival)(found, times)
    band = np.sqrt(np.einsum("ti,ij,tj->t", slope, covariance, slope))
    fits = np.array([fit(*drawn(rng, options.count)) for _ in range(options.repeat)])
    scatter = fits.std(axis=0, ddof=1)
    picture(options.out, times, survival(found, times), band, fits, errors)
    for name, value, error, spread in zip(("scale", "power"), found, errors, scatter, strict=True):
        print(
            f"log {name}: {value:.3f} +/- {error:.3f} by the Hessian; fits of new data scatter by "
            f"{spread:.3f}"
        )
    print(f"{len(ended)} ended, {len(running)} still run; picture: {options.out}")
    if np.abs(errors / scatter - 1).max() > GOAL:
        print(f"the errors differ by more than {GOAL:.0%}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
