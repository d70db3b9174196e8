"""A memo with numbered replies, for the tests of the memo and of its segments."""

from pathlib import Path

from baleen.memo.store import Memo

SPACE = "generate echo/1 model"


def reply_key(number: int) -> str:
    return f"{number:032x}"


def filled_memo(root: Path, numbers: range, text: str = "reply") -> Memo:
    memo = Memo(root)
    memo.put(SPACE, {reply_key(n): {"text": f"{text} {n}"} for n in numbers})
    return memo


def corrupt(memo: Memo, sql: str) -> None:
    """Change records by SQL, without the memo's code."""
    memo.run(lambda db: db.execute(sql))
