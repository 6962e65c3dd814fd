"""Looks at the clocks of all sessions of a listener, time and again; who is late is sent away."""

import asyncio
from collections.abc import Callable

from channel_email.receive.limits import Limit, bites
from channel_email.receive.room import Room
from channel_email.receive.session import Session
from channel_email.settings import Limits

LOOKS = 0.5  # seconds from one look to the next


async def watch(
    inside: set[Session], room: Room, limits: Limits, send_away: Callable[[Session, Limit], None]
) -> None:
    """Look until cancelled; a timer for each clock would cost more than it measures."""
    times = (limits.grace, limits.mail_time, limits.between_mails, limits.session_time)
    often = min(LOOKS, *(seconds / 4 for seconds in times))
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(often)
        for session in list(inside):
            pressed = room.pressed and session.has_room
            if limit := bites(session.pace, loop.time(), limits, pressed=pressed):
                send_away(session, limit)
