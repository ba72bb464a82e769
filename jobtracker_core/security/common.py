"""Passwords that guessers try first, of those that are long enough to be accepted at all.

Not a list from anywhere: the habits that such lists show, written down and multiplied out. A few
dozen words that people begin with, endings that they add to reach a length, words and walks on the
keyboard that are repeated, and whole phrases. Case and the usual swaps of letters (`p4ssw0rd`) are
undone before a password is looked for, so that one entry stands for all its spellings.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product

_LEAST = 12
_DIFFERENT = 5
"""Characters that a password has at least, each counted once."""

_WORDS = (
    *("password", "passwort", "passwd", "passphrase", "contrasena", "motdepasse", "wachtwoord"),
    *("welcome", "willkommen", "letmein", "secret", "default", "changeme", "changethis", "change"),
    *("admin", "administrator", "root", "user", "guest", "login", "master", "manager", "system"),
    *("test", "testing", "demo", "example", "temp", "temporary", "qwerty", "qwertz", "azerty"),
    *("qwertyuiop", "asdfghjkl", "zxcvbnm", "iloveyou", "sunshine", "princess", "football"),
    *("baseball", "basketball", "superman", "batman", "spiderman", "pokemon", "starwars", "dragon"),
    *(
        "monkey",
        "shadow",
        "michael",
        "jennifer",
        "charlie",
        "jordan",
        "hunter",
        "trustno",
        "summer",
    ),
    *("winter", "spring", "autumn", "january", "february", "march", "april", "june", "july"),
    *("august", "september", "october", "november", "december", "monday", "friday", "sunday"),
    *("computer", "internet", "security", "server", "database", "postgres", "docker", "raspberry"),
    *("whatever", "nothing", "freedom", "forever", "liverpool", "chelsea", "arsenal", "barcelona"),
    *("london", "berlin", "paris", "newyork", "america", "germany", "france", "google", "facebook"),
    *(
        "linkedin",
        "microsoft",
        "windows",
        "samsung",
        "jobtracker",
        "jobsearch",
        "career",
        "company",
    ),
)
_ENDINGS = (
    *("1", "12", "123", "1234", "12345", "123456", "1234567", "12345678", "123456789"),
    *("1234567890", "0", "00", "000", "0000", "007", "01", "11", "111", "1111", "11111"),
    *("111111", "21", "22", "69", "77", "88", "99", "666", "777", "999", "321", "4321"),
    *("54321", "654321", "abc", "abcd", "abc123", "123abc", "qwe", "qwerty", "asd"),
    *("password", "admin", "user", "login", "me", "now", "please", "please1", "forever"),
    *(str(year) for year in range(1970, 2031)),
)
_WALKS = (
    *("1234567890", "0987654321", "123456789", "987654321", "qwertyuiop", "poiuytrewq"),
    *("asdfghjkl", "lkjhgfdsa", "zxcvbnm", "mnbvcxz", "qwertzuiop", "yxcvbnm", "azertyuiop"),
    *("qsdfghjklm", "wxcvbn", "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba"),
    *("1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0"),
    *("zaq12wsxcde34rfvbgt56yhnmju78ik", "qazwsxedcrfvtgbyhnujmikolp", "a1s2d3f4g5h6j7k8l9"),
    *("qweasdzxc", "qweasdzxcrtyfghvbn", "147258369", "963852741", "159753", "741852963"),
    *("01234567890123456789", "112233445566778899", "aabbccddeeffgghhii", "abcd1234efgh5678"),
    *("123qweasdzxc", "1234qwerasdfzxcv", "1a2b3c4d5e6f7g8h9i", "a1b2c3d4e5f6g7h8i9", "0123456789"),
)
_PHRASES = (
    *(
        "correcthorsebatterystaple",
        "letmeinplease",
        "openthedoor",
        "opensesame1",
        "thisismypassword",
    ),
    *("thisisapassword", "mypasswordis", "nopassword", "nopasswordhere", "idontknow", "dontknow"),
    *("iamtheadmin", "youshallnotpass", "maytheforcebewithyou", "thequickbrownfox", "helloworld"),
    *("tobeornottobe", "iloveyouforever", "iloveyousomuch", "loveyouforever", "ihatepasswords"),
    *("ineedanewjob", "findmeajob", "givemeajob", "iwantanewjob", "newpassword", "oldpassword"),
    *("yoursecretkeyhere", "replacethisvalue", "notverysecret", "supersecret", "topsecret"),
    *("supersecretpassword", "verysecretpassword", "securepassword", "strongpassword"),
    *("unbreakable", "incorrectpassword", "passwordpassword", "adminadminadmin", "rootrootroot"),
)
_SWAPS = str.maketrans("013457@$!|", "oieastasii")
_FILLERS = str.maketrans("", "", " -_.,;:/\\+*#'\"?=()[]{}<>~^&%")


def is_common(password: str) -> bool:
    """Say whether a password is one of those, or repeats the same few characters throughout."""
    plain = password.casefold().translate(_FILLERS)
    plain = plain.rstrip("!$@") or plain
    head = plain.rstrip("0123456789")
    # Read as letters within the word, and as the number that they are behind it.
    spelled = {plain, plain.translate(_SWAPS), head.translate(_SWAPS) + plain[len(head) :]}
    return (
        len(set(password.casefold())) < _DIFFERENT
        or _repeats(plain)
        or not spelled.isdisjoint(common())
    )


def _repeats(text: str) -> bool:
    """Say whether a text is one short piece over and over, the last time perhaps cut off."""
    for length in range(1, min(len(text) // 2, 6) + 1):
        piece = text[:length]
        if (piece * (len(text) // length + 1))[: len(text)] == text:
            return True
    return False


@cache
def common() -> frozenset[str]:
    """Return all entries, in small letters and also with digits read as the letters they mimic."""
    made = {entry for entry in _made() if len(entry) >= _LEAST}
    return frozenset(made | {entry.translate(_SWAPS) for entry in made})


def _made() -> Iterator[str]:
    for word, ending in product(_WORDS, _ENDINGS):
        yield word + ending
        yield ending + word
    for first, second in product(_WORDS, _WORDS):
        yield first + second
    for walk in _WALKS:
        yield from (walk[:length] for length in range(_LEAST, len(walk) + 1))
        yield from (walk * times for times in (2, 3))
        yield from (walk + ending for ending in _ENDINGS)
    for phrase in _PHRASES:
        yield phrase
        yield from (phrase + ending for ending in _ENDINGS)
