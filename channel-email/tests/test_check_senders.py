"""SPF, DKIM and DMARC of our own: what is signed, by whom, and that the DNS never holds a mail up.

The seals in samples/seals are dkimpy's, of the keys that it is tested with.
"""

import asyncio
from base64 import b64encode
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from channel_email.receive.check import CheckSender
from channel_email.receive.check.dkim import check_seals
from channel_email.receive.check.dmarc import aligned, find_policy, organisation
from channel_email.receive.check.resolve import LookUpFailed, Resolver
from channel_email.receive.check.spf import check_spf
from channel_email.receive.client import Client, meet
from channel_email.receive.deliver import Deliver
from channel_email.settings import EmailSettings, SenderCheck
from hub_kit.accept import Accepted

SEALS = Path(__file__).parent / "samples" / "seals"
RSA = "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5Ru5WVhkPiBuE+mOf29uqontUfoQpcWX04sA/V6dRmZ0I2kRHOSKYXLW84sqPiWyfKH4WaP7f0p6RvENyIqFjCYWDPxSX5Ck/rj0jUzQ6FKloUb9M/0hhdUy2xa7przy7wudLu7WpgxyMLogPZfWMV369vvPefyvuXF8B3rCuy5qSNyvnDf0Dn4/blILfyw5df4JWJIj0FfXxc3LMMLQM+Nn8q71iJmH5qXuB78GWUjT7erEXnrXdWKZimM9l6fMSOb6EBm0AwNVR+mOGwt05LPrSHFrwKJSNRB5gBOzXfmjdUpghIq+wLF1trz+oJt5CcZs45GPjiuyUomI+HgFpQIDAQAB"
ED = "k=ed25519; p=yi50DjK5O9pqbFpNHklsv9lqaS0ArSYu02qp1S0DW1Y="
KEYS = {"rsa._domainkey.example.org": RSA, "ed._domainkey.example.org": ED}


@dataclass
class Names:
    """The DNS as a table: `name` is a TXT, `kind name` anything; "slow" and "broken" are answers."""

    table: dict[str, str]
    asked: list[str] = field(default_factory=list)

    async def ask(self, name, kind):
        self.asked.append(f"{kind} {name}")
        found = self.table.get(f"{kind} {name}", self.table.get(name, "") if kind == "TXT" else "")
        if found == "slow":
            await asyncio.Event().wait()
        if found == "broken":
            raise LookUpFailed
        return tuple(found.split(" | ")) if found else ()


def sealed(name: str = "rsa-relaxed-relaxed") -> bytes:
    return (SEALS / f"{name}.eml").read_bytes().replace(b"\n", b"\r\n")


async def seal_of(raw: bytes, keys: dict[str, str] | None = None) -> str:
    found = await check_seals(Names(KEYS if keys is None else keys), raw, "amt.example.org")
    return " ".join(result for _, result in found)


@pytest.mark.parametrize("sample", sorted(path.stem for path in SEALS.iterdir()))
async def test_a_seal_of_another_library_is_good_and_breaks_with_every_change(sample):
    raw = sealed(sample)
    assert await seal_of(raw) == "pass"
    for old, new in [
        (b"Erika   Muster", b"Erika Muster!"), (b"erika@", b"erik@"), (b"Gr=C3", b"gr=C3"),
        (b"Punkt", b"punkt"), (b"Ende", b"Ende\r\nP.S."), (b"  b=", b"  b=A"), (b" bh=", b" bh=A"),
    ]:  # fmt: skip
        changed = raw.replace(old, new, 1)
        assert changed == raw or await seal_of(changed) in ("fail", "permerror")


RELAXED = [
    (b"Erika   Muster", b"Erika Muster"),
    (b"From:  ", b"FROM : \t"),
    (b"ein  Punkt\tund", b"ein Punkt   und"),
    (b"\r\n\r\n\r\n\r\n", b"\r\n"),
    (b"DKIM-Signature: v", b"X: y\r\nDKIM-Signature: v"),
]


