"""Data: the folder of the public files that benchmarks read and nothing downloads (docs/methods.md lists them)."""

import os
from pathlib import Path

DATA = Path(os.environ.get("BALEEN_DATA", "data/real"))
