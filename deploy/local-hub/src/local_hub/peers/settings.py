"""Settings of the pretend outside world: `services.peers` of the file."""

from pathlib import Path

from pydantic import Field

from hub_kit.listen import HostPort, Listen, ListenAddress, PeerAddress
from hub_kit.secret import read_secret
from hub_kit.settings import Section

# As the file names it; `faden up` makes it where its data lie.
PRETEND_TOKEN = ".faden/carrier.token"  # noqa: S105
PRETEND_KEY = ".faden/fax.key"  # public: what checks the signatures of the pretend Telnyx


class Mailbox(Section):
    """One citizen's mailbox; its address is its key."""

    name: str = Field(description="as the citizen writes it in From")
    vacation: str = Field(default="", description="answers every mail with these words (RFC 3834)")
    closed: bool = Field(default=False, description="takes every mail and sends it back later")


class Person(Section):
    """Somebody who works for an authority; the name they log in by is their key."""

    name: str = Field(description="as colleagues read it")
    may: tuple[str, ...] = Field(default=(), description="what they are: musterstadt/agent")


class Handset(Section):
    """One citizen's mobile phone; its number in E.164 is its key."""

    name: str
    fails: int = Field(default=0, description="a code of Twilio's with which every SMS fails later")
    refuses: int = Field(default=0, description="one with which every SMS is refused at once")


class HubNumber(Section):
    """A number of the hub at the carrier; the number in E.164 is its key."""

    account_sid: str = ""
    hook: str = Field(default="", description="path below `hub` for a message that comes in")
    calls: str = Field(default="", description="the same for a call; its end goes to …/status")
    system_id: str = Field(default="", description="it is at the SMSC instead, bound by this name")


class Carrier(Section):
    """The pretend Twilio and SMSC, and the phones of citizens."""

    hub: str = Field(default="http://127.0.0.1:8080", description="where the hub takes hooks")
    address: str = Field(default="http://127.0.0.1:8090", description="how the hub calls it")
    smsc: ListenAddress = Field(
        default=Listen("127.0.0.1", 2775), description="where numbers with a system_id are bound"
    )
    numbers: dict[str, HubNumber] = Field(default={})
    handsets: dict[str, Handset] = Field(default={})


class Letterbox(Section):
    """The letter box of the authority, whose letters are scanned."""

    folder: Path | None = Field(
        default=None, description="the scan folder of a box of channel_paper; none: no letter box"
    )


class Post(Section):
    """Who prints the authority's letters; the post brings them to the table."""

    print_room: Path | None = Field(
        default=None, description="the print folder of a box of channel_paper"
    )
    organisation: str = Field(default="", description="at the pretend Pingen, by its id")
    hook: str = Field(default="", description="path below the carrier's `hub` that Pingen calls")
    username: str = Field(default="", description="at the pretend LetterXpress")

    @property
    def has_any(self) -> bool:
        return bool(self.print_room or self.organisation or self.username)


class Machine(Section):
    """One citizen's fax machine; its number in E.164 is its key."""

    name: str
    fails: str = Field(default="", description="Telnyx's word with which every fax to it fails")


class FaxNumber(Section):
    """A fax number of the hub at a hosted provider; the number in E.164 is its key."""

    hook: str = Field(description="path below `hub` for a fax that comes in")
    connection_id: str = Field(default="", description="it is at the pretend Telnyx")
    project_id: str = Field(default="", description="it is at the pretend Sinch instead")
    as_json: bool = Field(default=False, description="Sinch tells of faxes in JSON, not by a form")


class Faxes(Section):
    """The pretend Telnyx and Sinch, and the fax machines of citizens."""

    hub: str = Field(default="http://127.0.0.1:8080", description="where the hub takes hooks")
    address: str = Field(default="http://127.0.0.1:8090", description="how the hub calls it")
    numbers: dict[str, FaxNumber] = Field(default={})
    machines: dict[str, Machine] = Field(default={})


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
    clamd: ListenAddress | None = Field(
        default=None, description="a scanner that finds EICAR's test file, and nothing else"
    )
    people: dict[str, Person] = Field(default={}, description="who may log in there, as whom")
    table: Table = Table()
    mailboxes: dict[str, Mailbox] = Field(default={}, description="citizens, by address")
    letterbox: Letterbox = Letterbox()
    post: Post = Post()
    carrier: Carrier = Carrier()
    faxes: Faxes = Faxes()
    carrier_token_file: Path = Field(
        default=Path(PRETEND_TOKEN), description="what signs the hooks of carrier and faxes"
    )

    def carrier_token(self) -> str:
        """Return the token; "" where there is none, and nobody is called."""
        return (
            read_secret("carrier_token", self.carrier_token_file, "")
            if self.carrier.numbers or self.faxes.numbers
            else ""
        )
