"""Settings of the pretend outside world: `services.peers` of the file."""

from pathlib import Path

from pydantic import Field

from hub_kit.listen import HostPort, Listen, ListenAddress, PeerAddress
from hub_kit.settings import Section


class Mailbox(Section):
    """One citizen's mailbox; its address is its key."""

    name: str = Field(description="as the citizen writes it in From")
    vacation: str = Field(default="", description="answers every mail with these words (RFC 3834)")
    closed: bool = Field(default=False, description="takes every mail and sends it back later")


class Person(Section):
    """Somebody who works for an authority; the name they log in by is their key."""

    name: str = Field(description="as colleagues read it")
    may: tuple[str, ...] = Field(default=(), description="what they are: musterstadt/agent")


class Table(Section):
    """What lies on the citizen's table: addresses of the gateway, and whom a citizen writes to."""

    pages: str = "/musterstadt/"
    desk: str = "/desk/"
    write_to: str = "post@musterstadt.example"


class PeersSettings(Section):
    http: ListenAddress = Field(
        default=Listen("127.0.0.1", 8090), description="mailboxes, for demo and tests"
    )
    smtp: ListenAddress = Field(
        default=Listen("127.0.0.1", 2500), description="the relay of the pretend world"
    )
    hub: PeerAddress = Field(
        default=HostPort("127.0.0.1", 2525), description="where mail for our domains goes"
    )
    folder: Path = Field(default=Path(".faden/peers"), description="the mailboxes, as Maildir")
    size_limit: int = Field(default=36_700_160, gt=0, description="bytes; RFC 1870")
    identity: ListenAddress = Field(
        default=Listen("127.0.0.1", 8091), description="where authorities log in"
    )
    people: dict[str, Person] = Field(default={}, description="who may log in there, as whom")
    table: Table = Table()
    mailboxes: dict[str, Mailbox] = Field(default={}, description="citizens, by address")
