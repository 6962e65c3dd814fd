"""Every setting of the conversation store."""

from pydantic import Field, field_validator

from hub_kit.settings import Section

SERVICE = "conversation_store"


class StoreSettings(Section):
    http: str = Field(default="127.0.0.1:8010", description="host:port of the HTTP interface")
    reply_days: int = Field(
        default=400, ge=1, le=3650, description="how long a reply address leads into its thread"
    )

    @field_validator("http")
    @classmethod
    def has_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError("write host:port, for example 127.0.0.1:8010 or [::1]:8010")
        return value

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.http.rpartition(":")
        return host.strip("[]"), int(port)