@pytest.mark.parametrize(("old", "new"), RELAXED)
async def test_what_servers_change_on_the_way_breaks_only_what_is_said_to_be_exact(old, new):
    assert await seal_of(sealed("rsa-relaxed-relaxed").replace(old, new, 1)) == "pass"


@pytest.mark.parametrize(
    ("old", "new", "result"),
    [
        (b"v=1", b"v=2", "permerror"),
        (b"rsa-sha256", b"rsa-sha1", "policy"),
        (b"rsa-sha256", b"ed25519-sha256", "permerror"),
        (b"c=relaxed/relaxed", b"c=relaxed/relaxed; l=5", "policy"),  # not all is under it
        (b"h=from : ", b"h=", "permerror"),
        (b"i=@example.org", b"i=@evil.example", "permerror"),
        (b"i=@example.org", b"i=@myexample.org", "permerror"),
        (b"s=rsa;", b"s=rsa; x=1000;", "fail"),
        (b"s=rsa;", b"s=rsa; x=" + b"9" * 5000 + b";", "fail"),
        (b"s=rsa;", b"s=rsa; s=ed;", ""),  # a list with a name twice is none
        (b"s=rsa;", b"s=other;", "permerror"),
        (b"s=rsa;", b"", "permerror"),
        (b"bh=", b"bh=\xff", "permerror"),
        (b"c=relaxed/relaxed", b"c=nofws/relaxed", "permerror"),
        # Headers that a lenient reader sees otherwise than we do.
        (b"Received: f", b"no field\r\nReceived: f", ""),
        (b"DKIM-S", b"From known@bank.example\r\nDKIM-S", ""),
        (b"DKIM-S", b"X: y\r\n \r\nDies ist der Text\r\nDKIM-S", ""),
    ],
)
async def test_a_seal_that_is_none(old, new, result):
    assert await seal_of(sealed().replace(old, new, 1)) == result


def public_key(bits: int = 2048, exponent: int = 65537) -> str:
    key = rsa.RSAPublicNumbers(exponent, (1 << (bits - 1)) + 1).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; p={b64encode(der).decode()}"


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("", "permerror"),
        ("broken", "temperror"),
        ("v=DKIM1; k=rsa; p=", "permerror"),  # revoked
        (RSA.replace("v=DKIM1", "v=DKIM2"), "permerror"),
        (RSA.replace("k=rsa", "k=ed25519"), "permerror"),
        (RSA.replace("k=rsa", "k=rsa; h=sha1"), "permerror"),
        (RSA.replace("k=rsa", "k=rsa; h=sha1:sha256"), "pass"),
        (RSA.replace("k=rsa", "k=rsa; s=tlsrpt"), "permerror"),
        (RSA.replace("k=rsa", "k=rsa; s=email"), "pass"),
        (RSA.replace("k=rsa", "k=rsa; t=y"), "permerror"),  # only a test
        (RSA.replace("k=rsa", "k=rsa; t=s"), "pass"),
        (public_key(512), "permerror"),
        (public_key(8192), "permerror"),
        (public_key(2048, 2**1000 + 1), "permerror"),
        (public_key(), "fail"),
        ("p=AAAA", "permerror"),
        ("nonsense", "permerror"),
        ("=;=;=", "permerror"),
    ],
)
async def test_which_keys_count(record, result):
    assert await seal_of(sealed(), {"rsa._domainkey.example.org": record}) == result


async def test_few_seals_are_checked_and_those_of_the_author_first():
    others = b"".join(
        b"DKIM-Signature: v=1; a=rsa-sha256; d=e%d.example; s=s; h=from; bh=x; b=x\r\n" % n
        for n in range(50)
    )
    names = Names(KEYS)
    found = await check_seals(names, others + sealed(), "amt.example.org")
    assert [(s.domain, s.result) for s in found[:1]] == [("example.org", "pass")]
    assert len(found) == len(names.asked) == 5


