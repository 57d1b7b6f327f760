"""Files of tensors: what comes back, what is refused, and what a failure leaves behind."""

from __future__ import annotations

import io
import json
import os
import pickle
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradcheck import host, raw

import mygrad as mg
from mygrad.io import npz

FORMATS = [".npz", ".safetensors"]
DTYPES = "float16 float32 float64 complex64 complex128 bool int8 uint16 int32 int64".split()


@pytest.fixture(params=FORMATS)
def path(request: Any, tmp_path: Path) -> Path:
    """A name for a file, of each format."""
    if request.param == ".safetensors":
        pytest.importorskip("safetensors", reason="safetensors is not installed")
    return tmp_path / f"tensors{request.param}"


def differentiated(values: Any) -> mg.Tensor:
    x = mg.tensor(values)
    (x * x).sum().backward()
    return x


def same(a: mg.Tensor, b: mg.Tensor) -> None:
    """Two tensors agree in all that is saved."""
    assert (a.dtype, a.shape, a.constant, a.backend) == (b.dtype, b.shape, b.constant, b.backend)
    np.testing.assert_array_equal(host(a), host(b))
    assert (a.grad is None) == (b.grad is None)
    if a.grad is not None:
        assert type(a.grad) is type(b.grad)
        assert a.grad.dtype == b.grad.dtype
        np.testing.assert_array_equal(host(a.grad), host(b.grad))


# --- what comes back ------------------------------------------------------------------------------
@pytest.mark.parametrize("constant", [None, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes_and_constants(path: Path, dtype: str, constant: bool | None) -> None:
    if path.suffix == ".safetensors" and dtype == "complex128":
        pytest.skip("safetensors has no such dtype")
    if dtype == "float16" and mg.backends.selected_adapter().name == "array-api-strict":
        pytest.skip("the standard has no such dtype")
    x = mg.tensor(np.asarray([[0, 1, 2]]).astype(dtype), constant=constant)
    mg.save(path, x)
    same(mg.load(path), x)


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (2, 3)])
def test_shapes_and_gradients(path: Path, shape: tuple[int, ...]) -> None:
    x = differentiated(np.arange(float(np.prod(shape))).reshape(shape))
    assert x.grad is not None
    mg.save(path, x)
    same(mg.load(path), x)


def test_named_tensors(path: Path) -> None:
    named = {
        "layer1.weight": differentiated([[1.0, 2.0]]),
        "layer1.bias": mg.tensor(3.0),
        "größe": mg.tensor([1, 2]),
        "mean": mg.tensor([0.5], constant=True),
    }
    mg.save(path, named)
    loaded = mg.load(path)
    assert sorted(loaded) == sorted(named)
    for name in named:
        same(loaded[name], named[name])
    mg.save(path, weight=named["mean"], tensor=named["layer1.bias"])
    assert sorted(mg.load(path)) == ["tensor", "weight"]


def test_tensors_without_names_keep_their_order(path: Path) -> None:
    saved = [differentiated([float(k)]) for k in range(12)]
    mg.save(path, *saved)
    loaded = mg.load(path)
    assert isinstance(loaded, tuple)
    for a, b in zip(loaded, saved, strict=True):
        same(a, b)


def test_dictionaries_of_one_stay_dictionaries(path: Path) -> None:
    mg.save(path, {"tensor": mg.tensor(1.0)})
    assert list(mg.load(path)) == ["tensor"]


def test_the_second_argument_of_mygrad_2_has_a_name(path: Path) -> None:
    mg.save(file=path, tensor=mg.tensor(1.0))
    same(mg.load(path), mg.tensor(1.0))


@pytest.mark.parametrize("turn", [lambda x: x.T, lambda x: x[::-1, 1:], lambda x: x[0]])
def test_views(path: Path, turn: Any) -> None:
    """Of a view the elements that it sees are saved; so is what it sees of the gradient."""
    x = mg.tensor(np.arange(6.0).reshape(2, 3))
    view = turn(x)
    (view * view * view).sum().backward()
    assert view.grad is not None
    mg.save(path, view)
    same(mg.load(path), view)


