"""The gateway before a real Keycloak: the realm that ships, its log-in form, both ways of log-out."""

import asyncio
import html
import re
from contextlib import asynccontextmanager
from functools import partial

import httpx
import pytest

from gateway.lack import read_lack
from hub_kit.testing import eventually
from local_hub.realm import administer, make_realm

pytestmark = pytest.mark.real("keycloak")


class OnThisMachine(httpx.AsyncHTTPTransport):
    """Keeps Keycloak's cookies, as browsers do: this machine is as good to them as https."""

    async def handle_async_request(self, request):
        answer = await super().handle_async_request(request)
        answer.headers = httpx.Headers(
            [
                (name, value.replace("Secure;", "") if name == "set-cookie" else value)
                for name, value in answer.headers.multi_items()
            ]
        )
        return answer


@pytest.fixture
def open_before(open_gate, keycloak, people, tmp_path):
    """Run a gateway before this Keycloak, and a realm for it; `change` is made to the realm."""

    @asynccontextmanager
    async def run(change=None):
        oidc = keycloak.oidc(tmp_path / "faden.secret")
        async with open_gate(oidc=oidc) as gate:
            await asyncio.to_thread(make_realm, keycloak, people, f"http://{gate.address}")
            try:
                if change:
                    await administered(keycloak, change)
                yield gate
            finally:
                await administered(keycloak, lambda admin: admin.delete("/admin/realms/amt"))

    return run


async def administered(keycloak, act):
    """Act as Keycloak's administrator, in a thread: it calls the gateway before it answers."""

    def run():
        with administer(keycloak) as admin:
            return act(admin).raise_for_status()

    return await asyncio.to_thread(run)


async def log_in(gate, browser, password, who="anna"):
    """Walk from the desk through Keycloak's form and back; return the last answer."""
    asked = await browser.get("/login", params={"to": "/desk/"})
    form = await browser.get(asked.headers["location"])
    assert form.status_code == 200, form.text
    action = html.unescape(re.search(r'<form[^>]+action="([^"]+)"', form.text)[1])
    back = await browser.post(action, data={"username": who, "password": password})
    assert back.status_code == 302, back.text
    return await browser.get(back.headers["location"])


async def is_in(browser):
    return (await browser.get("/desk/")).status_code == 200


async def sessions_of(keycloak, who):
    found = await administered(keycloak, lambda a: a.get(f"/admin/realms/amt/users?username={who}"))
    (user,) = found.json()
    path = f"/admin/realms/amt/users/{user['id']}/sessions"
    return (await administered(keycloak, lambda admin: admin.get(path))).json()


async def test_log_in_log_out_and_both_ways_of_it(open_before, keycloak, title):
    async with open_before() as gate, browsing(gate) as one, browsing(gate) as two:
        back = await log_in(gate, one, keycloak.password)
        assert (back.status_code, back.headers["location"]) == (303, "/desk/"), back.text
        assert await is_in(one)
        caller = gate.caller("workspace")
        assert (caller.tenant, caller.role) == ("musterstadt", "agent")
        assert ["x-faden-name", "Anna%20%C3%84mter"] in (await one.get("/desk/")).json()["headers"]
        await log_in(gate, two, keycloak.password)
        assert len(await sessions_of(keycloak, "anna")) == 2

        # Here first: the session at Keycloak ends, too, and nobody is asked once more.
        page = await one.post("/logout")
        fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', page.text)
        action = html.unescape(re.search(r'action="([^"]+)"', page.text)[1])
        left = await one.post(action, data=dict(fields))
        assert left.headers["location"].startswith(f"http://{gate.address}/logout/done?state=")
        done = await one.get(left.headers["location"])
        assert "Auch beim Anmeldedienst sind Sie abgemeldet." in done.text
        (other,) = await sessions_of(keycloak, "anna")
        assert [await is_in(one), await is_in(two)] == [False, True]

        # There first: an administrator ends a session, and it ends here; the next one goes on.
        await log_in(gate, one, keycloak.password)
        end = f"/admin/realms/amt/sessions/{other['id']}"
        await administered(keycloak, lambda admin: admin.delete(end))
        await eventually(partial(is_out, two))
        assert await is_in(one)


async def is_out(browser):
    return not await is_in(browser)


def browsing(gate):
    return gate.browser(transport=OnThisMachine())


async def test_with_keycloaks_own_mappers_operators_read_which_claim_is_lacking(
    open_before, keycloak, title
):
    """Its roles are in the access token alone, which is not ours to read (RFC 9068 §6)."""

    def take_mappers_away(admin):
        (client,) = admin.get("/admin/realms/amt/clients?clientId=faden").json()
        mappers = f"/admin/realms/amt/clients/{client['id']}/protocol-mappers/models"
        (ours,) = client["protocolMappers"]
        return admin.delete(f"{mappers}/{ours['id']}")

    async with open_before(take_mappers_away) as gate, browsing(gate) as browser:
        back = await log_in(gate, browser, keycloak.password)
        assert (back.status_code, title(back)) == (403, "Sie haben hier noch keine Rolle")
        async with gate.ground.pool.acquire() as connection:
            said = await read_lack(connection, "faden")
        assert " UTC the claim faden did not come; what came: acr, at_hash, aud, auth_time" in said
        assert ", sid, sub" in said
        assert "anna" not in said.lower()
