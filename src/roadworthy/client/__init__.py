"""The Python client of a gateway."""

from roadworthy.client.answer import Answer, GatewayUnreachable
from roadworthy.client.asynchronous import AsyncClient
from roadworthy.client.conversation import AsyncConversation
from roadworthy.client.partial import Partial
from roadworthy.client.stream import AnswerStream
from roadworthy.client.synchronous import Client, Conversation, ReadStream

__all__ = [
    "Answer",
    "AnswerStream",
    "AsyncClient",
    "AsyncConversation",
    "Client",
    "Conversation",
    "GatewayUnreachable",
    "Partial",
    "ReadStream",
]