# SPF: RFC 7208, appendix A, and beyond.
ZONE = {
    "example.org": "other | v=spf1 ip4:192.0.2.0/28 ip6:2001:db8::/32 a mx -all",
    "A example.org": "192.0.2.99",
    "MX example.org": "mx.example.org",
    "A mx.example.org": "192.0.2.129",
    "AAAA mx.example.org": "2001:db9::1",
    "soft.example": "v=spf1 include:example.org ~all",
    "neutral.example": "v=spf1 ip4:198.51.100.1",
    "question.example": "v=spf1 ?all",
    "upper.example": "V=SPF1 IP4:192.0.2.1 -ALL",
    "none.example": "v=spf10 -all",
    "two.example": "v=spf1 -all | v=spf1 +all",
    "redirect.example": "v=spf1 redirect=example.org",
    "lost.example": "v=spf1 redirect=none.example",
    "typo.example": "v=spf1 ipv4:192.0.2.1 +all",
    "late.example": "v=spf1 +all nonsense:x",
    "bad-net.example": "v=spf1 ip4:192.0.2.300 -all",
    "empty.example": "v=spf1 include: -all",
    "loop.example": "v=spf1 include:loop.example -all",
    "many.example": "v=spf1 " + "a:example.org " * 11 + "-all",
    "void.example": "v=spf1 a:v1.example a:v2.example a:v3.example +all",
    "missing.example": "v=spf1 include:none.example -all",
    "broken.example": "broken",
    "inner.example": "v=spf1 include:broken.example +all",
    "modifier.example": "v=spf1 x-y=z exp=e.example ip4:192.0.2.1 -all",
    "net.example": "v=spf1 a:example.org/24//64 -all",
    "exists.example": "v=spf1 exists:%{ir}.%{v}.%{l1r-}.%{d2}.%{h}%% -all",
    "A 1.2.0.192.in-addr.erika.exists.example.mail.example%": "127.0.0.2",
    "macro.example": "v=spf1 exists:%{x}.example -all",
    "ptr.example": "v=spf1 ptr -all",
    "PTR 1.2.0.192.in-addr.arpa": "evil.example | mail.ptr.example",
    "A mail.ptr.example": "192.0.2.1",
    "crowd.example": "v=spf1 mx -all",
    "MX crowd.example": " | ".join(f"m{n}.example" for n in range(11)),
}


@pytest.mark.parametrize(
    ("address", "sender", "result"),
    [
        ("192.0.2.1", "erika@example.org", "pass"),
        ("192.0.2.99", "erika@example.org", "pass"),
        ("192.0.2.129", "erika@example.org", "pass"),
        ("2001:db9::1", "erika@example.org", "pass"),
        ("2001:db8::1", "erika@example.org", "pass"),
        ("203.0.113.1", "erika@example.org", "fail"),
        ("203.0.113.1", "", "none"),
        ("192.0.2.1", "x@soft.example", "pass"),
        ("203.0.113.1", "x@soft.example", "softfail"),
        ("203.0.113.1", "x@neutral.example", "neutral"),
        ("203.0.113.1", "x@question.example", "neutral"),
        ("192.0.2.1", "x@upper.example", "pass"),
        ("192.0.2.1", "x@none.example", "none"),
        ("192.0.2.1", "x@nirgends.example", "none"),
        ("192.0.2.1", "x@localhost", "none"),
        ("192.0.2.1", "x@..", "none"),
        ("192.0.2.1", "x@" + "a" * 70 + ".example", "none"),
        ("192.0.2.1", "x@two.example", "permerror"),
        ("192.0.2.1", "x@redirect.example", "pass"),
        ("203.0.113.1", "x@redirect.example", "fail"),
        ("192.0.2.1", "x@lost.example", "permerror"),
        ("192.0.2.1", "x@typo.example", "permerror"),
        ("192.0.2.1", "x@late.example", "permerror"),
        ("192.0.2.1", "x@bad-net.example", "permerror"),
        ("192.0.2.1", "x@empty.example", "permerror"),
        ("192.0.2.1", "x@loop.example", "permerror"),
        ("203.0.113.1", "x@many.example", "permerror"),
        ("203.0.113.1", "x@void.example", "permerror"),
        ("192.0.2.1", "x@missing.example", "permerror"),
        ("192.0.2.1", "x@broken.example", "temperror"),
        ("192.0.2.1", "x@inner.example", "temperror"),
        ("192.0.2.1", "x@modifier.example", "pass"),
        ("192.0.2.7", "x@net.example", "pass"),
        ("192.0.2.1", "erika-x@exists.example", "pass"),
        ("192.0.2.2", "erika-x@exists.example", "fail"),
        ("192.0.2.1", "x@macro.example", "permerror"),
        ("192.0.2.1", "x@ptr.example", "pass"),
        ("203.0.113.1", "x@ptr.example", "fail"),
        ("203.0.113.1", "x@crowd.example", "permerror"),
    ],
)
async def test_who_may_send_for_a_domain(address, sender, result):
    assert await check_spf(Names(ZONE), ip_address(address), sender, "mail.example") == result


