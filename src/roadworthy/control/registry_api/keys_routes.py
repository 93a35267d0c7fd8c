"""Keys for others: made, listed and revoked by owners."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response

import roadworthy.control.registry_api.registry_examples as examples
from roadworthy.access import Role
from roadworthy.access.keys import Key, KeyStore
from roadworthy.control.answers import answers, json_answer, takes
from roadworthy.control.bodies import json_body
from roadworthy.control.context import control_of
from roadworthy.control.entry.visitor import owner
from roadworthy.core.errors import NotFound

__all__ = ["KeyList", "KeyWish", "keys_of", "router"]

router = APIRouter()

MAX_BYTES: Final = 10_000


class KeyWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key that should be made."""

    name: str
    """Whose it is, or what for; no two good keys have one name."""
    role: Role = "viewer"


class KeyList(msgspec.Struct, frozen=True, kw_only=True):
    """Keys, the newest first, revoked ones included."""

    keys: list[Key]


WishBody = Annotated[KeyWish, Depends(json_body(KeyWish, most_bytes=MAX_BYTES))]


@router.get(
    "/api/keys",
    responses=answers("KeyList", example=examples.KEYS),
    operation_id="list_keys",
)
def listed(request: Request) -> Response:
    """All keys, without their secrets. Takes an owner."""
    owner()
    return json_answer(KeyList(keys=keys_of(request).listed()))


@router.post(
    "/api/keys",
    status_code=201,
    responses=answers("NewKey", status=201, example=examples.NEW_KEY),
    openapi_extra=takes("KeyWish", example=examples.KEY_WISH),
    operation_id="create_key",
)
def create(request: Request, wish: WishBody) -> Response:
    """Make a key. The answer is the only place where it ever stands. From the first key on, which
    must be an owner's, nobody is let in without one."""
    owner()
    return json_answer(keys_of(request).create(wish.name, wish.role), 201)


@router.delete(
    "/api/keys/{key_id}",
    responses=answers("Key", example=examples.KEY),
    operation_id="revoke_key",
)
def revoke(request: Request, key_id: str) -> Response:
    """Revoke a key: it, and every session that was begun with it, is worthless from the next
    request on. The last owner's key cannot be revoked."""
    owner()
    return json_answer(keys_of(request).revoke(key_id))


def keys_of(request: Request) -> KeyStore:
    """The keys of this installation.

    Raises:
        NotFound: it keeps none.
    """
    keys = control_of(request).access.keys
    if keys is None:
        raise NotFound("This control plane keeps no keys. Ask the one of `roadworthy serve`.")
    return keys
