"""Every setting of the agent's desk."""

from pydantic import Field, field_validator

from hub_kit.settings import Section

SERVICE = "workspace"


class WorkspaceSettings(Section):
    http: str = Field(default="127.0.0.1:8013", description="host:port of the HTTP interface")
    store: str = Field(
        default="http://127.0.0.1:8010", description="where the conversation store answers"
    )
    operations: dict[str, str] = Field(
        default={}, description="name -> address of every service whose state operators see"
    )
    undo_seconds: float = Field(
        default=10, ge=0, le=120, description="how long an answer can be taken back"
    )

    @field_validator("http")
    @classmethod
    def has_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError("write host:port, for example 127.0.0.1:8013 or [::1]:8013")
        return value

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.http.rpartition(":")
        return host.strip("[]"), int(port)
