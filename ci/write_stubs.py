"""Write the stubs by which type checkers and editors see operations: ``python ci/write_stubs.py``.

Operations are objects made of declarations, and tensors get their operators and methods when
mygrad is imported; neither can be read from the source. Their signatures are known then, so the
stubs are written from them: one for each package whose ``__init__.py`` only gathers names, and one
for what tensors are given. ``--check`` says which of them are not what it would write.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "backends")]

import numpy  # noqa: E402

import mygrad as mg  # noqa: E402
from mygrad.autodiff.primitive import Primitive  # noqa: E402
from mygrad.math.ufunc import Elementwise  # noqa: E402
from mygrad.tensors import operators  # noqa: E402
from mygrad.tensors.base import Tensor  # noqa: E402

GATHERING = """
    mygrad mygrad.fft mygrad.linalg mygrad.math mygrad.nnet.activations mygrad.nnet.layers
    mygrad.nnet.losses mygrad.special mygrad.tensor_manip
""".split()
INSTALLED = "mygrad.tensors.installed"

ELEMENT = '''
# NumPy's functions take what has `__array__`. Its elements are of no dtype that the operators of
# arrays know, so that checkers go on to the tensor's operators, as Python does.
class _Element(np.generic):
    def __new__(cls) -> _Element: ...
    def __getattr__(self, name: str) -> Any: ...

'''
VOCABULARY = {
    "Any": "typing", "Sequence": "collections.abc", "Tensor": "mygrad.tensors.base",
    **dict.fromkeys(
        ("ArrayLike", "AxisLike", "BinaryUfunc", "DTypeLikeReals", "Shape", "UnaryUfunc"),
        "mygrad.typing",
    ),
}  # fmt: skip
"""What signatures are spelled with, and where it is."""

HEADER = '"""{}. Written by ci/write_stubs.py from the declarations."""\n\n'


def parameter(p: inspect.Parameter) -> str:
    """A parameter as stubs spell it: its name, its type, ``= ...`` if it may be left out."""
    kind = "Any" if p.annotation is p.empty else p.annotation
    star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
    default = "" if p.default is p.empty else " = ..."
    return f"{star}{p.name}: {kind}{default}"


def parameters(function: Any, method: bool = False) -> str:
    """The parameters of an operation; the first of a method is the tensor."""
    texts, starred = [], False
    for k, p in enumerate(inspect.signature(function).parameters.values()):
        if method and not k:
            texts.append("self")
            continue
        if p.kind is p.KEYWORD_ONLY and not starred:
            texts.append("*")
            starred = True
        starred = starred or p.kind is p.VAR_POSITIONAL
        texts.append(parameter(p))
    return ", ".join(texts)


def wrapped(line: str) -> str:
    """A ``def`` in lines of at most 100 characters."""
    if len(line) <= 100:
        return line
    indent = line[: len(line) - len(line.lstrip())]
    head, rest = line.split("(", 1)
    inner, tail = rest.rsplit(") ->", 1)
    lines, current = [], indent + "    "
    for part in re.split(r", (?![^\[]*\])", inner):
        if len(current) + len(part) > 98:
            lines.append(current.rstrip())
            current = indent + "    "
        current += f"{part}, "
    return "\n".join([f"{head}(", *lines, current.rstrip().rstrip(","), f"{indent}) ->{tail}"])


def function(name: str, operation: Any, method: bool = False) -> str:
    indent = "    " if method else ""
    return wrapped(f"{indent}def {name}({parameters(operation, method)}) -> Tensor: ...")


# --- packages -------------------------------------------------------------------------------------
def public(module: ModuleType) -> Iterator[str]:
    """What a package has for users."""
    names = getattr(module, "__all__", None) or dir(module)
    shown = {n for n in names if not n.startswith("_") or n == "__version__"}
    if module is not mg:  # a package shows the modules it gathers from
        shown = {n for n in shown if not inspect.ismodule(getattr(module, n))}
    yield from sorted(shown)


def home(name: str, value: Any, package: str) -> str:
    """The module that `name` is imported from."""
    if getattr(numpy, name, None) is value:
        return "numpy"
    if getattr(sys.modules.get(value.__module__), name, None) is value:
        return value.__module__
    raise LookupError(f"{package} has {name}, and no module of that name is known")


def package_stub(package: str) -> str:
    module = import_module(package)
    imports, rest, operations = set(), [], []
    for name in public(module):
        value = getattr(module, name)
        if inspect.ismodule(value):
            owner, _, last = value.__name__.rpartition(".")
            imports.add(f"from {owner} import {last} as {name}")
        elif name == "__version__":
            rest.append("__version__: str")
        elif isinstance(value, Primitive) and package != "mygrad" and getattr(mg, name, 0) is value:
            imports.add(f"from mygrad import {name} as {name}")
        elif (
            isinstance(value, Elementwise) and len(value.operand_names) < 3
            and "nan_to_num" not in value.__signature__.parameters
        ):
            form = ("", "UnaryUfunc", "BinaryUfunc")[len(value.operand_names)]
            rest.append(f"{name}: {form}")
        elif isinstance(value, Primitive):
            operations.append(function(name, value))
        elif value is None or isinstance(value, float):
            rest.append(f"{name}: {type(value).__name__ if value is not None else 'None'}")
        elif isinstance(value, type) and getattr(numpy, name, None) is not value:
            imports.add(f"from {value.__module__} import {value.__name__} as {name}")
        else:
            imports.add(f"from {home(name, value, package)} import {name} as {name}")
    if hasattr(module, "__all__"):
        rest.append("__all__: list[str]")
    imports |= {
        f"from {module} import {n}"
        for n, module in VOCABULARY.items()
        if re.search(rf"\b{n}\b", "\n".join([*rest, *operations]))
        and f"from {module} import {n} as {n}" not in imports
    }
    lines = [*sorted(imports), "", *rest, *operations, ""]
    return HEADER.format(f"{package}, to type checkers") + "\n".join(lines)


# --- tensors --------------------------------------------------------------------------------------
def methods() -> Iterator[str]:
    for symbol in operators.BINARY:
        for prefix in ("", "r", "i"):
            if prefix != "i" or symbol not in ("add", "sub"):
                yield f"    def __{prefix}{symbol}__(self, other: ArrayLike) -> Tensor: ..."
    yield "    def __divmod__(self, other: ArrayLike) -> tuple[Tensor, Tensor]: ..."
    yield "    def __rdivmod__(self, other: ArrayLike) -> tuple[Tensor, Tensor]: ..."
    for symbol in operators.UNARY:
        yield f"    def __{symbol}__(self) -> Tensor: ..."
    yield "    def __invert__(self) -> Tensor: ..."
    yield "    def __array__(self, dtype: Any = ..., copy: Any = ...) -> NDArray[_Element]: ..."
    for symbol in operators.COMPARISONS:
        yield f"    def __{symbol}__(self, other: Any) -> Any: ..."
    for symbol in operators.BITWISE:
        for prefix in ("", "r", "i"):
            yield f"    def __{prefix}{symbol.rstrip('_')}__(self, other: ArrayLike) -> Tensor: ..."
    written = set(re.findall(r"^    def (\w+)\(", inspect.getsource(Tensor), re.MULTILINE))
    for name, value in sorted(vars(Tensor).items()):
        if name.startswith("_") or name in written or not hasattr(Tensor, name):
            continue
        if isinstance(value, property):
            yield f"    @property\n    def {name}(self) -> Tensor: ..."
        elif isinstance(value, Primitive):
            yield function(name, value, method=True)
        elif value.__module__ == "mygrad.tensor_manip.methods" and name not in ("reshape",
                                                                              "to_device"):
            yield f"    def {name}(self, *args: Any, **kwargs: Any) -> Any: ..."
        else:
            yield function(name, value, method=True)


def tensor_stub() -> str:
    body = "\n".join(methods())
    return (
        HEADER.format("What tensors are given when the operations are declared")
        + "from typing import Any\n\nimport numpy as np\nfrom numpy.typing import NDArray\n\n"
        + "from mygrad.tensors.base import Tensor\nfrom mygrad.tensors.gradients import Gradients\n"
        + "from mygrad.typing import ArrayLike, AxisLike, DTypeLikeReals, Shape\n"
        + f"{ELEMENT}class Installed(Gradients):\n{body}\n"
    )


# --- files ----------------------------------------------------------------------------------------
def stubs() -> dict[Path, str]:
    """What each stub has to contain."""
    found = {ROOT / p.replace(".", "/") / "__init__.pyi": package_stub(p) for p in GATHERING}
    found[ROOT / (INSTALLED.replace(".", "/") + ".pyi")] = tensor_stub()
    return found


def main() -> int:
    check = sys.argv[1:] == ["--check"]
    stale = []
    for path, text in stubs().items():
        if check and (not path.exists() or path.read_text() != text):
            stale.append(str(path.relative_to(ROOT)))
        elif not check:
            path.write_text(text)
    for name in stale:
        print(f"{name} is not what the declarations say; run: python ci/write_stubs.py")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
