"""The Python client of a gateway."""

from roadworthy.client.answer import Answer, GatewayUnreachable
from roadworthy.client.asynchronous import AsyncClient
from roadworthy.client.synchronous import Client

__all__ = ["Answer", "AsyncClient", "Client", "GatewayUnreachable"]
