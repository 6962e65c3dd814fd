"""Split a reply into its own words, what it quotes, and its signature, for the timeline."""

from hub_contract.words import Body


def split_reply(text: str) -> Body:
    return Body(text=text.strip("\n"))
