"""Fit SciPy's and scikit-learn's own functions to real data, with gradients that go through them.

    python examples/others_code.py

Neither package knows of mygrad. `mygrad.drop_in` lets `scipy.integrate.solve_ivp`, with which the
hares and lynxes of Canada are modelled, and scikit-learn's `rbf_kernel`, in a Gaussian process for
the progress of diabetes, compute with tensors; `scipy.optimize.minimize` takes the gradients. The
same fits are made with finite differences, as SciPy does where it is given no gradient. Those pay
where there are few parameters and a function is cheap, as for the hares: what is done with two
numbers at a time takes with its gradient some seventy times as long. For the kernel of all patients
the gradients pay.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import mygrad as mg

try:
    import matplotlib

    matplotlib.use("Agg")  # into a file, with or without a screen
    import matplotlib.pyplot as plt
    from scipy.integrate import solve_ivp
    from scipy.optimize import minimize
    from sklearn.datasets import load_diabetes
    from sklearn.metrics.pairwise import rbf_kernel
except ImportError as error:
    print(f'{error}. This example needs: pip install "mygrad[examples]"', file=sys.stderr)
    sys.exit(2)

# Pelts of hares and of lynxes, in thousands, that the Hudson's Bay Company took in, 1900 to 1920:
# the table of P. Howard (Modeling Basics, Texas A&M, 2009) as it is in B. Carpenter's case study
# (stan-dev/example-models, knitr/lotka-volterra/hudson-bay-lynx-hare.csv). Of what the Company's
# records say C. G. Hewitt wrote in The Conservation of the Wild Life of Canada (1921).
PELTS = np.array(
    [[30.0, 47.2, 70.2, 77.4, 36.3, 20.6, 18.1, 21.4, 22.0, 25.4, 27.1, 40.3, 57.0, 76.6, 52.3,
      19.5, 11.2, 7.6, 14.6, 16.2, 24.7],
     [4.0, 6.1, 9.8, 35.2, 59.4, 41.7, 19.0, 13.0, 8.3, 9.1, 7.4, 8.0, 12.3, 19.5, 45.7, 51.1,
      29.7, 15.8, 9.7, 10.1, 8.6]]
)  # fmt: skip
YEARS = np.arange(1900.0, 1921.0)


def changes(t: float, animals: Any, birth: Any, eaten: Any, death: Any, fed: Any) -> list[Any]:
    """The equations of Lotka and Volterra: how fast hares and lynxes become more."""
    hares, lynxes = animals
    return [birth * hares - eaten * hares * lynxes, fed * hares * lynxes - death * lynxes]


def animals(logs: Any, years: np.ndarray) -> Any:
    """How many there are in these years, by logarithms of the four rates and of the first two."""
    numbers = np.exp(logs)
    solved = solve_ivp(
        changes, (years[0], years[-1]), numbers[4:], t_eval=years, args=tuple(numbers[:4]),
        rtol=1e-5,
    )  # fmt: skip
    return solved.y


def misfit(logs: Any) -> Any:
    """The mean square of the differences between logarithms of model and pelts."""
    return np.mean((np.log(animals(logs, YEARS)) - np.log(PELTS)) ** 2)


class Patients:
    """Ten measurements of 442 diabetics, and what became of them after a year, standardized."""

    def __init__(self, count: int) -> None:
        data = load_diabetes()
        self.names = data.feature_names
        self.found = data.data[:count] / data.data[:count].std(axis=0)
        self.progress = (data.target[:count] - data.target[:count].mean()) / data.target.std()

    def surprise(self, logs: Any) -> Any:
        """How improbable the progress is to a Gaussian process, by logarithms of its parameters.

        These are the weights of the measurements, the size of what they explain, and the noise.
        """
        numbers = np.exp(logs)
        kernel = numbers[-2] * rbf_kernel(self.found * numbers[:-2], gamma=0.5)
        covariance = kernel + numbers[-1] * np.eye(len(self.progress))
        _, size = np.linalg.slogdet(covariance)
        fit = self.progress @ np.linalg.solve(covariance, self.progress)
        return (size + fit) / len(self.progress)


class Fit(NamedTuple):
    """What a fit found, and what it took."""

    parameters: np.ndarray
    loss: float
    iterations: int
    calls: int
    seconds: float


def fitted(loss: Callable[[Any], Any], start: np.ndarray, by_gradient: bool) -> Fit:
    """The parameters for which the loss is least, by BFGS."""
    dropped_in = mg.drop_in(loss)

    def with_gradient(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        x = mg.tensor(parameters)
        value = dropped_in(x)
        value.backward()
        return value.item(), x.grad

    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of wild steps, which are taken back
        found = minimize(with_gradient if by_gradient else loss, start, jac=by_gradient or None)
    taken = time.perf_counter() - began
    return Fit(found.x, found.fun, found.nit, found.nfev, taken)


def both(name: str, loss: Callable[[Any], Any], start: np.ndarray) -> Fit:
    """Fit with gradients and with finite differences, print what it took, and return the first."""
    fits = [fitted(loss, start, by_gradient) for by_gradient in (True, False)]
    for way, fit in zip(("gradients", "finite differences"), fits, strict=True):
        print(
            f"{name:<20}{way:<20}loss {fit.loss:.6f}{fit.iterations:7d} iterations"
            f"{fit.calls:7d} calls{fit.seconds:8.2f} s"
        )
    return fits[0]


def picture(path: Path, populations: Fit, process: Fit, patients: Patients) -> None:
    """Save the model beside the pelts, and how much each measurement weighs."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    years = np.linspace(YEARS[0], YEARS[-1], 300)
    model = animals(populations.parameters, years)
    for k, name in enumerate(("hares", "lynxes")):
        left.plot(YEARS, PELTS[k], "o", color=f"C{k}")
        left.plot(years, model[k], color=f"C{k}", label=name)
    left.set(xlabel="year", ylabel="pelts (thousands)", title="scipy.integrate.solve_ivp")
    left.set_xticks(YEARS[::5])
    left.legend()
    weights = np.exp(process.parameters[:-2])
    order = np.argsort(weights)
    right.barh([patients.names[k] for k in order], weights[order])
    right.set(xlabel="weight in the kernel", title="sklearn's rbf_kernel: progress of diabetes")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=442, help="so many of them")
    parser.add_argument("--out", type=Path, default=Path("others_code.png"), help="the plot")
    options = parser.parse_args()
    start = np.log([0.6, 0.03, 0.9, 0.03, 30.0, 4.0])
    populations = both("hares and lynxes", misfit, start)
    patients = Patients(options.patients)
    process = both("diabetes", patients.surprise, np.log([0.2] * 10 + [1.0, 0.5]))
    picture(options.out, populations, process, patients)
    print(f"saved {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
