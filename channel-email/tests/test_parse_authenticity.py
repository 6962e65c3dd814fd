"""Whose word about a sender counts, and for whom: every way to forge it that we know, as tables."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from channel_email.parse import Context, read
from channel_email.receive.deliver import context_of, from_mailbox
from channel_email.settings import Account, EmailAccount, Imap
from hub_contract.words import Evidence

MX = "mx.musterstadt.example"
CONTEXT = Context(
    "musterstadt",
    "post",
    datetime(2026, 11, 27, tzinfo=UTC),
    trusted_hosts=frozenset({MX}),
    domain="musterstadt.example",
)
OURS = f"Authentication-Results: {MX}; "
PASS = OURS + "dmarc=pass header.from=example.org\n"
FROM = "From: Erika <erika@example.org>\n"


def evidence_of(head: str, context: Context = CONTEXT) -> list[str]:
    mail = f"{head}To: post@musterstadt.example\nSubject: Antrag\n\nGuten Tag\n"
    content = read(mail.encode("utf-8", "surrogateescape"), context).event.content
    return [f"{e.kind}={e.result}" for e in content.evidence if e.kind != "reply-to"]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", []),
        (OURS + "spf=pass smtp.mailfrom=x.de; dkim=fail; dmarc=pass header.from=example.org\n",
         ["spf=pass", "dkim=fail", "dmarc=pass"]),
        (OURS + "dmarc=pass\n", ["dmarc=pass"]),
        ("Authentication-Results: MX.Musterstadt.Example 1; spf=SoftFail (x; dkim=pass)\n",
         ["spf=softfail"]),
        ("AUTHENTICATION-RESULTS: mx.musterstadt.example;\n\tDMARC=Pass\n\t header.FROM=Example.ORG\n",
         ["dmarc=pass"]),
        ("Authentication-Results:\n (a (nested) comment) mx.musterstadt.example\n (and) 1 ;\n dmarc =\n  pass (p=none)\n", ["dmarc=pass"]),
        (f'Authentication-Results: "{MX}"; dmarc=pass\n', ["dmarc=pass"]),
        (OURS + "spf=pass\n" + OURS + "dkim=none\n", ["spf=pass", "dkim=none"]),
        (OURS + "dkim=fail header.d=x.de; dkim=pass header.d=example.org\n", ["dkim=pass"]),
        (OURS + "dkim / 1 = pass; dmarc/1=fail\n", ["dkim=pass", "dmarc=fail"]),
        (OURS + "none\n", []),
        (OURS + "dmarc=hurra\n", ["dmarc=none"]),
        (OURS + "dmarc=\n", ["dmarc=none"]),
        (OURS + "dmarc=pass policy.dmarc=none header.from=erika@example.org\n", ["dmarc=pass"]),
        # The name of the policy's domain, as rspamd writes it.
        (OURS + "dmarc=pass header.from=org\n", ["dmarc=fail"]),
    ],
)  # fmt: skip
def test_what_our_own_server_has_found(header: str, found: list[str]) -> None:
    assert evidence_of(header + FROM) == found


def test_a_pass_for_the_domain_above_is_one_for_a_subdomain() -> None:
    assert evidence_of(PASS + "From: erika@amt.example.org\n") == ["dmarc=pass"]


FOREIGN = "Authentication-Results: mx.evil.example; spf=fail\n"


@pytest.mark.parametrize(
    "header",
    [
        # By another host, or by nobody.
        "Authentication-Results: mx.evil.example; dmarc=pass header.from=example.org\n",
        f"Authentication-Results: {MX}.evil.example; dmarc=pass\n",
        f"Authentication-Results: evil.example.{MX}; dmarc=pass\n",
        f"Authentication-Results: x@{MX}; dmarc=pass\n",
        "Authentication-Results: dmarc=pass header.from=example.org\n",
        "Authentication-Results: ; dmarc=pass\n",
        f"Authentication-Results: ({MX}); dmarc=pass\n",
        f"Authentication-Results: mx.evil.example ({MX}); dmarc=pass\n",
        f"Authentication-Results: mx.evil.example {MX}; dmarc=pass\n",
        "Authentication-Results:\n",
        # Of a version that nobody knows.
        f"Authentication-Results: {MX} 2; dmarc=pass\n",
        f"Authentication-Results: {MX} 1 x; dmarc=pass\n",
        OURS + "dmarc/2=pass\n",
        # Below one of somebody else.
        FOREIGN + PASS,
        FOREIGN + "Received: from a by mx.musterstadt.example\n" + PASS,
        # Of another name, that no server strips.
        f"ARC-Authentication-Results: i=1; {MX}; dmarc=pass header.from=example.org\n",
        f"X-Authentication-Results: {MX}; dmarc=pass\n",
        f"Original-Authentication-Results: {MX}; dmarc=pass\n",
        f"Authentication-Results-Original: {MX}; dmarc=pass\n",
        f"Authentication-Results : {MX}; dmarc=pass\n",
        f"Authentication-Results\t: {MX}; dmarc=pass\n",
        # Where a lenient reader still sees a header.
        f"Received: from a by b\n=x\n{PASS}",
        f"X: y\n  \n{PASS}",
        f"no header at all\n{PASS}",
        # Broken beyond a doubt.
        f"Authentication-Results: {MX}; (dmarc=pass\n",
        f'Authentication-Results: {MX}; "dmarc=pass\n',
        f"Authentication-Results: {MX}); dmarc=pass\n",
        f"Authentication-Results: {MX}; dmarc=pass \\\n",
    ],
)
def test_nothing_else_is_believed(header: str) -> None:
    assert evidence_of(header + FROM) == []


@pytest.mark.parametrize(
    ("said", "found"),
    [
        # Words of the sender inside of a true header: the envelope, a comment, a reason.
        ('spf=fail smtp.mailfrom="x; dmarc=pass "@evil.example', ["spf=fail"]),
        ('spf=fail smtp.mailfrom="x\\"; dmarc=pass "@evil.example', ["spf=fail"]),
        ("spf=fail (it says; dmarc=pass) smtp.mailfrom=evil.example", ["spf=fail"]),
        ("spf=fail (a \\); dmarc=pass (b) ) smtp.mailfrom=evil.example", ["spf=fail"]),
        ("spf=fail (it's \"quoted); dmarc=none", ["spf=fail", "dmarc=none"]),
        ("spf=fail smtp.mailfrom=x dmarc=pass", ["spf=fail"]),
        ('spf=fail reason="none; dmarc=pass"', ["spf=fail"]),
        ("x-dmarc=pass; dmarc-x=pass; xdmarc=pass", []),
        # Two that do not agree.
        ("dmarc=pass; dmarc=fail", ["dmarc=fail"]),
        ("dmarc=fail; dmarc=pass", ["dmarc=fail"]),
        ("dmarc=pass header.from=example.org; dmarc=temperror", ["dmarc=temperror"]),
        # A pass for somebody else.
        ("dmarc=pass header.from=evil.example", ["dmarc=fail"]),
        ("dmarc=pass header.from=example.org header.from=evil.example", ["dmarc=fail"]),
        ("dmarc=pass header.from=le.org", ["dmarc=fail"]),
        ("dmarc=pass header.from=amt.example.org", ["dmarc=fail"]),
        ('dmarc=pass header.from="evil.example"', ["dmarc=fail"]),
        ("dmarc=fail header.from=example.org", ["dmarc=fail"]),
    ],
)
def test_a_true_header_says_no_more_than_it_says(said: str, found: list[str]) -> None:
    assert evidence_of(OURS + said + "\n" + FROM) == found


def test_two_headers_of_ours_that_do_not_agree_are_no_pass() -> None:
    assert evidence_of(PASS + OURS + "dmarc=fail\n" + FROM) == ["dmarc=fail"]


@pytest.mark.parametrize(
    ("sender", "result"),
    [
        ("From: erika@example.org\n", "pass"),
        ('From: "Erika Muster" <erika@example.org>\n', "pass"),
        ("From: erika@example.org <erika@example.org>\n", "pass"),
        ("From: Erika @ Home <erika@example.org>\n", "pass"),
        # Several, in one header or two: a server may have checked the other one.
        ("From: erika@example.org, evil@example.org\n", "fail"),
        ("From: erika@example.org\nFrom: evil@example.org\n", "fail"),
        ("From: erika@example.org\nFrom: erika@example.org\n", "fail"),
        ("From: erika@example.org\nfrom : x@evil.example\n", "fail"),
        ("From: known@bank.example, x@example.org\n", "fail"),
        ("From: <known@bank.example> <x@example.org>\n", "fail"),
        ("From: known@bank.example\n", "fail"),
        # A name that is an address, but not this one.
        ('From: "known@bank.example" <x@example.org>\n', "fail"),
        ("From: known@bank.example <x@example.org>\n", "fail"),
        ("From: =?utf-8?q?known=40bank=2Eexample?= <x@example.org>\n", "fail"),
        ("From: =?utf-8?b?a25vd27vvKBiYW5rLmV4YW1wbGU=?= <x@example.org>\n", "fail"),  # ＠
        ("From: x@example.org (known@bank.example)\n", "fail"),
        # Nobody.
        ("", "none"),
        ("From: Erika\n", "none"),
        ("Sender: erika@example.org\n", "none"),
    ],
)
def test_a_pass_counts_for_the_one_sender_that_people_see(sender: str, result: str) -> None:
    assert evidence_of(PASS + sender) == [f"dmarc={result}"]


@pytest.mark.parametrize(
    "sender",
    ["From: <x@evil.example> erika@example.org\n", "From: Erika @home <erika@example.org>\n"],
)
def test_where_it_is_not_said_for_whom_nothing_may_be_unclear(sender: str) -> None:
    assert evidence_of(OURS + "dmarc=pass\n" + sender) != ["dmarc=pass"]


def test_without_a_trusted_host_nothing_is_believed() -> None:
    assert evidence_of(PASS + FROM, replace(CONTEXT, trusted_hosts=frozenset())) == []


def test_the_header_of_a_mail_in_the_mail_says_nothing() -> None:
    inner = f"Content-Type: message/rfc822\n\n{PASS}{FROM}\nGuten Tag\n"
    mail = (
        f"{FROM}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n{inner}--b--\n"
    )
    for raw in (mail, f"{FROM}{inner}"):
        assert read(raw.encode(), CONTEXT).event.content.evidence == ()


MAILBOX = replace(CONTEXT, received_by=frozenset({"mx.provider.example"}))
BORDER = (
    "Received: from x (helo [by mx.evil.example]) by MX.provider.example (Postfix) with ESMTP\n"
)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (PASS + BORDER, ["dmarc=pass"]),
        (f"Received: from mx.provider.example by store.provider.example\n{PASS}{BORDER}", ["dmarc=pass"]),
        (PASS + BORDER + OURS + "spf=pass\n", ["dmarc=pass"]),
        (BORDER + PASS, []),
        (PASS, []),  # no border, so all of it may have come from outside
        (f"Received: from x by mx.evil.example\n{BORDER}{PASS}{BORDER}", []),
        (f"Received: from by.example (by mx.provider.example) by inner.example\n{PASS}", []),
        (f"X: {BORDER}{PASS}", []),
    ],
)  # fmt: skip
def test_in_a_mailbox_only_what_stands_above_the_border_is_believed(
    head: str, found: list[str]
) -> None:
    assert evidence_of(head + FROM, MAILBOX) == found


def test_what_we_found_ourselves_goes_before_every_header() -> None:
    ours = (Evidence(kind="spf", result="pass"), Evidence(kind="dmarc", result="fail"))
    context = replace(CONTEXT, checked=ours)
    assert evidence_of(PASS + FROM, context) == ["spf=pass", "dmarc=fail"]


def test_our_own_pass_counts_for_one_sender_too() -> None:
    context = replace(CONTEXT, checked=(Evidence(kind="dmarc", result="pass", by="us"),))
    assert evidence_of(FROM, context) == ["dmarc=pass"]
    assert evidence_of("From: a@example.org, b@example.org\n", context) == ["dmarc=fail"]


@pytest.mark.parametrize("filler", ["(", '"', "a=", "\\", "x ", "()", "; x=", "(a) ", "\t"])
def test_a_header_of_any_length_forges_nothing(filler: str) -> None:
    """It is cut before it is read, so how long it takes does not grow with its length."""
    said = evidence_of(OURS + "spf=fail " + filler * 200_000 + "; dmarc=pass\n" + FROM)
    assert said in ([], ["spf=fail"])


@pytest.mark.parametrize(
    ("border", "head", "found"),
    [
        ((), PASS + BORDER, []),  # not said where the provider ends and the world begins
        (("MX.Provider.example",), PASS + BORDER, ["dmarc=pass"]),
        (("mx.provider.example",), BORDER + PASS, []),
        (("mx.provider.example",), PASS, []),
        (("mx.other.example",), PASS + BORDER, []),
    ],
)
def test_a_fetched_mail_is_believed_above_its_provider_alone(border, head, found):
    imap = Imap(host="h", user="u", password_env="P", received_by=frozenset(border))
    settings = EmailAccount(address="post@m.de", trusted_hosts=frozenset({MX}), imap=imap)
    account = Account("musterstadt", "post", "", settings)
    context = from_mailbox(context_of(account, CONTEXT.received_at), account)
    assert evidence_of(head + FROM, context) == found
