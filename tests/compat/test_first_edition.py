"""What the first edition of this library (3.0.0a0, before its modules were rearranged) left behind.

Pickles name the module of a class or function: those of the first edition still load. Its import
paths, and those of MyGrad 2, still import, each in an interpreter that has imported nothing else.
"""

from __future__ import annotations

import base64
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import mygrad2_api as theirs
import numpy as np
import pytest
from gradcheck import host

import mygrad as mg
from mygrad.nnet.activations import relu
from mygrad.nnet.layers import conv_nd

ROOT = Path(__file__).parent.parent.parent
FIRST_EDITION = """
    mygrad mygrad.autodiff mygrad.autodiff.backward mygrad.autodiff.guard mygrad.autodiff.memory
    mygrad.autodiff.primitive mygrad.autodiff.tape mygrad.backends mygrad.computational_graph
    mygrad.computational_graph.dot mygrad.computational_graph.layout
    mygrad.computational_graph.page mygrad.computational_graph.rules
    mygrad.computational_graph.trace mygrad.computational_graph.view mygrad.conversion
    mygrad.creators mygrad.destinations mygrad.detach mygrad.elementwise mygrad.errors
    mygrad.indexing mygrad.interop mygrad.interop.array_api mygrad.interop.mygrad2_paths
    mygrad.interop.numpy_protocol mygrad.io mygrad.linalg mygrad.linalg.einsum mygrad.linalg.norms
    mygrad.linalg.products mygrad.math mygrad.math.arithmetic mygrad.math.exp_log
    mygrad.math.hyperbolic_trig mygrad.math.rounding mygrad.math.sequential
    mygrad.math.trigonometric mygrad.namespace mygrad.nnet mygrad.nnet.activations
    mygrad.nnet.activations.functions mygrad.nnet.initializers mygrad.nnet.initializers.functions
    mygrad.nnet.layers mygrad.nnet.layers.batchnorm mygrad.nnet.layers.conv mygrad.nnet.layers.gru
    mygrad.nnet.layers.pooling mygrad.nnet.layers.utils mygrad.nnet.layers.windows
    mygrad.nnet.losses mygrad.nnet.losses.functions mygrad.operands mygrad.operation_base
    mygrad.operators mygrad.random mygrad.readings mygrad.reductions mygrad.tensor_base
    mygrad.tensor_creation mygrad.tensor_creation.filled mygrad.tensor_creation.ranges
    mygrad.tensor_manip mygrad.tensor_manip.array_shape mygrad.tensor_manip.copying
    mygrad.tensor_manip.methods mygrad.tensor_manip.selecting mygrad.tensor_manip.tensor_joining
    mygrad.tensor_manip.tiling mygrad.tensor_manip.transpose_like mygrad.tracking mygrad.typing
    mygrad.windows
""".split()
"""Its modules; those that it had of MyGrad 2 are in `mygrad2_api`."""

