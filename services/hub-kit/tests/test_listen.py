"""`host:port`, read as it is written; what is no such thing says how to write it."""

import pytest
from pydantic import BaseModel, ValidationError

from hub_kit.listen import HostPort, Listen, ListenAddress, PeerAddress, listeners_of


class Doors(BaseModel):
    http: ListenAddress = Listen("127.0.0.1", 8000)
    more: ListenAddress | None = None
    peer: PeerAddress = HostPort("127.0.0.1", 25)


@pytest.mark.parametrize(
    ("text", "host", "port", "url"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080, "http://127.0.0.1:8080"),
        ("[::1]:25", "::1", 25, "http://[::1]:25"),
        ("mail.example:0", "mail.example", 0, "http://mail.example:0"),
        ("0.0.0.0:80", "0.0.0.0", 80, "http://127.0.0.1:80"),
        ("[::]:80", "::", 80, "http://[::1]:80"),
    ],
)
def test_it_is_read_and_written_alike(text, host, port, url):
    read = HostPort.read(text)
    assert (read.host, read.port, str(read), read.url) == (host, port, text, url)


@pytest.mark.parametrize("text", ["", "8080", ":8080", "host:", "host:x", "host:65536", "host:²"])
def test_what_it_is_not_says_how_to_write_it(text):
    with pytest.raises(ValidationError, match=r"write host:port, for example"):
        Doors(http=text)


def test_the_listeners_of_a_section_are_found_by_their_kind():
    assert listeners_of(Doors(peer="10.0.0.1:25")) == {"http": Listen("127.0.0.1", 8000)}
    doors = Doors(more="[::1]:1")
    assert listeners_of(doors) == {"http": doors.http, "more": Listen("::1", 1)}
