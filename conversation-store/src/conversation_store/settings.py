"""Every setting of the conversation store."""

from pydantic import Field

from hub_kit.about import About
from hub_kit.listen import Listen, ListenAddress
from hub_kit.settings import Section

SERVICE = "conversation_store"


class StoreSettings(Section):
    http: ListenAddress = Field(
        default=Listen("127.0.0.1", 8010), description="host:port of the HTTP interface"
    )
    reply_days: int = Field(
        default=400, ge=1, le=3650, description="how long a reply address leads into its thread"
    )
    wishes_a_day: int = Field(
        default=10, ge=0, le=1000, description="answers by rule (HILFE, STATUS) to one number a day"
    )


ABOUT = About(SERVICE, StoreSettings, lambda loaded: loaded.section(SERVICE, StoreSettings))
