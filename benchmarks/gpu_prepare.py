"""Write the model of the GPU story as a folder of safetensors: python -m benchmarks.gpu_prepare FOLDER [MODEL]

In bfloat16 on a GPU, on a CPU in the dtype that is the faster one there.
"""

import json
import sys
from pathlib import Path

from baleen.project import machine
from baleen.project.command_line import report_problems
from benchmarks import dtypes, gpu_model


def main(target: str, given: str = "") -> None:
    dtype = "bfloat16" if machine.this_machine().bf16 else dtypes.faster(dtypes.rates())
    folder = gpu_model.folder(Path(target), dtype, given)
    if folder != Path(target).resolve() and not Path(target).exists():
        Path(target).symlink_to(folder)
    print(json.dumps({"dtype": dtype, "bytes": sum(path.stat().st_size for path in folder.glob("*.safetensors"))}))


if __name__ == "__main__":
    with report_problems():
        main(*sys.argv[1:])