@pytest.mark.parametrize(
    ("domain", "author", "relaxed", "strict"),
    [
        ("example.org", "example.org", True, True),
        ("amt.example.org", "example.org", True, False),
        ("a.example.org", "b.example.org", True, False),
        ("evil.org", "example.org", False, False),
        ("a.co.uk", "b.co.uk", False, False),  # a public suffix is nobody's
        ("co.uk", "a.co.uk", False, False),
        ("a.b.co.uk", "b.co.uk", True, False),
        ("x.kommune.bayern", "y.kommune.bayern", True, False),
        ("one.github.io", "two.github.io", False, False),
        ("example.org.evil.example", "example.org", False, False),
        ("myexample.org", "example.org", False, False),
        ("", "example.org", False, False),
        ("", "", False, False),
    ],
)
def test_whose_word_counts_for_whom(domain, author, relaxed, strict):
    assert aligned(domain, author, strict=False) is relaxed
    assert aligned(domain, author, strict=True) is strict


def test_the_domain_below_a_public_suffix():
    names = ("amt.stadt.de", "stadt.de", "de", "a.b.stadt.co.uk", "xn--mller-kva.de")
    found = ["stadt.de", "stadt.de", "de", "stadt.co.uk", "xn--mller-kva.de"]
    assert [organisation(name) for name in names] == found


@pytest.mark.parametrize(
    ("table", "result"),
    [
        ({}, ("none", False, False)),
        ({"_dmarc.amt.example.org": "v=DMARC1; p=none"}, ("pass", False, False)),
        ({"_dmarc.example.org": "v=DMARC1; p=reject; aspf=s"}, ("pass", True, False)),
        ({"_dmarc.example.org": "v=DMARC1;p=none;adkim=S;aspf=r"}, ("pass", False, True)),
        ({"_dmarc.example.org": "x | v=DMARC1; rua=mailto:a@b"}, ("pass", False, False)),
        ({"_dmarc.example.org": "v=DMARC1"}, ("none", False, False)),
        ({"_dmarc.example.org": "v=DMARC2; p=none"}, ("none", False, False)),
        ({"_dmarc.example.org": "p=none; v=DMARC1"}, ("none", False, False)),
        ({"_dmarc.example.org": "v=DMARC1; p=none | v=DMARC1; p=none"}, ("none", False, False)),
        ({"_dmarc.org": "v=DMARC1; p=none"}, ("none", False, False)),
        ({"_dmarc.example.org": "broken"}, ("temperror", False, False)),
        ({"_dmarc.amt.example.org": "broken"}, ("temperror", False, False)),
    ],
)
async def test_what_a_domain_says_about_itself(table, result):
    assert await find_policy(Names(table), "amt.example.org") == result


