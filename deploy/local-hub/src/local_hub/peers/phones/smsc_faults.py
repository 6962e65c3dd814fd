"""What goes wrong at the pretend SMSC, on demand."""

from pydantic import BaseModel


class SmscFaults(BaseModel):
    """What goes wrong until it is told otherwise."""

    status: int = 0  # this command_status to so many submit_sm, and nothing is taken
    times: int = 1
    skip: int = 0  # submit_sm that are taken before that
    lose: int = 0  # so many submit_sm are taken, and the line is cut before the answer
    early: bool = False  # the receipt comes before the answer
    decimal: bool = False  # receipts write the id in decimal, answers in hex
    stat: str = ""  # the word of receipts, in place of the true one
    echo: bool = True  # receipts give user_message_reference back
    query: bool = True  # query_sm is served
    receipts: bool = True  # there are any
    silent: bool = False  # no request is answered
    disorder: bool = False  # the last part comes first
    repeat: int = 1  # everything is delivered so often

    def refuses(self) -> bool:
        """Count one submit_sm; say whether it is refused."""
        if not self.status or self.times <= 0:
            return False
        self.skip -= 1
        self.times -= self.skip < 0
        return self.skip < 0

    def loses(self) -> bool:
        self.lose -= 1
        return self.lose >= 0
