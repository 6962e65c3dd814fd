"""One thing that is wrong with a face, as it is told to who brings it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """`field` is a key of face.yaml, or the line of another file; empty: the whole file."""

    file: str
    field: str
    fault: str
    remedy: str

    @property
    def place(self) -> str:
        return f"{self.file}: {self.field}" if self.field else self.file

    def __str__(self) -> str:
        return f"{self.place}: {self.fault}; {self.remedy}".replace("\n", " ")
