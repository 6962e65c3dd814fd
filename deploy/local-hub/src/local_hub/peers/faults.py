"""What goes wrong at a pretend provider until it is told otherwise: each has such a day."""

from pydantic import BaseModel


class Faults(BaseModel):
    answer: int = 0  # this status to so many requests of the hub, and nothing is taken
    retry_after: int = 0  # seconds, said beside it
    times: int = 1
    lose: int = 0  # so many messages are taken, and the answer says 500
    repeat: int = 1  # every hook so often
    disorder: bool = False  # the last word comes first

    def takes(self) -> bool:
        """Count one request; say whether it is served."""
        if self.answer and self.times > 0:
            self.times -= 1
            return False
        return True

    def loses(self) -> bool:
        self.lose -= 1
        return self.lose >= 0
