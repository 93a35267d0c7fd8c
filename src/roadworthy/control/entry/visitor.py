"""Who the request under way is from: set once by the door, read by routes and templates."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Literal, TypeAlias

from roadworthy.access import Session
from roadworthy.core.errors import Forbidden, LoginRequired
from roadworthy.registry import Actor

__all__ = ["Recognised", "Visitor", "acting", "form_token", "owner", "visiting", "visitor"]

Recognised: TypeAlias = Literal["token", "key", "session", "open", "not"]
"""By the local owner's token, a key, a session's cookie; because no keys are needed; not at all."""


class Visitor:
    """Whoever sent a request.

    ``half`` is the random text that a browser without a session keeps in a cookie, and that its
    forms' token is bound to; empty: there is a session, or no browser.
    """

    __slots__ = ("_form_token", "actor", "form_token_used", "half", "how", "session")

    def __init__(
        self,
        actor: Actor | None,
        how: Recognised,
        *,
        form_token: str = "",
        session: Session | None = None,
        half: str = "",
    ) -> None:
        self.actor = actor
        self.how = how
        self.session = session
        self.half = half
        self.form_token_used = False
        """Whether a page was given the token, so that the browser must remember its other half."""
        self._form_token = form_token

    @property
    def form_token(self) -> str:
        self.form_token_used = True
        return self._form_token

    @property
    def may_write(self) -> bool:
        return self.actor is not None and self.actor.role == "owner"

    def refusal(self) -> Forbidden:
        """Why they may not write."""
        if self.how == "open":
            return Forbidden(
                "You come through a proxy, and no key was ever made here: then only who works on"
                " the machine itself may change something. Make a key there:"
                " roadworthy keys create --name NAME --role owner."
            )
        name = self.actor.name if self.actor is not None else ""
        return Forbidden(
            f"The key {name!r} is a viewer's: it may look and change nothing. Use an owner's key,"
            " or ask an owner."
        )


visiting: ContextVar[Visitor | None] = ContextVar("visiting", default=None)
"""Of the request under way. Threads that run a route see what its request was given."""


def visitor() -> Visitor | None:
    """Whoever sent the request under way; None outside of one."""
    return visiting.get()


def acting() -> Actor:
    """Who acts, with the role that they have here, whatever the request says.

    Raises:
        LoginRequired: nobody is known.
    """
    here = visiting.get()
    if here is None or here.actor is None:
        raise LoginRequired
    return here.actor


def owner() -> Actor:
    """Who acts, if it is an owner.

    Raises:
        LoginRequired: nobody is known.
        Forbidden: it is a viewer.
    """
    actor, here = acting(), visiting.get()
    if here is not None and not here.may_write:
        raise here.refusal()
    return actor


def form_token() -> str:
    """What every form of a page must bear, in a hidden field named ``csrf``."""
    here = visiting.get()
    return here.form_token if here is not None else ""
