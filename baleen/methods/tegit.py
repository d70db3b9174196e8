"""TeGit: what shows that a designed task is no task."""

from baleen.measures.wording import found

# What an instruction says that repeats how it was asked for (TeGit: two of the four tasks that were released with it)
DESIGNING = (
    r"(design|create|invent|devise|generate|come up with) (a|an|one|some)( new)? (tasks?|instructions?)"
    r"(?! (list|manager|manual|tracker|queue|board|scheduler))",
    "设计(一个|一项)?任务|生成(一个|一条)?指令|编写(一个|一项)?任务",
)


def designing(text: str) -> float:
    """How often an instruction asks to design a task, where it should be one."""
    return found(text, DESIGNING)
