"""Derivatives of solutions: of equations, of minima, of integrals, of differential equations.

SciPy finds the solution, by whatever method and in however many steps. What is differentiated is
not these steps but the equations that the solution fulfils, in the parameters that they have. The
functions are written for NumPy, and called on NumPy's arrays, since that is where SciPy computes.
"""

from mygrad.implicit.differential_equations import Solution, odeint, solve_ivp
from mygrad.implicit.integrals import quad
from mygrad.implicit.linear import cg, gmres
from mygrad.implicit.solutions import fixed_point, minimize, root
from mygrad.implicit.solving import NoSolution

__all__ = [
    "NoSolution", "Solution", "cg", "fixed_point", "gmres", "minimize", "odeint", "quad", "root",
    "solve_ivp",
]  # fmt: skip
