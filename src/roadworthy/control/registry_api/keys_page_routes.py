"""The page of keys, for owners. As in the API, routes run in threads and may block."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from roadworthy.access import Role
from roadworthy.access.keys import NewKey
from roadworthy.control.bodies import form_of
from roadworthy.control.context import control_of
from roadworthy.control.entry.visitor import owner
from roadworthy.control.registry_api.keys_routes import keys_of
from roadworthy.core.errors import InvalidRequest

__all__ = ["router"]

router = APIRouter(include_in_schema=False, default_response_class=Response)


@router.get("/keys")
def show_keys(request: Request) -> Response:
    owner()
    return _page(request)


@router.post("/keys")
def make_key(request: Request) -> Response:
    """Answers with the key itself, and not with a redirect: it must stand in no address, and in
    nothing that is kept to be shown later."""
    owner()
    form = form_of(request)
    name, given = form.get("name", ""), form.get("role", "")
    try:
        role = msgspec.convert(given, Role)
        made = keys_of(request).create(name, role)
    except msgspec.ValidationError:
        return _page(request, problem="Choose a role: viewer or owner.", name=name)
    except InvalidRequest as error:
        return _page(request, problem=error.message, name=name, role=given)
    return _page(request, made=made)


@router.post("/keys/{key_id}/revoke")
def revoke_key(request: Request, key_id: str) -> Response:
    owner()
    keys_of(request).revoke(key_id)
    return RedirectResponse("/keys", 303, {"cache-control": "no-store"})


def _page(
    request: Request,
    *,
    made: NewKey | None = None,
    problem: str = "",
    name: str = "",
    role: str = "",
) -> Response:
    control, keys = control_of(request), keys_of(request)
    listed = keys.listed()
    owners = [key for key in listed if key.role == "owner" and key.revoked_us is None]
    status: dict[str, Any] = {"status": 422} if problem else {}
    return control.page(
        "keys.html",
        here="keys",
        health=control.health(),
        keys=listed,
        last_owner=owners[0].id if len(owners) == 1 else "",
        required=keys.required,
        made=made,
        problem=problem,
        name=name,
        role=role or ("viewer" if listed else "owner"),
        **status,
    )
