"""The stages of DVC, one module each. Before any is imported, Ctrl-C is made to end a program in one line, and a stage
is bound to its DVC and handed to a process that is ready for it, if there is one; else the state of the code is noted.
"""

import atexit
import os

from baleen.project.interrupts import exit_while_starting
from baleen.project.lifetime import die_with_dvc
from baleen.project.preload import DOOR, exit_at_once, hand_over

if os.environ.get(DOOR) == "":  # a copy, bound to the process it comes from
    exit_while_starting()
else:
    exit_while_starting()
    die_with_dvc()
    hand_over()
    atexit.register(exit_at_once)

from baleen.project import inputs as inputs