POLICY = {"_dmarc.example.org": "v=DMARC1; p=reject"}
SPF = {"example.org": "v=spf1 ip4:192.0.2.1 -all", "evil.example": "v=spf1 +all"}
STRANGER = Client(ip_address("203.0.113.9"), name="mail.evil.example")
OWN = Client(ip_address("192.0.2.1"), name="mail.example.org")
PLAIN = b"From: Erika <erika@amt.example.org>\r\nSubject: x\r\n\r\nGuten Tag\r\n"
CASES = {
    "spf": ({**POLICY, **SPF}, PLAIN, OWN, "e@example.org", "pass none pass"),
    "sealed": ({**POLICY, **SPF, **KEYS}, sealed(), STRANGER, "x@evil.example", "pass pass pass"),
    "forged": ({**POLICY, **SPF}, PLAIN, STRANGER, "x@evil.example", "pass none fail"),
    "forged envelope": ({**POLICY, **SPF}, PLAIN, STRANGER, "e@example.org", "fail none fail"),
    "own name, no envelope": (
        {**POLICY, "mail.example.org": "v=spf1 a -all", "A mail.example.org": "192.0.2.1"},
        PLAIN, OWN, "", "pass none pass",
    ),
    "strict": (
        {**SPF, **KEYS, "_dmarc.example.org": "v=DMARC1; p=none; adkim=s; aspf=s"},
        sealed(), OWN, "e@example.org", "pass pass fail",
    ),
    "no policy": ({**SPF, **KEYS}, sealed(), OWN, "e@example.org", "pass pass none"),
    "slow policy": (
        {**SPF, **KEYS, "_dmarc.amt.example.org": "slow"},
        sealed(), OWN, "e@example.org", "pass pass temperror",
    ),
    "slow key": (
        {**POLICY, "rsa._domainkey.example.org": "slow"},
        sealed(), STRANGER, "x@evil.example", "none temperror temperror",
    ),
    "slow names of a forger": (
        {**POLICY, "evil.example": "slow"}, PLAIN, STRANGER, "x@evil.example", "temperror none fail",
    ),
    "all is slow": (
        {"_dmarc.amt.example.org": "slow", "example.org": "slow", "rsa._domainkey.example.org": "slow"},
        sealed(), OWN, "e@example.org", "temperror temperror temperror",
    ),
    "broken key": (
        {**POLICY, "rsa._domainkey.example.org": "broken"},
        sealed(), STRANGER, "x@evil.example", "none temperror temperror",
    ),
    "two authors": (
        {**POLICY, **SPF}, PLAIN.replace(b"Erika <", b"a@evil.example, <"), OWN, "e@example.org",
        "pass none permerror",
    ),
    "two From": (
        {**POLICY, **SPF, **KEYS}, b"From: known@bank.example\r\n" + sealed(), OWN, "e@example.org",
        "pass pass permerror",
    ),
    "nobody": ({**POLICY, **SPF}, b"Subject: x\r\n\r\nx\r\n", OWN, "e@example.org", "pass none permerror"),
    "nothing": ({}, b"", Client(), "", "none none permerror"),
    "absurd": ({}, b"\xff" * 1000, Client(name="\ud800"), "a@\ud800..", "none none permerror"),
}  # fmt: skip


SLOW = [case for case, (table, *_) in CASES.items() if "slow" in table.values()]


async def found_about(case: str, within: float) -> str:
    table, raw, client, sender, _ = CASES[case]
    check = CheckSender(SenderCheck(within=within), "mx.musterstadt.example", Names(table))
    found = await check(raw, client, sender)
    assert [e.kind for e in found] == ["spf", "dkim", "dmarc"]
    assert {e.by for e in found} == {"mx.musterstadt.example"}
    return " ".join(e.result for e in found)


@pytest.mark.parametrize("case", [case for case in CASES if case not in SLOW])
async def test_what_is_found_about_a_sender(case):
    assert await found_about(case, within=60) == CASES[case][-1]


