"""YAML read as strings only, with the line and column of everything: `NO` is Norway and 2025-07-11 a text."""

from __future__ import annotations

from typing import Any

import yaml

from timeline.errors import Invalid, Path, Several

MAX_DEPTH = 20


class SeedFault(Invalid):
    """Something wrong in a seed file: where, in which field, and what would be right."""

    def __init__(self, code: str, message: str, path: Path, *, file: str, line: int, column: int) -> None:
        super().__init__(code, message, path)
        self.file, self.line, self.column = file, line, column

    def __str__(self) -> str:
        field = ".".join(map(str, self.path))
        return f"{self.file}:{self.line}:{self.column}: {field + ': ' if field else ''}{self.message}"


class Source:
    """Plain data of one file, and where each part of it stands."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.places: dict[Path, tuple[int, int]] = {(): (1, 1)}
        self.faults: list[SeedFault] = []
        self.data: Any = self._read(text)
        if self.faults:
            raise Several(self.faults)

    def fault(self, code: str, message: str, path: Path) -> SeedFault:
        """A fault at the nearest place that is written in the file."""
        written = path
        while written not in self.places:
            written = written[:-1]
        line, column = self.places[written]
        return SeedFault(code, message, path, file=self.file, line=line, column=column)

    def _read(self, text: str) -> Any:
        try:
            root = yaml.compose(text, Loader=yaml.CBaseLoader)
        except yaml.MarkedYAMLError as broken:
            mark = broken.problem_mark
            self.places[()] = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self.faults.append(self.fault("YAML_INVALID", f"this is no YAML: {broken.problem}", ()))
            return None
        except (yaml.YAMLError, ValueError, RecursionError) as broken:
            self.faults.append(self.fault("YAML_INVALID", f"this is no YAML text: {str(broken).splitlines()[0]}", ()))
            return None
        return {} if root is None else self._plain(root, (), set())

    def _plain(self, node: yaml.Node, path: Path, above: set[int]) -> Any:
        self.places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        if id(node) in above or len(path) > MAX_DEPTH:
            self.faults.append(self.fault("YAML_TOO_DEEP", f"nested more than {MAX_DEPTH} levels, or in itself", path))
            return None
        if isinstance(node, yaml.ScalarNode):
            return node.value
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, (*path, at), above | {id(node)}) for at, item in enumerate(node.value)]
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.faults.append(self.fault("YAML_KEY", "a key must be a word", path))
                continue
            at = (*path, key.value)
            if key.value in found:
                first = self.places[at][0]
                self.places[at] = (key.start_mark.line + 1, key.start_mark.column + 1)
                message = f"{key.value!r} stands here again, first in line {first}; keep one of them"
                self.faults.append(self.fault("DUPLICATE_KEY", message, at))
                continue
            self.places[at] = (key.start_mark.line + 1, key.start_mark.column + 1)
            found[key.value] = self._plain(value, at, above | {id(node)})
        return found
