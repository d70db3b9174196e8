"""Imports what commands of DVC import before they begin, which takes most of their time, and builds their parser."""

from importlib import import_module

from dvc.cli.parser import get_main_parser

PARTS = (
    "dvc.repo.reproduce", "dvc.repo.experiments", "dvc.repo.index", "dvc.repo.stage", "dvc.repo.graph", "dvc.lock",
    "dvc.repo.artifacts", "dvc.repo.datasets", "dvc.repo.open_repo", "dvc.repo.worktree", "dvc.data_cloud", "dvc.api",
    "dvc.cachemgr", "dvc.dirs", "dvc.utils.strictyaml", "dvc._debug", "dvc_data.hashfile.db.local",
    "dvc_data.index.checkout", "scmrepo.git.backend.dulwich", "scmrepo.git.backend.pygit2", "dulwich.worktree",
    "dulwich.ignore", "fsspec.implementations.memory", "ruamel.yaml", "networkx",
)  # fmt: skip

for part in PARTS:
    import_module(part)
get_main_parser()  # which DVC keeps
