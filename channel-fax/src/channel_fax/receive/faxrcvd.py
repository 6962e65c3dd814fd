"""Hands a fax that HylaFAX has received over to the service."""


def main() -> None:
    raise SystemExit(1)
