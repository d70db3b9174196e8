"""Write the model of the GPU story as a folder of safetensors: python -m benchmarks.gpu_prepare FOLDER [MODEL]

In bfloat16 on a GPU, on a CPU in the dtype that is the faster one there. With --halves the package's file is first cut
in two and put together again beside the folder, as where it can only be carried so.
"""

import argparse
import json
from pathlib import Path

from baleen.models import places
from baleen.project import machine
from baleen.project.command_line import report_problems
from benchmarks import dtypes, gpu_model


def by_halves(beside: Path) -> Path:
    """The package's file after a way as two halves."""
    gpu_model.halves(places.located(gpu_model.PACKAGED), beside / "halves")
    return gpu_model.join(beside / "halves", beside / "model.gguf")


def main() -> None:
    cli = argparse.ArgumentParser(prog="python -m benchmarks.gpu_prepare", description=__doc__)
    cli.add_argument("target", type=Path)
    cli.add_argument("model", nargs="?", default="", help="folder of safetensors or GGUF file")
    cli.add_argument("--halves", action="store_true", help="cut the package's file in two, and join the halves")
    given = cli.parse_args()
    with report_problems():
        model = str(by_halves(given.target.parent)) if given.halves else given.model
        dtype = "bfloat16" if machine.this_machine().bf16 else dtypes.faster(dtypes.rates())
        folder = gpu_model.folder(given.target, dtype, model)
        if folder != given.target.resolve() and not given.target.exists():
            given.target.symlink_to(folder)
        size = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
        print(json.dumps({"dtype": dtype, "bytes": size, "by_halves": given.halves}))


if __name__ == "__main__":
    main()
