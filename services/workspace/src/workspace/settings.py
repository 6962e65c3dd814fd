"""Every setting of the agent's desk, and where it asks how the other services are."""

from pydantic import BaseModel, Field

from hub_kit.about import About, names
from hub_kit.listen import Listen, ListenAddress
from hub_kit.settings import ConfigurationError, Loaded, Section

SERVICE = "workspace"
# Whoever reads the operators' page came by these two, so they are there.
_WAY_HERE = {"gateway", SERVICE}


class WorkspaceSettings(Section):
    http: ListenAddress = Field(
        default=Listen("127.0.0.1", 8013), description="host:port of the HTTP interface"
    )
    store: str = Field(
        default="http://127.0.0.1:8010", description="where the conversation store answers"
    )
    operations: dict[str, str] = Field(
        default={},
        description="name -> address of a service whose state operators see, where its own"
        " section does not say it",
    )
    undo_seconds: float = Field(
        default=10, ge=0, le=120, description="how long an answer can be taken back"
    )
    draft_days: int = Field(
        default=90, ge=1, description="that a draft stays which nobody goes on with"
    )
    streams: int = Field(default=2000, ge=1, description="open desks that hear at once")
    streams_each: int = Field(default=20, ge=1, description="of them for one person")


class _Door(BaseModel):
    """The one key of another service's section that is looked at."""

    http: ListenAddress | None = None


def read(loaded: Loaded) -> WorkspaceSettings:
    """Return the settings, with the addresses of all services whose state operators see."""
    settings = loaded.section(SERVICE, WorkspaceSettings)
    named = [name for name in names() if name in loaded.hub.services and name not in _WAY_HERE]
    relay = ["relay"] if loaded.hub.bus.startswith("kafka://") else []
    shown = {
        name: settings.operations.get(name) or _own_address(loaded, name)
        for name in (*named, *relay)
    }
    return settings.model_copy(update={"operations": shown})


def _own_address(loaded: Loaded, name: str) -> str:
    """Return where a service listens as its own section says it."""
    http = loaded.section(name, _Door).http
    if http is None:
        raise ConfigurationError(
            f"{loaded.path}: services.{name}.http: not written, so operators would not see it;"
            f" add it, or services.{SERVICE}.operations.{name}"
        )
    return http.url


ABOUT = About(SERVICE, WorkspaceSettings, read)
