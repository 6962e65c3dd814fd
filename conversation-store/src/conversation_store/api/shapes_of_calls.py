"""What the HTTP interface takes and gives of calls and call-backs."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from conversation_store.advance import Result, State
from conversation_store.api.shapes import Asked, ConversationSummary, Person
from hub_contract.channels import LONGEST_TEXT
from hub_contract.words import CallbackDay, CallbackPart, CallStatus, Channel


class CallShown(BaseModel):
    id: UUID
    channel: Channel
    account: str
    status: CallStatus
    since: AwareDatetime
    caller: Person | None = Field(description="null: the number is withheld")
    conversation: ConversationSummary | None = Field(
        description="that it is probably about; null: nobody here is known by this number"
    )
    verified: bool = Field(
        description="false: the caller keyed in its reference, and is not confirmed there"
    )


class CallsShown(BaseModel):
    calls: list[CallShown]


class ConcernAsked(Asked):
    text: str = Field(max_length=LONGEST_TEXT)
    conversation_id: UUID | None = Field(default=None, description="null: a new one")


class CallNoteAsked(Asked):
    concerns: list[ConcernAsked] = Field(min_length=1, max_length=20)


class NotedShown(BaseModel):
    conversation_id: UUID
    entry_id: UUID
    new: bool = Field(description="false: it stood already, under the same Idempotency-Key")


class CallNoted(BaseModel):
    notes: list[NotedShown] = Field(description="in the order of the concerns")


class CallbackAsked(Asked):
    day: CallbackDay = CallbackDay.NONE
    part: CallbackPart = CallbackPart.ANY


class OwnerAsked(Asked):
    owner: Annotated[str, Field(min_length=1, max_length=200)] | None


class RingAsked(Asked):
    telephone: Annotated[str, Field(min_length=1, max_length=60)] = Field(
        description="the agent's own, with its area code: it rings first"
    )


class ResultAsked(Asked):
    result: Result
    attempts: int = Field(ge=0, le=2**31 - 1)


class CallbackStand(BaseModel):
    conversation_id: UUID
    state: State
    attempts: int
    other_way: bool = Field(description="calling has not helped: write instead")
