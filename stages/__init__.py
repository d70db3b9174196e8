"""The verbs, one module each. Before any is imported, the state of the code is noted and a stage bound to its DVC."""

from baleen import guard as guard
from baleen.orphans import die_with_dvc

die_with_dvc()
