"""Programs written for other libraries are told what things are called here."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest

import mygrad as mg
from mygrad.tensors.names_elsewhere import FUNCTIONS, KEYWORDS, METHODS


@pytest.mark.parametrize("name", sorted(METHODS))
def test_methods(name: str) -> None:
    t = mg.tensor([1.0])
    if type(vars(mg.Tensor)[name]).__name__ != "Elsewhere":
        pytest.fail(f"tensors have {name!r} now: take it out of the table")
    assert not hasattr(t, name)
    assert not hasattr(mg.Tensor, name)
    assert name not in dir(t)
    with pytest.raises(AttributeError, match=re.escape(f"tensors have no {name!r}: ")):
        getattr(t, name)
    with pytest.raises(AttributeError, match=re.escape(METHODS[name])):
        setattr(t, name, True)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions(name: str) -> None:
    assert not hasattr(mg, name), "take it out of the table"
    with pytest.raises(AttributeError, match=re.escape(f"mygrad has no {name!r}: ")):
        getattr(mg, name)


MAKERS = ("tensor astensor zeros ones full empty zeros_like ones_like full_like empty_like eye "
          "identity arange linspace logspace").split()  # fmt: skip


@pytest.mark.parametrize("name", sorted(KEYWORDS))
def test_keywords(name: str) -> None:
    for maker in MAKERS:
        make = getattr(mg, maker)
        parameters = inspect.signature(make).parameters
        assert name not in parameters, "take it out of the table"
        places = [1.0 if maker not in ("zeros", "ones", "full", "empty") else 2] * sum(
            p.default is p.empty for p in parameters.values()
        )
        said = re.escape(f"{maker}() has no {name}=: {KEYWORDS[name]}")
        with pytest.raises(TypeError, match=f"^{said}$"):
            make(*places, **{name: True})


def test_what_makes_tensors_keeps_its_own_errors() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'shape'"):
        mg.tensor([1.0], shape=3)
    with pytest.raises(TypeError, match="missing 1 required"):
        mg.tensor()
    with pytest.raises(TypeError, match="made of str data"):
        mg.tensor("two", constant=True)


def spelled(texts: dict[str, str]) -> set[str]:
    paths = re.compile(r"\b(?:mg|mygrad)\.[\w.]+")
    return {path for text in texts.values() for path in paths.findall(text)}


@pytest.mark.parametrize("path", sorted(spelled(METHODS) | spelled(FUNCTIONS)))
def test_what_is_advised_exists(path: str) -> None:
    value: Any = mg
    for name in path.split(".")[1:]:
        value = getattr(value, name)


@pytest.mark.parametrize("path", sorted({m for text in METHODS.values()
                                         for m in re.findall(r"\bt\.(\w+)", text)} - {"reshape"}))
def test_methods_that_are_advised_exist(path: str) -> None:
    assert hasattr(mg.Tensor, path) or path == "data"


def test_misspelt_names() -> None:
    with pytest.raises(AttributeError, match=r"no 'conactenate'; did you mean 'concatenate'"):
        mg.conactenate  # noqa: B018
    with pytest.raises(AttributeError, match=r"mygrad has no 'qqqqqq'$"):
        mg.qqqqqq  # noqa: B018
    assert not hasattr(mg, "__wrapped__")


def test_inspection_still_works() -> None:
    import pydoc

    assert dict(inspect.getmembers(mg.tensor([[1.0]])))["ndim"] == 2
    assert "backward" in pydoc.render_doc(mg.Tensor)
    assert not hasattr(np.asarray, "numpy")
