"""``python -m pretended_gpu SCRIPT ARGUMENTS...``: run a program on the pretended GPU.

``PRETENDED_GPUS`` says how many there are, one if it says nothing.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

from . import install

if len(sys.argv) < 2:
    sys.exit(__doc__)
install(int(os.environ.get("PRETENDED_GPUS", "1")))
del sys.argv[0]
sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
runpy.run_path(sys.argv[0], run_name="__main__")
