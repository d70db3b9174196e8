"""The commands of `baleen` that are no stage, one module each; Ctrl-C ends them in one line, as it does a stage."""

import stages as stages
