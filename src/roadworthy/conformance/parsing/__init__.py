"""Text that is almost JSON, as a tree that still knows how each part was written."""

from roadworthy.conformance.parsing.nodes import Fields, Items, Node, Plain, Text, natural, node_of
from roadworthy.conformance.parsing.parser import parse

__all__ = ["Fields", "Items", "Node", "Plain", "Text", "natural", "node_of", "parse"]
