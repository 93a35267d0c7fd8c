"""The Python client of a gateway."""

from roadworthy.client.answer import Answer, GatewayUnreachable
from roadworthy.client.asynchronous import AsyncClient
from roadworthy.client.partial import Partial
from roadworthy.client.stream import AnswerStream
from roadworthy.client.synchronous import Client, ReadStream

__all__ = [
    "Answer",
    "AnswerStream",
    "AsyncClient",
    "Client",
    "GatewayUnreachable",
    "Partial",
    "ReadStream",
]
