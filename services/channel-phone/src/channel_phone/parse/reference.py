"""Say which groups of a mistyped reference look wrong. Pure.

The two check digits tell that one is wrong, not which. But most mistakes are one wrong digit, or
two neighbours swapped; where mending a single group so makes the whole right, that group is meant.
"""

from collections.abc import Iterator

from hub_contract.references import is_reference

SIZE, GROUP = 12, 3  # digits of a reference, and of a group as people read it


def wrong_groups(digits: str) -> tuple[int, ...]:
    """Return the groups, from 0, one of which is probably wrong; none where nobody can say."""
    if len(digits) != SIZE:
        return ()
    found = {place // GROUP for place, mended in _mended(digits) if is_reference(mended)}
    return tuple(sorted(found))


def _mended(digits: str) -> Iterator[tuple[int, str]]:
    for place in range(SIZE):
        for digit in "0123456789":
            yield place, digits[:place] + digit + digits[place + 1 :]
    for place in range(SIZE - 1):
        one, two = digits[place], digits[place + 1]
        yield place, digits[:place] + two + one + digits[place + 2 :]
