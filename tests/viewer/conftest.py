"""A project to look at and a server of it, which the tests of a module share."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from viewer_project import Asker


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The project, in the current folder."""
    import viewer_project

    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("viewed")
        patch.chdir(place)
        viewer_project.write_project(place)
        yield place


@pytest.fixture(scope="module")
def server(folder: Path) -> "Asker":
    """A server of it."""
    import viewer_project

    return viewer_project.asker()


@pytest.fixture
def labelling(folder: Path) -> Iterator["Asker"]:
    """A server of it without labels."""
    import viewer_project

    yield viewer_project.asker()
    for path in Path("labels").glob("*"):
        path.unlink()
