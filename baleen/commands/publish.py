"""Publish: an exported folder to the Hugging Face hub, or what would be sent there."""

from pathlib import Path
from typing import Any

from baleen.errors import Problem


def kind_of(folder: Path) -> str:
    """dataset or model."""
    return "dataset" if (folder / "data").is_dir() else "model"


def files(folder: Path) -> dict[str, int]:
    """Bytes of every file that is sent, by its name there."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")
    return {str(path.relative_to(folder)): path.stat().st_size for path in found}


def check_name(name: str) -> None:
    """A Problem unless a name is organisation/name as the hub takes it."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise Problem(f"--push {name}: {' '.join(str(error).split())}") from None
    if name.count("/") != 1:
        raise Problem(f"--push {name}: write organisation/name, such as --push my-lab/my-data")


def describe(folder: Path, name: str, public: bool) -> str:
    """What `push` would send."""
    sent = files(folder)
    seen = "public" if public else "private"
    whole = f"{len(sent)} files, {sum(sent.values()):,} bytes"
    head = f"would create the {seen} {kind_of(folder)} {name}, unless it is there, and send {whole}:"
    return "\n".join([head, *(f"  {own:<48}{size:>16,}" for own, size in sent.items())])


def push(folder: Path, name: str, public: bool, api: Any = None) -> str:
    """Create the repository if it is not there and send the folder; its address. Files of data/ that an earlier
    export had and this one has not are deleted there."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

    api, kind = api or HfApi(), kind_of(folder)
    try:
        made = api.create_repo(name, repo_type=kind, private=not public, exist_ok=True)
        api.upload_folder(
            repo_id=name,
            repo_type=kind,
            folder_path=folder,
            ignore_patterns=[".*"],
            delete_patterns=["data/*"] if kind == "dataset" else None,
            commit_message="Export of baleen",
        )
    except (HfHubHTTPError, LocalTokenNotFoundError, OSError) as error:
        told = " ".join(str(error).split())[:300]
        raise Problem(f"{name} was not published: {told}; log in with `hf auth login`, then the same command") from None
    return str(made)
