"""The verbs, one module each. Before any is imported, a stage is bound to its DVC and handed to a process that is ready
for it, if there is one; else the state of the code is noted."""

import os

from baleen.project.lifetime import die_with_dvc
from baleen.project.preload import DOOR, hand_over

if os.environ.get(DOOR) != "":  # else this is a copy, bound to the process it comes from
    die_with_dvc()
    hand_over()

from baleen.project import inputs as inputs
