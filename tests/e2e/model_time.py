"""Times of the model test: seconds UTC, as text and back."""
import datetime

MINUTE, HOUR, DAY = 60, 3600, 86400


def text_of(at):
    """2023-07-03T12:00:00Z; nothing for no time."""
    return "" if at is None else datetime.datetime.utcfromtimestamp(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of(text):
    """Seconds of a time or, at 00:00, of a date."""
    pattern = "%Y-%m-%dT%H:%M:%SZ" if "T" in text else "%Y-%m-%d"
    at = datetime.datetime.strptime(text, pattern).replace(tzinfo=datetime.timezone.utc)
    return int(at.timestamp())


def midnight(at):
    return at - at % DAY
