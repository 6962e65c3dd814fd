"""Holds the SFTP listener of the boxes: its host key, and who may hand in what."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncssh

from channel_paper.boxes import Sftp
from channel_paper.receive.scans import Scans
from channel_paper.receive.sftp import Door, Inbox, Users
from channel_paper.settings import PaperSettings
from hub_kit.listen import Listen
from hub_kit.write_secret import write_new

LOGIN_SECONDS = 30


class SftpListener:
    """`run` for ever; without a user there is nobody to listen to."""

    def __init__(self, settings: PaperSettings, scans: Sequence[Scans]) -> None:
        self._settings = settings
        users = {}
        for one in scans:
            user: Sftp | None = one.box.settings.sftp
            if user:
                users[user.user] = (user, one)
        self._users = Users(users)

    async def run(self) -> None:
        door = self._settings.sftp
        if door is None:
            return
        async with self.serve(door):
            await asyncio.Event().wait()

    @asynccontextmanager
    async def serve(self, door: Listen) -> AsyncIterator[int]:
        """Listen while it lasts; yield the port."""
        asyncssh.set_log_level("WARNING")  # below it, it names users and files
        key = await asyncio.to_thread(host_key, self._settings.sftp_host_key)
        server = await asyncssh.create_server(
            lambda: Door(self._users),
            door.host,
            door.port,
            server_host_keys=[key],
            sftp_factory=self._open,
            allow_scp=False,
            allow_pty=False,
            login_timeout=LOGIN_SECONDS,
            keepalive_interval=60,
            agent_forwarding=False,
        )
        try:
            yield server.get_port()
        finally:
            server.close()
            await server.wait_closed()

    def _open(self, channel: asyncssh.SSHServerChannel[bytes]) -> Inbox:
        user = str(channel.get_extra_info("username"))
        return Inbox(channel, self._users.scans_of(user), user, self._settings.size_limit)


def host_key(path: Path) -> asyncssh.SSHKey:
    """Return our key; made at the first start, and never changed: scanners remember it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another copy was quicker: its key is everybody's
            write_new(path, asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    return asyncssh.read_private_key(str(path))
