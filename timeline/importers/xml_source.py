"""Foreign XML, read without entities or a network, each element with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree

from timeline.errors import Refused

Element = Any


def read_xml(path: Path, name: str) -> Element:
    """The root of a file. Raises `Refused` that names the line where it is malformed."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        return etree.parse(str(path), parser).getroot()
    except etree.XMLSyntaxError as fault:
        raise Refused("XML_INVALID", f"{name}:{fault.lineno}: no well-formed XML: {fault.msg}", (name,)) from None


def text_of(element: Element, path: str) -> str:
    """The text below a path with its white space mended; '' when there is none."""
    found = element.find(path)
    return "" if found is None else " ".join("".join(found.itertext()).split())