async def test_what_is_found_in_time_where_a_name_server_is_silent():
    """All at once: the time has to be long enough for a busy machine, and passes but once."""
    found = await asyncio.gather(*(found_about(case, within=3) for case in SLOW))
    assert dict(zip(SLOW, found, strict=True)) == {case: CASES[case][-1] for case in SLOW}


async def test_many_slow_mails_hold_nobody_up():
    table = {"evil.example": "slow", **POLICY, **SPF}
    check = CheckSender(SenderCheck(within=2, at_once=4), "mx", Names(table))
    slow = [check(PLAIN, STRANGER, "x@evil.example") for _ in range(50)]
    found = await asyncio.gather(*slow, check(PLAIN, OWN, "e@example.org"))
    assert {evidence[2].result for evidence in found[:-1]} <= {"fail", "temperror"}
    assert (await check(PLAIN, OWN, "e@example.org"))[2].result == "pass"


@pytest.mark.parametrize(
    ("peers", "found"),
    [
        # A stranger's header says nothing, and what we find ourselves stands.
        ((), ["spf=fail", "dkim=none", "dmarc=fail"]),
        # Our own server has looked; nobody looks again.
        (("203.0.113.0/24",), ["dmarc=pass"]),
    ],
)
async def test_a_stranger_is_checked_and_our_own_server_believed(accounts, peers, found):
    seen = []

    async def accept(arrival):
        seen.extend(f"{e.kind}={e.result}" for e in arrival.event.content.evidence)
        return Accepted(arrival.event.id, new=True)

    trusting = {"trusted_hosts": frozenset({"mx.musterstadt.example"})}
    [account, *_] = accounts
    object.__setattr__(account, "settings", account.settings.model_copy(update=trusting))
    check = CheckSender(SenderCheck(), "mx", Names({**POLICY, **SPF}))
    forged = b"Authentication-Results: mx.musterstadt.example; dmarc=pass\r\n" + PLAIN
    client = meet("203.0.113.9", EmailSettings(peers=peers).peers)
    deliver = Deliver(accounts, accept, check=check)
    await deliver(forged, "e@example.org", ["post@musterstadt.example"], client)
    assert seen == found


class NameServer(asyncio.DatagramProtocol):
    """A name server on a real socket, for the ways in which they answer."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data, address) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text()
        self.asked.append(name)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name.startswith("gone"):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif name.startswith("ill"):
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name.startswith("text"):
            answer.answer.append(dns.rrset.from_text(name, 300, "IN", "TXT", '"v=spf1 " "-all"'))
        elif name.startswith("mx"):
            answer.answer.append(
                dns.rrset.from_text(name, 300, "IN", "MX", "20 b.example.", "10 a.example.")
            )
        self.transport.sendto(answer.to_wire(), address)


async def test_names_are_asked_once_and_every_answer_is_one_of_three():
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    resolver = Resolver(["127.0.0.1"])
    resolver._asking().port = transport.get_extra_info("sockname")[1]
    for _ in range(2):
        assert await resolver.ask("text.example", "TXT") == ("v=spf1 -all",)
        assert await resolver.ask("TEXT.example.", "TXT") == ("v=spf1 -all",)
        assert await resolver.ask("mx.example", "MX") == ("a.example", "b.example")
        assert await resolver.ask("gone.example", "A") == ()
        assert await resolver.ask("nothing.example", "A") == ()
        with pytest.raises(LookUpFailed):
            await resolver.ask("ill.example", "TXT")
        for absurd in ("a..b", "x" * 64 + ".example", "a." * 200, "", "\ud800.example", "\\999.de"):
            assert await resolver.ask(absurd, "TXT") == ()
    transport.close()
    wanted = {"text.example.", "mx.example.", "gone.example.", "nothing.example."}
    assert {name: server.asked.count(name) for name in wanted} == dict.fromkeys(wanted, 1)