@pytest.mark.parametrize("order", ["C", "F"])
def test_views_of_what_was_loaded_see_its_gradient(tmp_path: Path, order: Any) -> None:
    grad = np.arange(6.0).reshape(2, 3)
    np.savez(tmp_path / "x.npz", data=np.ones((2, 3)), grad=np.asarray(grad, order=order))
    x = mg.load(tmp_path / "x.npz")
    np.testing.assert_array_equal(host(x.T.grad), grad.T)
    np.testing.assert_array_equal(host(x[1].grad), grad[1])


def test_gradients_that_are_tensors(path: Path) -> None:
    x = mg.tensor([1.0, 2.0])
    (x**3).sum().backward(create_graph=True)
    mg.save(path, x)
    np.testing.assert_array_equal(host(mg.load(path).grad), [3, 12])


def test_open_files(tmp_path: Path) -> None:
    x = differentiated([1.0, 2.0])
    stream = io.BytesIO()
    mg.save(stream, x, x)
    stream.seek(0)
    for loaded in mg.load(stream):
        same(loaded, x)


def test_names_without_an_ending(tmp_path: Path) -> None:
    x = mg.tensor([1.0])
    for name in ("x", "epoch.1"):
        mg.save(tmp_path / name, x)
        assert (tmp_path / f"{name}.npz").is_file()
        same(mg.load(tmp_path / name), x)
        same(mg.load(str(tmp_path / name) + ".npz"), x)
    os.rename(tmp_path / "x.npz", tmp_path / "renamed")
    same(mg.load(tmp_path / "renamed"), x)


def test_loaded_tensors_are_differentiated_as_others_are(path: Path) -> None:
    mg.save(path, differentiated([1.0, 2.0]))
    x = mg.load(path)
    x[0] = 5.0
    (x * x).sum().backward()
    np.testing.assert_array_equal(host(x.grad), [10, 4])


def test_backends(path: Path) -> None:
    """A file does not say which backend it is from: it loads on the selected one, or another."""
    x = mg.tensor(differentiated([1.0, 2.0]), backend="numpy", constant=True)
    mg.save(path, x)
    assert mg.load(path).backend == mg.backends.selected_adapter().name
    assert mg.load(path, backend="numpy").backend == "numpy"
    y = differentiated([1.0, 2.0])
    mg.save(path, y)
    there = mg.load(path, backend="numpy", device="cpu")
    assert type(there.data) is type(there.grad) is np.ndarray
    np.testing.assert_array_equal(there.grad, host(y.grad))
    with pytest.raises(ImportError, match="there is no backend 'abacus'"):
        mg.load(path, backend="abacus")


def test_the_same_tensors_make_the_same_file(path: Path) -> None:
    x = differentiated([1.0, 2.0])
    mg.save(path, x)
    first = path.read_bytes()
    mg.save(path, x)
    assert path.read_bytes() == first


# --- other programs' files ------------------------------------------------------------------------
@pytest.mark.parametrize("grad", [{}, {"grad": np.asarray([2.0, 4.0])}])
def test_files_of_mygrad_2(tmp_path: Path, grad: dict[str, Any]) -> None:
    """MyGrad 2.5 and the first edition write what `numpy.savez` makes of these keywords."""
    np.savez(tmp_path / "old.npz", data=np.asarray([1.0, 2.0]), **grad)
    x = mg.load(tmp_path / "old.npz")
    assert not x.constant
    np.testing.assert_array_equal(host(x), [1, 2])
    assert (x.grad is None) == (not grad)
    np.savez_compressed(tmp_path / "old.npz", data=np.asarray([1, 2], ">i4"))
    assert mg.load(tmp_path / "old.npz").tolist() == [1, 2]


