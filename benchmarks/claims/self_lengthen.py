"""Self-Lengthen: answers grow from round to round and stay true; the length-biased keep, thinned lessons and the second
stage each add to the growth (arXiv:2410.23933)."""

from benchmarks.claims import Claim, Pair

TRUE, SCORE, WORDS = "pocket.true(truth,answer)", "self_lengthen.length_score(limit,answer)", "words(answer)"
LONGER = "words(longer)"
ROUNDS = {
    "round 1 against the start": "eval-sl-1",
    "round 2 against round 1": "eval-sl-2",
    "round 3 against round 2": "eval-sl-3",
}
BIASED = {"with against without the length-biased keep": "eval-sl-biased"}
EXTENSIONS = {"lessons thinned against whole": "eval-sl-thinned", "two stages against one": "eval-sl-stages"}
ANSWERS: dict[str, tuple[str, ...]] = {
    f"{name}: words, {key}": (file, "groups", "test", WORDS, key)
    for name, file in (ROUNDS | BIASED).items()
    for key in ("mean", "against", "difference", "low", "high")
}
EXTENDED: dict[str, tuple[str, ...]] = {
    f"{name}: words of an extension, {key}": (file, "groups", "all", LONGER, key)
    for name, file in EXTENSIONS.items()
    for key in ("mean", "against")
}
PAIRS: dict[str, tuple[str, ...]] = {
    f"{name}, round {number}": (file, "groups", "all", measure, key)
    for name, measure in {
        "extended / initial": "self_lengthen.growth(response,initial)",
        "words of a first answer": "words(initial)",
    }.items()
    for number, file, key in (
        (1, "eval-sl-pairs", "against"),
        (2, "eval-sl-pairs", "mean"),
        (3, "eval-sl-pairs-3", "mean"),
    )
}
SOUND: dict[str, tuple[str, ...]] = {  # of answers that end, do not repeat ten words and do not tell of their making
    f"sound answers, {name}": (file, "groups", "test", "self_lengthen.sound(answer)", key)
    for name, file, key in (
        ("at the start", "eval-sl-1", "against"),
        ("after round 1", "eval-sl-1", "mean"),
        ("after round 2", "eval-sl-2", "mean"),
        ("after round 3", "eval-sl-3", "mean"),
    )
}
CLAIM = Claim(
    recipes=(
        *("self-lengthen-requests", "self-lengthen", "self-lengthen-arms"),
        *("more/self-lengthen-ablations", "more/self-lengthen-third"),
    ),
    targets=tuple(f"evaluate@eval-sl-{name}" for name in "1 2 3 biased limits thinned stages pairs pairs-3".split()),
    pairs={
        "words: round 1 - start": Pair("answers-sl-1", "answers-sl-0", WORDS, times=1.0),
        "words: round 2 - round 1": Pair("answers-sl-2", "answers-sl-1", WORDS, times=1.0),
        "words: round 3 - round 2": Pair("answers-sl-3", "answers-sl-2", WORDS, times=1.0),
        "words: the keep that prefers length - without": Pair("answers-sl-biased", "answers-sl-any", WORDS, times=1.0),
        "answers of round 2 stay as true as the first (round 2 - start)": Pair("answers-sl-2", "answers-sl-0", TRUE),
        "answers of round 3 stay as true as the first (round 3 - start)": Pair("answers-sl-3", "answers-sl-0", TRUE),
        "the final model keeps to lengths (final - start)": Pair("answers-sl-asked", "answers-sl-asked-chat", SCORE),
    },
    figures=ANSWERS | EXTENDED | PAIRS | SOUND,
)
