"""Exchange: the records of a memo travel to a DVC remote and from it, in segments that are never changed."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from baleen.memo import segments
from baleen.memo.store import Memo
from baleen.project.dvc_storage import files_at_remote, reached


def at_remote(fs: Any, folder: str) -> set[str]:
    """Names of the segments in a folder of a file system."""
    paths = [path for path in files_at_remote(fs, folder) if path.endswith(".parquet")]
    return {fs.name(path).removesuffix(".parquet") for path in paths}


def push(memo: Memo, fs: Any, folder: str) -> int:
    """Send the records that the remote has not, in new segments; returns how many were sent."""
    there, sent = at_remote(fs, folder), 0
    with reached(folder):
        fs.makedirs(folder, exist_ok=True)
    for keys in segments.keys_to_push(memo, there):
        records = segments.load_records(memo, keys)
        name = segments.segment_name(records)
        if not records:
            continue
        if name not in there:
            with TemporaryDirectory(dir=memo.root) as aside:
                segments.write_segment(Path(aside, name), records)
                with reached(folder):
                    fs.put_file(str(Path(aside, name)), fs.join(folder, f"{name}.parquet"))
            sent += len(records)
        segments.assign_segment(memo, name, records)
    return sent


def pull(memo: Memo, fs: Any, folder: str, again: bool) -> tuple[int, int]:
    """Fetch the segments that were neither made here nor fetched before, or all of them `again`; a reply that is here
    already stays. Returns the numbers of new replies and of segments."""
    known = set() if again else segments.segment_names(memo)
    new, before = sorted(at_remote(fs, folder) - known), segments.count_records(memo)
    for name in new:
        with TemporaryDirectory(dir=memo.root) as aside:
            with reached(folder):
                fs.get_file(fs.join(folder, f"{name}.parquet"), str(Path(aside, name)))
            segments.add_records(memo, name, segments.read_segment(Path(aside, name)))
    return segments.count_records(memo) - before, len(new)
