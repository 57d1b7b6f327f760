"""Smooth relatives of `relu`: `softplus`, and ``x`` times a gate that opens between 0 and 1.

Where a gate is 0 so is the product, also for infinite ``x``: factors are cut off where the gate has
long been 0 in every dtype.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

from mygrad.autodiff.namespace import composition
from mygrad.autodiff.primitive import primitive
from mygrad.math.dtypes import floats, is_narrow, real_only

__all__ = ["gelu", "mish", "silu", "softplus"]


# --- softplus -----------------------------------------------------------------------------------
@composition
def softplus_adjoint(g: Any, x: Any, beta: float, *, xp: Any) -> Any:
    """The adjoint of `x`, by that of its `softplus`."""
    return g * xp.sigmoid(beta * x)


@primitive(x=lambda g, x, beta, xp: xp.softplus_adjoint(g, x, beta))
def softplus(x: Any, beta: float = 1.0, *, xp: Any) -> Any:
    r"""A smooth `relu`, :math:`\log(1 + e^{\beta x}) / \beta`.

    Parameters
    ----------
    x
        A tensor or array.
    beta
        How sharp the bend is; not 0.

    Returns
    -------
    Tensor

    Notes
    -----
    Computed as ``max(x, 0) + log1p(exp(-|beta x|)) / beta``, which neither overflows nor loses
    digits. PyTorch returns `x` where ``beta * x`` is beyond a threshold, 20; so it needs none here.

    Dugas et al., *Incorporating second-order functional knowledge for better option pricing*,
    NIPS 2000.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.activations import softplus
    >>> softplus(mg.tensor([-1.0, 0.0, 50.0]))
    Tensor([ 0.31326169,  0.69314718, 50.        ])
    """
    real_only(x, xp, "softplus")
    x = floats(x, xp)
    if beta < 0:  # then it is negative
        return -softplus.forward(-x, -beta, xp=xp)
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(beta * x))) / beta


# --- the distribution of normal random numbers ---------------------------------------------------
# Polynomials in (a - fold) / (a + fold), which maps all a from 0 on to [-1, 1), for
# (1 + a) exp(a**2 / 2) times the share of normal numbers beyond a. Chebyshev interpolation in 60
# digits gave them, after Shepherd and Laframboise, "Chebyshev approximation of (1 + 2x) exp(x**2)
# erfc x in 0 <= x < infinity", Math. Comp. 36, 1981.
_IN_FLOAT64 = 4.0, (
    0.47205320650984467, -0.09670347732652579, 0.013999634724430356, 0.02860036405355274,
    -0.03219783742831025, 0.017936097479507588, -0.005002378587115703, -0.0002856230944312712,
    0.0006948970697538301, -9.44302888943131e-05, -8.785300667616834e-05, 2.1250241933112122e-05,
    1.3626321563674374e-05, -3.432838431251062e-06, -2.611858051269666e-06, 4.0580553453580785e-07,
    5.507884346180753e-07, -2.2140778852807154e-10, -1.102335007812295e-07, -1.864285279977699e-08,
    1.7446701793630846e-08, 5.758251856612203e-09, -1.5463584502987048e-09, -7.255203084534701e-10,
)  # fmt: skip
_IN_FLOAT32 = 3.0, (
    0.4860557934222487, -0.09652673371584654, -0.016432321142273568, 0.045163365814537934,
    -0.022726755039588542, 0.0011643253288702447, 0.0029931021368126377, -0.00036574862380315594,
    -0.0004812877560777699, 3.593166307626361e-05, 6.26194489948968e-05,
)  # fmt: skip


def _cut(x: Any, xp: Any) -> Any:
    """`x`, from -40 to 40: the share of normal numbers beyond is 0 in every dtype."""
    return xp.minimum(xp.maximum(x, -40.0), 40.0)


def _density(x: Any, xp: Any) -> Any:
    return xp.exp(-0.5 * (x * x)) * (1 / sqrt(2 * pi))


@primitive(x=lambda g, x, xp: g * _density(_cut(x, xp), xp))
def normal_cdf(x: Any, *, xp: Any) -> Any:
    """The share of normal random numbers below `x`, to a relative error of ``(2 + x**2 / 4) eps``.

    >>> from mygrad.nnet.activations.smooth import normal_cdf
    >>> normal_cdf([-1.0, 0.0])
    Tensor([0.15865525, 0.5       ])
    """
    real_only(x, xp, "normal_cdf")
    x = floats(x, xp)
    if is_narrow(x, xp):
        return xp.astype(normal_cdf.forward(xp.astype(x, xp.float32), xp=xp), x.dtype)
    fold, series = _IN_FLOAT32 if xp.finfo(x.dtype).bits == 32 else _IN_FLOAT64
    size = xp.minimum(xp.abs(x), 40.0)
    t = (size - fold) / (size + fold)
    first, *others = reversed(series)
    total = first * t + others[0]
    for term in others[1:]:
        total = total * t + term
    beyond = total * xp.exp(-0.5 * (size * size)) / (1 + size)
    return xp.where(x > 0, 1 - beyond, beyond)


# --- x times a gate -------------------------------------------------------------------------------
_LINEAR = 2 * sqrt(2 / pi)  # of (1 + tanh(u)) / 2, which is the sigmoid of 2 u
_CUBIC = 0.044715 * _LINEAR


@composition
def gelu_adjoint(g: Any, x: Any, gate: Any, approximate: str, *, xp: Any) -> Any:
    """The adjoint of `x`, by that of its `gelu`."""
    cut = _cut(x, xp)
    if approximate == "none":
        return g * (gate + cut * _density(cut, xp))
    slope = cut * (_LINEAR + 3 * _CUBIC * (cut * cut))
    return g * (gate + gate * (1 - gate) * slope)


@primitive(
    x=lambda g, x, approximate, gate, xp: xp.gelu_adjoint(g, x, gate, approximate),
    residuals=("gate",),
)
def gelu(x: Any, approximate: str = "none", *, xp: Any) -> Any:
    r"""Gaussian error linear unit, :math:`x \Phi(x)`.

    Parameters
    ----------
    x
        A tensor or array.
    approximate : {"none", "tanh"}
        Whether :math:`\Phi` is the share of normal random numbers below `x`, or
        :math:`(1 + \tanh(\sqrt{2 / \pi} (x + 0.044715 x^3))) / 2`, which is within 5e-4 of it.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        There is no such approximation.

    Notes
    -----
    Hendrycks and Gimpel, *Gaussian error linear units*, arXiv:1606.08415, 2016. Small results for
    negative `x` have their digits, as they are not made of a difference from 1.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.activations import gelu
    >>> gelu(mg.tensor([-1.0, 0.0, 2.0]))
    Tensor([-0.15865525,  0.        ,  1.95449974])
    >>> gelu(mg.tensor([-1.0, 0.0, 2.0]), approximate="tanh")
    Tensor([-0.15880801,  0.        ,  1.95459769])
    """
    real_only(x, xp, "gelu")
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate is 'none' or 'tanh', and not {approximate!r}")
    x = floats(x, xp)
    if approximate == "none":
        gate = xp.normal_cdf(x)
    else:
        cut = _cut(x, xp)
        gate = xp.sigmoid(cut * (_LINEAR + _CUBIC * (cut * cut)))
    return xp.maximum(x, -40.0) * gate, gate


@composition
def silu_adjoint(g: Any, x: Any, *, xp: Any) -> Any:
    """The adjoint of `x`, by that of its `silu`."""
    gate = xp.sigmoid(x)
    cut = xp.minimum(xp.maximum(x, -1e3), 1e3)
    return g * (gate + cut * gate * (1 - gate))


@primitive(x=lambda g, x, xp: xp.silu_adjoint(g, x))
def silu(x: Any, *, xp: Any) -> Any:
    r"""Sigmoid linear unit (Swish), :math:`x / (1 + e^{-x})`.

    Parameters
    ----------
    x
        A tensor or array.

    Returns
    -------
    Tensor

    Notes
    -----
    Elfwing, Uchibe and Doya, *Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning*, Neural Networks 107, 2018.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.activations import silu
    >>> silu(mg.tensor([-1.0, 0.0, 2.0]))
    Tensor([-0.26894142,  0.        ,  1.76159416])
    """
    real_only(x, xp, "silu")
    x = floats(x, xp)
    return xp.maximum(x, -1e3) * xp.sigmoid(x)


def _mish_gate(x: Any, xp: Any) -> tuple[Any, Any, Any]:
    """Numerator and denominator of the gate of `mish`, and exp(-abs(x)), which never overflows."""
    power = xp.exp(-xp.abs(x))
    above = xp.where(x > 0, 1 + 2 * power, power * (power + 2))
    return above, above + xp.where(x > 0, 2 * power * power, 2.0), power


@composition
def mish_slope(x: Any, *, xp: Any) -> Any:
    """The derivative of `mish`."""
    above, below, power = _mish_gate(x, xp)
    cut = xp.minimum(xp.maximum(x, -1e3), 1e3)
    opening = 4 * (xp.where(x > 0, power * power, power) / below) * ((1 + power) / below)
    return above / below + cut * opening


@primitive(x=lambda g, x, xp: g * xp.mish_slope(x))
def mish(x: Any, *, xp: Any) -> Any:
    r"""Mish, :math:`x \tanh(\log(1 + e^x))`.

    Parameters
    ----------
    x
        A tensor or array.

    Returns
    -------
    Tensor

    Notes
    -----
    Misra, *Mish: a self regularized non-monotonic activation function*, BMVC 2020. With
    :math:`e = e^x` the gate is :math:`e (e + 2) / (e (e + 2) + 2)`, which cancels nowhere; for
    positive `x` it is computed from :math:`1 / e`.

    Examples
    --------
    >>> import mygrad as mg
    >>> from mygrad.nnet.activations import mish
    >>> mish(mg.tensor([-1.0, 0.0, 2.0]))
    Tensor([-0.30340146,  0.        ,  1.94395896])
    """
    real_only(x, xp, "mish")
    x = floats(x, xp)
    above, below, _ = _mish_gate(x, xp)
    return xp.maximum(x, -1e3) * (above / below)
