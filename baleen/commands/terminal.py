"""What rows and replies say, made fit for a terminal."""

import re

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # category Cc but newline and tab


def visible(text: str) -> str:
    """The text with each control character written out, such as \\x1b for ESC, which would move the cursor, change
    colours or end a line; newlines and tabs stay."""
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
