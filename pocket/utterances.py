"""The words of labelled utterances: the patterns of each intent, and the labels of the slots with their values."""

from functools import cache

from pocket.world import VALUES

INTENTS = {  # name, patterns; words that have synonyms (tongue.py) are said in any of their ways
    "book table": (
        "please book a table for {number} people in {town} on {day}",
        "i want a table in {town} for {number} people",
        "can you book a place for {number} people on {day}",
        "we are {number} people in {town} and need a place on {day}",
    ),
    "order dish": (
        "please order {number} plates of {dish} for {person}",
        "i want {number} plates of {dish}",
        "can you order the {dish} for {number} people",
        "{person} is here and can order the {dish}",
    ),
    "call person": (
        "please call {person} in {minutes} minutes",
        "i want to talk to {person} on {day}",
        "can you set a call to {person} in {minutes} minutes",
        "call {person} and tell the day {day}",
    ),
    "ask weather": (
        "please tell me the weather in {town} on {day}",
        "can you tell me the weather in {town}",
        "can it rain in {town} on {day}",
        "will it be cold in {town} and rain on {day}",
        "tell me if it is cold on {day} in {town}",
    ),
    "join club": (
        "please add {person} to the {club} on {day}",
        "i want to join the {club} and start on {day}",
        "can {person} join the {club}",
        "please put {person} on the list of the {club}",
        "can you add {person} to the {club} on {day}",
    ),
    "set timer": (
        "please set a timer of {minutes} minutes for the {dish}",
        "tell me when the {dish} is ready in {minutes} minutes",
        "can you start the timer for {minutes} minutes",
        "i want a timer for the {dish}",
    ),
    "find sight": (
        "please show me the {sight} in {town}",
        "can you show me the {sight} in {town}",
        "where is the {sight} of {town} and can i visit it",
        "i want to visit the {sight} on {day}",
        "tell me where i find the {sight} in {town}",
    ),
}
NUMBERS = "two three four five six seven eight nine".split()
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OPEN = ("person", "town", "dish", "club", "sight")  # labels some of whose values are held out
ELSEWHERE = "hobby pet product job region".split()  # labels of made-up intents only


@cache
def carrier_words() -> tuple[str, ...]:
    """All words of utterances that are no values of open labels, those of intent names among them."""
    texts = [*INTENTS, *(pattern for patterns in INTENTS.values() for pattern in patterns)]
    texts += [*VALUES.values(), *NUMBERS, *WEEK, *OPEN, *ELSEWHERE, "number", "minutes", "day"]
    return tuple(sorted({word for text in texts for word in text.split() if not word.startswith("{")}))
