"""Personal data in a text: addresses of mail, numbers of phones, cards and insurance, addresses of machines, keys.

By datafog-core (structured data by rules) and, for the keys of services, the detectors of detect-secrets; both come
with the extra `cleaning`. What is reserved for examples does not count: mail at example.org (RFC 2606), American
numbers 555-0100 to 555-0199, and addresses of machines that no one can reach. Names of people are not found.
"""

import re
from functools import cache
from ipaddress import ip_address
from typing import Any

from baleen.tables.exports import Amount

__all__ = ["access_keys", "emails", "personal", "phones"]

RESERVED = re.compile(
    r"@(?:[\w-]+\.)*(?:example\.(?:com|net|org)|\w+\.(?:example|invalid|test)|localhost)$", re.IGNORECASE
)
FICTIONAL = re.compile(r"555\D?01\d\d$")
NUMBERS = ("CREDIT_CARD", "SSN")  # beside those with a check of their own
KEYS = ("API_KEY", "JWT", "PRIVATE_KEY")
SERVICES = (  # detectors of detect-secrets that look for a form of its own, not for what looks random
    "AWSKeyDetector", "AzureStorageKeyDetector", "DiscordBotTokenDetector", "GitHubTokenDetector",
    "GitLabTokenDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector",
    "SendGridDetector", "SlackDetector", "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)  # fmt: skip


def emails(text: str) -> Amount:
    """Number of addresses of mail, but for those reserved for examples."""
    return float(sum(not RESERVED.search(found) for found in matches(text, "EMAIL")))


def phones(text: str) -> Amount:
    """Number of phone numbers: of ten digits as in North America, or with + and the code of a country."""
    return float(sum(not FICTIONAL.search(found) for found in matches(text, "PHONE")))


def access_keys(text: str) -> Amount:
    """Number of keys and tokens of services, and of private keys."""
    found = {*matches(text, *KEYS)}
    if any(character in text for character in "-_:=.") or "AKIA" in text:
        found |= {str(match) for detector in detectors() for match in detector.analyze_string(text)}
    return float(len(found))


def personal(text: str) -> Amount:
    """Number of pieces of personal data: mail, phones, cards, social security numbers, machines, keys."""
    machines = sum(is_public(found) for found in matches(text, "IP_ADDRESS"))
    return emails(text) + phones(text) + len(matches(text, *NUMBERS)) + machines + access_keys(text)


def matches(text: str, *kinds: str) -> list[str]:
    """What datafog-core finds of some kinds."""
    import datafog_core

    return [found.matched_text for found in datafog_core.scan(text, {"entities": [*kinds]})]


def is_public(address: str) -> bool:
    """Whether an address is that of a machine which others can reach."""
    try:
        return ip_address(address).is_global
    except ValueError:
        return False


@cache
def detectors() -> list[Any]:
    """The detectors of SERVICES."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    classes = {kind.__name__: kind for kind in get_mapping_from_secret_type_to_class().values()}
    return [classes[name]() for name in SERVICES]
