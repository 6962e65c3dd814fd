"""Draws references for new conversations that nobody has yet."""

from hub_contract.references import make_reference
from hub_kit.database import Connection


async def draw_references(connection: Connection, tenant: str, count: int) -> list[str]:
    """Return that many references nobody has; among millions given out, a draw may hit one."""
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        fresh = [make_reference() for _ in range(count - len(drawn))]
        sql = "select digits from reference where tenant = $1 and digits = any($2::text[])"
        taken = {row["digits"] for row in await connection.fetch(sql, tenant, fresh)}
        drawn.update(dict.fromkeys(digits for digits in fresh if digits not in taken))
    return list(drawn)