def test_mygrad_2_loads_ours(tmp_path: Path) -> None:
    """It asks `numpy.load` for "data", and for "grad" if that is there."""
    mg.save(tmp_path / "x.npz", differentiated([1.0, 2.0]))
    with np.load(tmp_path / "x.npz") as arrays:
        np.testing.assert_array_equal(arrays["data"], [1, 2])
        np.testing.assert_array_equal(arrays["grad"], [2, 4])
    mg.save(tmp_path / "x.npz", mg.tensor([1.0]))
    with np.load(tmp_path / "x.npz") as arrays:
        assert "grad" not in arrays


def test_safetensors_of_other_programs(tmp_path: Path) -> None:
    theirs = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed")
    path = tmp_path / "theirs.safetensors"
    theirs.save_file({"w": np.ones((2, 3), "f4"), "n": np.asarray(3)}, path)
    loaded = mg.load(path)
    assert sorted(loaded) == ["n", "w"]
    assert (loaded["w"].shape, loaded["w"].constant, loaded["n"].constant) == ((2, 3), False, True)
    mg.save(path, w=mg.tensor([[1.0, 2.0], [3.0, 4.0]]).T)
    np.testing.assert_array_equal(theirs.load_file(path)["w"], [[1, 3], [2, 4]])


def test_safetensors_is_not_installed(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(__import__("sys").modules, "safetensors", None)
    path = tmp_path / "x.safetensors"
    with pytest.raises(ImportError, match="pip install safetensors"):
        mg.save(path, mg.tensor(1.0))
    assert not list(tmp_path.iterdir())
    path.write_bytes(struct.pack("<Q", 2) + b"{}")
    with pytest.raises(ImportError, match="pip install safetensors"):
        mg.load(path)


def test_safetensors_of_dtypes_that_one_side_lacks(tmp_path: Path) -> None:
    pytest.importorskip("safetensors", reason="safetensors is not installed")
    path = tmp_path / "x.safetensors"
    with pytest.raises(TypeError, match="no dtype complex128, which 'w' is of; save to a name"):
        mg.save(path, w=mg.tensor([1j]))
    header = b'{"w":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0\0")
    with pytest.raises(ValueError, match="'w' is of dtype BF16, which NumPy does not have"):
        mg.load(path)


# --- what is refused ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        (([1.0],), {}, "files are flat"),
        ((np.ones(2),), {}, "requires a Tensor-type object.*'numpy.ndarray'>; mg.a"),
        ((), {}, "no tensors"),
        (({},), {}, "no tensors"),
        (({"a": {"b": mg.tensor(1.0)}},), {}, "files are flat.*'layer1.weight'"),
        ((), {"a": 1.0}, "got type <class 'float'> as 'a'"),
        ((mg.tensor(1.0),), {"a": mg.tensor(1.0)}, "give all of them names"),
        (({"a": mg.tensor(1.0)},), {"a": mg.tensor(1.0)}, "two tensors of the name 'a'"),
        (({"": mg.tensor(1.0)},), {}, "names of tensors are text"),
        (({1: mg.tensor(1.0)},), {}, "names of tensors are text"),
        (({"a\0b": mg.tensor(1.0)},), {}, "names of tensors are text"),
    ],
)
def test_what_cannot_be_saved(tmp_path: Path, arguments: Any, named: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        mg.save(tmp_path / "x.npz", *arguments, **named)
    assert not list(tmp_path.iterdir())


def test_a_tensor_called_as_a_gradient_is_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the gradient of 'w' is saved under 'w\.grad'"):
        mg.save(tmp_path / "x", {"w": differentiated([1.0]), "w.grad": mg.tensor(1.0)})
    mg.save(tmp_path / "x", {"w": mg.tensor([1.0]), "w.grad": mg.tensor(1.0)})
    assert sorted(mg.load(tmp_path / "x")) == ["w", "w.grad"]


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file .*nothing or .*nothing\.npz"):
        mg.load(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match=r"no file [^ ]*nothing\.npz$"):
        mg.load(tmp_path / "nothing.npz")


def refused(path: Path, message: str) -> None:
    with pytest.raises(ValueError, match=f"(?s)mygrad.load cannot read .*{path.name}.*{message}"):
        mg.load(path)


class Malicious:
    """Unpickling it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    np.savez(tmp_path / "x.npz", data=np.array([Malicious(touched)], object))
    refused(tmp_path / "x.npz", "'data' is of dtype object")
    (tmp_path / "y.npz").write_bytes(pickle.dumps(Malicious(touched)))
    refused(tmp_path / "y.npz", "neither .npz nor safetensors")
    assert not touched.exists()


def test_files_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(b"")
    refused(path, "empty")
    path.write_bytes(b"hello, world")
    refused(path, "neither")
    np.save(tmp_path / "x.npy", np.ones(2))
    os.replace(tmp_path / "x.npy", path)
    refused(path, r"one array of numpy.save: mg.tensor\(np.load\(file\)\)")
    np.savez(path, a=np.ones(2), b=np.ones(2))
    refused(path, r"did not write it \(it has a, b\); numpy.load reads")
    np.savez(path)
    refused(path, "did not write it")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    refused(path, "'readme.txt', which is no array")


def test_files_that_were_cut_off(path: Path) -> None:
    mg.save(path, a=differentiated(np.arange(100.0)), b=mg.tensor(1.0))
    whole = path.read_bytes()
    for length in range(9, len(whole), 61):
        path.write_bytes(whole[:length])
        refused(path, "")


def test_bits_that_flipped(path: Path) -> None:
    """Each is noticed, or is one of those that do not matter (dates, say) or, without checksums,
    one of a value; nothing else than a refusal is raised."""
    x = differentiated(np.arange(8.0))
    mg.save(path, x)
    whole = path.read_bytes()
    noticed = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            loaded = mg.load(path)
        except ValueError as error:
            noticed += "mygrad.load cannot read" in str(error)
        else:
            if path.suffix == ".npz":
                same(loaded, x)
    assert noticed > len(whole) / 4


@pytest.mark.parametrize(
    ("data", "grad", "message"),
    [
        (np.ones(2), np.ones(3), r"of 'data' is float64\[3\], and the tensor float64\[2\]"),
        (np.ones(2), np.ones(()), "gradient of 'data' is"),
        (np.ones(2), np.ones(2, "f4"), "gradient of 'data' is float32"),
        (np.ones(2), np.asarray(["a", "b"]), "'grad' is of dtype <U1, and tensors hold numbers"),
        (np.ones(2, int), np.ones(2, int), "'data' is constant, and has a gradient"),
        (np.ones(2, "M8[s]"), None, "'data' is of dtype datetime64"),
        (np.ones(2, [("a", "f8")]), None, "'data' is of dtype"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit(tmp_path: Path, data: Any, grad: Any, message: str) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, data=data, **({} if grad is None else {"grad": grad}))
    refused(path, message)


def npy(header: str, content: bytes) -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + content


@pytest.mark.parametrize("shape", ["(1000000000000000,)", "(-1,)", "(3,)", "(0,)"])
def test_headers_that_lie(tmp_path: Path, shape: str) -> None:
    """No memory is taken for what is not there."""
    path = tmp_path / "x.npz"
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.npy", npy(header, b"\0" * 16))
    refused(path, "'data' is said to be float64.*, and has 16 bytes")


TABLES = [
    "", "[]", "null", "{}", "[" * 100_000, '{"version": 1}', "1e999", '"text"',
    {"version": 1, "form": "heap", "tensors": [{"data": "data"}]},
    {"version": "1", "form": "dict", "tensors": [{"data": "data"}]},
    {"version": 1, "form": "dict", "tensors": ["data"]},
    {"version": 1, "form": "dict", "tensors": {"data": 1}},
    {"version": 1, "form": "tensor", "tensors": []},
    {"version": 1, "form": "dict", "tensors": []},
    {"version": 1, "form": "dict", "tensors": [{"data": "other"}]},
    {"version": 1, "form": "dict", "tensors": [{"data": ["data"]}]},
    {"version": 1, "form": "dict", "tensors": [{"data": "data"}, {"data": "data"}]},
    {"version": 1, "form": "dict", "tensors": [{"data": "data", "grad": "data"}]},
    {"version": 1, "form": "dict", "tensors": [{"data": "data", "grad": 3}]},
    {"version": 1, "form": "dict", "tensors": [{"data": "data", "constant": "no"}]},
    {"version": 1, "form": "dict", "tensors": [{"grad": "data"}]},
    {"version": 99, "form": "dict", "tensors": [{"data": "data"}]},
]  # fmt: skip


@pytest.mark.parametrize("table", TABLES, ids=range(len(TABLES)))
def test_tables_that_do_not_fit(tmp_path: Path, table: Any) -> None:
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("data.npy", "w") as entry:
            np.lib.format.write_array(entry, np.ones(2))
        archive.writestr("mygrad.json", table if isinstance(table, str) else json.dumps(table))
    refused(path, "table|version 99 of the format")


def test_integers_that_pose_as_variables(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    table = {"version": 1, "form": "tensor", "tensors": [{"data": "data", "constant": False}]}
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("data.npy", "w") as entry:
            np.lib.format.write_array(entry, np.ones(2, int))
        archive.writestr("mygrad.json", json.dumps(table))
    refused(path, "'data' is a variable of dtype int64, which has no derivative")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for _ in range(2):
            archive.writestr("data.npy", b"")
    refused(path, "damaged|two arrays of the name 'data'")


# --- failures -------------------------------------------------------------------------------------
class DiskFull(OSError):
    pass


def test_a_failure_half_way_changes_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "x.npz"
    mg.save(path, a=mg.tensor(1.0))
    before = path.read_bytes()
    write = npz.npy.write_array
    calls: list[Any] = []

    def breaks(*args: Any, **kw: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise DiskFull
        write(*args, **kw)

    monkeypatch.setattr(npz.npy, "write_array", breaks)
    with pytest.raises(DiskFull):
        mg.save(path, a=mg.tensor(2.0), b=mg.tensor(3.0))
    assert len(calls) == 2
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_at_the_end_changes_nothing(path: Path, monkeypatch: Any, step: str) -> None:
    mg.save(path, mg.tensor(1.0))
    before = path.read_bytes()

    def breaks(*args: Any) -> None:
        raise DiskFull

    monkeypatch.setattr(os, step, breaks)
    with pytest.raises(DiskFull):
        mg.save(path, mg.tensor(2.0))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="permissions and links are POSIX's")
def test_permissions_and_links_stay(path: Path) -> None:
    mg.save(path, mg.tensor(1.0))
    fresh = path.with_name("fresh")
    fresh.touch()
    assert path.stat().st_mode == fresh.stat().st_mode
    path.chmod(0o640)
    link = path.with_name(f"link{path.suffix}")
    link.symlink_to(path.name)
    mg.save(link, mg.tensor(2.0))
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert mg.load(path).item() == mg.load(link).item() == 2.0


def test_folders_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        mg.save(tmp_path / "nowhere" / "x.npz", mg.tensor(1.0))


def test_what_is_saved_is_what_was_there(path: Path) -> None:
    """Raw arrays that a graph has locked are saved, too, and stay locked no longer than before."""
    a = raw([1.0, 2.0])
    x = mg.tensor(a, copy=False)
    y = x * x
    mg.save(path, x, y)
    y.sum().backward()
    first, second = mg.load(path)
    np.testing.assert_array_equal(host(first), [1, 2])
    np.testing.assert_array_equal(host(second), [1, 4])
