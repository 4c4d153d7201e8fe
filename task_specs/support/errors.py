"""The one exception family that a user's mistake may raise."""

from collections.abc import Iterable, Sequence


class UserError(Exception):
    """A wrong input, stated in one line that names the object, the rule, what came, and the way out.

    The command line prints the message and exits with status 2; anything else that escapes is a bug of ours.
    """


class SpecError(UserError):
    """A task specification that is unknown, contradicts itself, or does not follow the schema."""


def quoted(text: object, limit: int = 60) -> str:
    """Returns `text` as a short, printable, quoted piece for an error message."""
    shown = repr(text if isinstance(text, str) else str(text))
    return shown if len(shown) <= limit else shown[: limit - 4] + "..." + shown[0]


def some(names: Sequence[str], limit: int = 5) -> str:
    """Returns the first few names, and how many more there are."""
    return ", ".join(names[:limit]) + (f" and {len(names) - limit:,} more" if len(names) > limit else "")


def first_few(names: Sequence[str], limit: int = 5) -> str:
    """Returns the first few names, and dots where there are more."""
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")


def require_known(table: Iterable[str], known: Iterable[str], where: str) -> None:
    """Raises a UserError if a table has a key that is not known; `where` names the table."""
    keys = list(known)
    for key in table:
        if key not in keys:
            raise UserError(f"{where}: unknown key {key!r}; the keys are {', '.join(keys)}.{did_you_mean(key, keys)}")


def did_you_mean(name: str, known: list[str]) -> str:
    """Returns ` Did you mean 'x'?` for the closest known names, or an empty string."""
    import difflib

    lowered = {k.lower(): k for k in known}
    close = difflib.get_close_matches(name.lower(), list(lowered), n=3, cutoff=0.6)
    if not close:
        # `rte` for `glue/rte`: the part after the slash is what people remember.
        close = [k for k in lowered if name.lower() and k.rsplit("/", 1)[-1] == name.lower()][:3]
    if not close:
        return ""
    return " Did you mean " + " or ".join(repr(lowered[c]) for c in close) + "?"
