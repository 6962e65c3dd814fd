"""Chooses by which way an answer goes out: contact point, channel, account. Pure, for `reply`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from hub_contract.channels import CHANNELS
from hub_contract.email_address import is_international
from hub_contract.errors import Permanent
from hub_contract.refusals import Refusal
from hub_contract.words import Channel, ContactKind, ContactPoint


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody wrote in this conversation, or asked to be answered."""

    contact_point_id: UUID
    channel: str
    account: str  # empty: she named it and never wrote by it
    verified: bool
    point: ContactPoint
    preferred_at: datetime | None = None  # when she asked for answers by this way
    claimed: bool = False  # not confirmed, but a Reply-To of the message that began it names it
    shared: bool = False  # many people write by this address
    stopped: Collection[str] = ()  # channels by which she wants nothing more

    @property
    def open(self) -> bool:
        """Say whether answers may go there."""
        return self.verified or self.claimed


class Last(NamedTuple):
    """How the last message came that somebody wrote, and whether its sender was confirmed."""

    contact_point_id: UUID
    channel: str
    account: str
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """What the caller wishes; empty: as the citizen asked, else as the last message came."""

    channel: str = ""
    account: str = ""
    contact_point_id: UUID | None = None


def choose(
    wish: Target,
    ways: Sequence[Way],
    last: Last | None,
    accounts: Mapping[str, str] = MappingProxyType({}),
    ascii_only: Collection[str] = (),
    *,
    not_allowed: Collection[str] = (),
) -> Way:
    """Return the way of the answer; `Permanent` names what is missing, and the remedy.

    What the wish leaves open, the citizen's own wish decides, else the last message. `accounts`
    has the account of each channel to send from where nobody wrote by it yet, `ascii_only` are
    those whose mail server takes no umlauts before the @, `not_allowed` those that send nothing.
    """
    fitting = [way for way in ways if _fits(way, wish)]
    confirmed = [way for way in fitting if way.open]
    if not fitting:
        raise _nobody(wish, ways)
    default = _default(wish, fitting, last)
    # Whom the caller does not name, the last message does: a stranger's is not answered unasked.
    if last and default and not (default.open and (last.verified or not default.shared)):
        confirmed = []
    if not confirmed:
        raise Permanent(
            "contact_point: not confirmed in this conversation; confirm it first",
            code=Refusal.NOT_CONFIRMED,
        )
    answering = [way for way in confirmed if can_answer(wish.channel or way.channel)]
    if not answering:
        raise Permanent("channel: carries no answers; choose another way", code=Refusal.NO_ANSWERS)
    answering = [way for way in answering if _account(way, wish, accounts) not in not_allowed]
    if not answering:
        text = "account: sends nothing by this channel (`allowed`); choose another way"
        raise Permanent(text, code=Refusal.NOT_ALLOWED)
    way = preferred(answering) or (default if default in answering else None) or answering[-1]
    chosen = _by_channel(way, wish, accounts)
    if chosen.channel in way.stopped:
        raise Permanent(
            f"contact_point: wants nothing more by {chosen.channel}; choose another way",
            code=Refusal.OPTED_OUT,
        )
    if not is_carried(chosen.point, chosen.account, ascii_only):
        raise Permanent(
            "contact_point: the mail server takes no umlauts before the @; choose another way",
            code=Refusal.NOT_CARRIED,
        )
    return chosen


def can_answer(channel: str) -> bool:
    """Say whether answers go out by this channel at all."""
    return CHANNELS[Channel(channel)].answers


def is_carried(point: ContactPoint, account: str, ascii_only: Collection[str]) -> bool:
    """Say whether this account's mail server takes the address at all."""
    is_mail = point.kind is ContactKind.EMAIL
    return not (is_mail and account in ascii_only and is_international(point.value))


def preferred(ways: Iterable[Way]) -> Way | None:
    """Return the way that its owner asked for, the latest wish first."""
    asked = [(way.preferred_at, number, way) for number, way in enumerate(ways) if way.preferred_at]
    return max(asked)[2] if asked else None


def _fits(way: Way, wish: Target) -> bool:
    if wish.contact_point_id and way.contact_point_id != wish.contact_point_id:
        return False
    return not wish.channel or CHANNELS[Channel(wish.channel)].reaches == way.point.kind


def _default(wish: Target, fitting: Sequence[Way], last: Last | None) -> Way | None:
    """Return the way of the last message, if it fits the wish; the wished channel comes first."""
    if last is None:
        return None
    point, channel, account, _ = last
    own = [way for way in fitting if way.contact_point_id == point]
    ranked = sorted(
        own, key=lambda w: (w.channel == (wish.channel or channel), w.account == account)
    )
    return ranked[-1] if ranked else None


def _account(way: Way, wish: Target, accounts: Mapping[str, str]) -> str:
    """Return the account that an answer by this way goes out by; empty: none is known."""
    channel = wish.channel or way.channel
    own = way.account if way.channel == channel else ""
    return wish.account or own or accounts.get(channel, "")


def _by_channel(way: Way, wish: Target, accounts: Mapping[str, str]) -> Way:
    channel, account = wish.channel or way.channel, _account(way, wish, accounts)
    if not account:
        raise Permanent(
            f"account: nobody wrote by {channel} yet; name the account to send from",
            code=Refusal.NO_ACCOUNT,
        )
    return Way(way.contact_point_id, channel, account, way.verified, way.point)


def _nobody(wish: Target, ways: Sequence[Way]) -> Permanent:
    if not ways:
        text = "contact_point: nobody in this conversation can be reached; begin a new one"
        return Permanent(text, code=Refusal.NOBODY_REACHABLE)
    if wish.contact_point_id:
        text = "contact_point: is not part of this conversation, or not reached by this channel"
        return Permanent(text, code=Refusal.NOT_REACHED_SO)
    text = f"channel: nobody in this conversation is reached by {wish.channel}; choose another"
    return Permanent(text, code=Refusal.CHANNEL_REACHES_NOBODY)