PICKLES = {
    "a leaf": """
        gASV5AAAAAAAAACMEm15Z3JhZC50ZW5zb3JfYmFzZZSMCV9yZXN0b3JlZJSTlChoAIwGVGVuc29ylJOUjBZudW1weS5f
        Y29yZS5tdWx0aWFycmF5lIwMX3JlY29uc3RydWN0lJOUjAVudW1weZSMB25kYXJyYXmUk5RLAIWUQwFilIeUUpQoSwFL
        AksChpRoCIwFZHR5cGWUk5SMAmY4lImIh5RSlChLA4wBPJROTk5K/////0r/////SwB0lGKJQyAAAAAAAADwPwAAAAAA
        AABAAAAAAAAACEAAAAAAAAAQQJR0lGKJTmgIdJRSlC4=
    """,
    "a leaf with a gradient": """
        gASV9wAAAAAAAACMEm15Z3JhZC50ZW5zb3JfYmFzZZSMCV9yZXN0b3JlZJSTlChoAIwGVGVuc29ylJOUjBZudW1weS5f
        Y29yZS5tdWx0aWFycmF5lIwMX3JlY29uc3RydWN0lJOUjAVudW1weZSMB25kYXJyYXmUk5RLAIWUQwFilIeUUpQoSwFL
        A4WUaAiMBWR0eXBllJOUjAJmNJSJiIeUUpQoSwOMATyUTk5OSv////9K/////0sAdJRiiUMMAACAPwAAAEAAAEBAlHSU
        YoloB2gKSwCFlGgMh5RSlChLAUsDhZRoFIlDDAAAAEAAAIBAAADAQJR0lGJoCHSUUpQu
    """,
    "a constant": """
        gASV2gAAAAAAAACMEm15Z3JhZC50ZW5zb3JfYmFzZZSMCV9yZXN0b3JlZJSTlChoAIwGVGVuc29ylJOUjBZudW1weS5f
        Y29yZS5tdWx0aWFycmF5lIwMX3JlY29uc3RydWN0lJOUjAVudW1weZSMB25kYXJyYXmUk5RLAIWUQwFilIeUUpQoSwFL
        A4WUaAiMBWR0eXBllJOUjAJpOJSJiIeUUpQoSwOMATyUTk5OSv////9K/////0sAdJRiiUMYAQAAAAAAAAACAAAAAAAA
        AAMAAAAAAAAAlHSUYohOaAh0lFKULg==
    """,
    "a constant of floats": """
        gASVxwAAAAAAAACMEm15Z3JhZC50ZW5zb3JfYmFzZZSMCV9yZXN0b3JlZJSTlChoAIwGVGVuc29ylJOUjBZudW1weS5f
        Y29yZS5tdWx0aWFycmF5lIwMX3JlY29uc3RydWN0lJOUjAVudW1weZSMB25kYXJyYXmUk5RLAIWUQwFilIeUUpQoSwEp
        aAiMBWR0eXBllJOUjAJmOJSJiIeUUpQoSwOMATyUTk5OSv////9K/////0sAdJRiiUMIAAAAAAAABECUdJRiiE5oCHSU
        UpQu
    """,
    "operations": """
        gASVZgEAAAAAAAAojBlteWdyYWQubWF0aC50cmlnb25vbWV0cmljlIwDc2lulJOUjBZteWdyYWQubWF0aC5hcml0aG1l
        dGljlIwDYWRklJOUjBZteWdyYWQubWF0aC5zZXF1ZW50aWFslIwDc3VtlJOUjB9teWdyYWQudGVuc29yX21hbmlwLmFy
        cmF5X3NoYXBllIwHcmVzaGFwZZSTlIwibXlncmFkLnRlbnNvcl9tYW5pcC50ZW5zb3Jfam9pbmluZ5SMC2NvbmNhdGVu
        YXRllJOUjBZteWdyYWQubGluYWxnLnByb2R1Y3RzlIwGbWF0bXVslJOUjBRteWdyYWQubGluYWxnLmVpbnN1bZSMBmVp
        bnN1bZSTlIwXbXlncmFkLm5uZXQubGF5ZXJzLmNvbnaUjAdjb252X25klJOUjCFteWdyYWQubm5ldC5hY3RpdmF0aW9u
        cy5mdW5jdGlvbnOUjARyZWx1lJOUdJQu
    """,
}
"""Made with the first edition, by ``pickle.dumps(..., 4)``."""


def loaded(name: str) -> Any:
    return pickle.loads(base64.b64decode(PICKLES[name]))


def test_tensors_of_the_first_edition_load() -> None:
    x = loaded("a leaf")
    assert type(x) is mg.Tensor
    assert not x.constant
    assert x.grad is None
    assert host(x).tolist() == [[1, 2], [3, 4]]
    (x * x).sum().backward()
    assert host(x.grad).tolist() == [[2, 4], [6, 8]]


def test_their_gradients_load() -> None:
    x = loaded("a leaf with a gradient")
    assert host(x).dtype == host(x.grad).dtype == np.float32
    assert host(x.grad).tolist() == [2, 4, 6]


def test_their_constants_load() -> None:
    integers, number = loaded("a constant"), loaded("a constant of floats")
    assert integers.constant
    assert host(integers).tolist() == [1, 2, 3]
    assert number.constant
    assert host(number).tolist() == 2.5


def test_operations_of_the_first_edition_are_those_of_this_one() -> None:
    ours = (mg.sin, mg.add, mg.sum, mg.reshape, mg.concatenate, mg.matmul, mg.einsum, conv_nd, relu)
    for theirs_, ours_ in zip(loaded("operations"), ours, strict=True):
        assert theirs_ is ours_


OLD_PATHS = sorted({*FIRST_EDITION, *theirs.PATHS, *(f"mygrad.{m}" for m in theirs.MODULES)})


@pytest.mark.numpy_only("has nothing to do with the backend")
def test_every_old_path_imports_in_a_fresh_interpreter() -> None:
    """Python imports ``mygrad`` before any path below it; after that, each path has a fork."""
    if not hasattr(os, "fork"):
        pytest.skip("there is no fork on this system")
    script = (
        "import os, sys, mygrad\n"
        "failed = []\n"
        "for path in sys.argv[1:]:\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        try:\n"
        "            __import__(path)\n"
        "            assert sys.modules[path].__name__ == path\n"
        "        except BaseException as error:\n"
        "            print(path, repr(error), flush=True)\n"
        "            os._exit(1)\n"
        "        os._exit(0)\n"
        "    if os.waitpid(child, 0)[1]:\n"
        "        failed.append(path)\n"
        "sys.exit(len(failed))\n"
    )
    path = os.pathsep.join([str(ROOT), str(ROOT / "backends"), os.environ.get("PYTHONPATH", "")])
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MYGRAD")}
    done = subprocess.run(
        [sys.executable, "-c", script, *OLD_PATHS],
        env={**environment, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
