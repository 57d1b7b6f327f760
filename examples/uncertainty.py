"""How well do we know the rates at which hares are born and lynxes die?

    python examples/uncertainty.py

The equations of Lotka and Volterra are fitted to the pelts of hares and lynxes from Canada by
maximum likelihood. `mygrad.implicit.odeint` differentiates the solution by the adjoint equation.
The Hessian at the maximum, which goes through the same solution twice, says how far the parameters
may be from it, and the Jacobian of the solution draws that as bands around the curves.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import mygrad as mg

try:
    import matplotlib

    matplotlib.use("Agg")  # into a file, with or without a screen
    import matplotlib.pyplot as plt
    from others_code import PELTS, YEARS
    from scipy.optimize import minimize
except ImportError as error:
    print(f'{error}. This example needs: pip install "mygrad[examples]"', file=sys.stderr)
    sys.exit(2)

NAMES = ("birth", "eaten", "death", "fed", "hares 1900", "lynxes 1900")


def changes(animals: Any, t: Any, rates: Any) -> Any:
    """How fast hares and lynxes become more."""
    birth, eaten, death, fed = rates
    hares, lynxes = animals
    return np.stack([birth * hares - eaten * hares * lynxes, fed * hares * lynxes - death * lynxes])


def animals(logs: Any, years: np.ndarray) -> Any:
    """How many there are in these years, shape (years, 2), by logarithms of the parameters."""
    numbers = np.exp(logs)
    return mg.implicit.odeint(changes, numbers[4:6], years, (numbers[:4],), rtol=1e-7, atol=1e-7)


def surprise(p: dict[str, Any]) -> Any:
    """The negative logarithm of the likelihood: pelts are off by factors, of unknown spread."""
    off = np.log(animals(p["logs"], YEARS)) - np.log(PELTS.T)
    return np.sum(off**2 / (2 * np.exp(2 * p["spread"])) + p["spread"])


def main() -> int:
    """Fit, print the parameters with their standard errors, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("uncertainty.png"), help="the plot")
    options = parser.parse_args()

    began = time.perf_counter()
    start = {"logs": np.log([0.6, 0.03, 0.9, 0.03, 30.0, 4.0]), "spread": np.full(2, np.log(0.3))}
    f = mg.for_scipy(surprise, start)
    found = minimize(f.value_and_grad, f.x0, jac=True, tol=1e-3)
    fitted = time.perf_counter()
    covariance = np.linalg.inv(f.hess(found.x))
    errors = np.sqrt(np.diag(covariance))
    p = f.restore(found.x)
    print(
        f"{found.nit} iterations, {found.nfev} gradients: {fitted - began:.1f} s; "
        f"the Hessian: {time.perf_counter() - fitted:.1f} s"
    )
    for k, name in enumerate(NAMES):
        print(f"{name:>12} {np.exp(p['logs'][k]):8.4f}, within a factor of {np.exp(errors[k]):.3f}")
    for k, name in enumerate(("hares", "lynxes")):
        print(f"pelts of {name} are off by a factor of {np.exp(np.exp(p['spread'][k])):.2f}")

    years = np.linspace(YEARS[0], YEARS[-1], 81)
    curves = np.log(animals(p["logs"], years))
    slopes = mg.jacobian(lambda logs: np.log(animals(logs, years)))(p["logs"])
    around = covariance[: len(NAMES), : len(NAMES)]
    deviations = np.sqrt(np.einsum("tki,ij,tkj->tk", slopes, around, slopes))
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for k, name in enumerate(("hares", "lynxes")):
        low, high = (np.exp(curves[:, k] + sign * 2 * deviations[:, k]) for sign in (-1, 1))
        axes.fill_between(years, low, high, color=f"C{k}", alpha=0.25)
        axes.plot(years, np.exp(curves[:, k]), color=f"C{k}", label=name)
        axes.plot(YEARS, PELTS[k], "o", color=f"C{k}")
    axes.set(xlabel="year", ylabel="pelts (thousands)", title="Two standard errors of the model")
    axes.set_xticks(YEARS[::5])
    axes.legend()
    figure.savefig(options.out, dpi=120)
    print(f"picture: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
