"""Further annotators on a real Label Studio, who come in as people do: by an invitation."""

import httpx

from lsal.label_studio.server import Server


def add_annotator(server: Server, email: str, password: str = "a-long-password") -> str:
    """Sign `email` up on `server`; the key (a legacy token) of the new user."""
    owner = {"Authorization": f"Token {server.key}", "Connection": "close"}
    invitation = httpx.get(f"{server.url}/api/invite", headers=owner, timeout=60).raise_for_status()
    link = invitation.json()["invite_url"]
    with httpx.Client(base_url=server.url, timeout=60, follow_redirects=True) as person:
        person.get(link).raise_for_status()
        form = {"email": email, "password": password, "csrfmiddlewaretoken": person.cookies["csrftoken"]}
        person.post(link, data=form).raise_for_status()
        token = person.get("/api/current-user/token").raise_for_status()
    return str(token.json()["token"])
