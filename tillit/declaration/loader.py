"""Read a declaration file with the line of every key, so that each refusal names `file:line` (A2).

A file may start with `extends: other.yaml` (same folder): mappings are merged key by key, and lists whose items have a
`key` or `name` are merged by it (`remove: true` drops an item), so that three unions share a base and state their
differences only.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from tillit.declaration.errors import DeclarationRefusedError, Problem
from tillit.declaration.schema import Declaration

Step = str | int
Mark = tuple[str, int]


@dataclass
class Source:
    """A parsed file: plain data, and for each path its (file, line). texts: file name → text, the file itself first."""

    data: Any
    marks: dict[tuple[Step, ...], Mark] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def mark(self, path: tuple[Step, ...]) -> Mark:
        """The (file, line) of `path` or of its nearest parent that has one."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, ("?", 0))


_SCALARS = yaml.SafeLoader  # no objects; dates stay dates

LARGEST = 4 * 1024 * 1024
MOST_VALUES = 100_000
DEEPEST = 40


def _plain(
    node: yaml.Node,
    file: str,
    path: tuple[Step, ...],
    marks: dict[tuple[Step, ...], Mark],
    scalars: yaml.SafeLoader,
) -> Any:
    line = node.start_mark.line + 1
    if len(marks) >= MOST_VALUES or len(path) > DEEPEST:  # aliases can make a small file endless
        raise DeclarationRefusedError(
            [Problem(file, line, "too-large", "more values or levels than a declaration has")]
        )
    marks[path] = (file, line)
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in result:
                raise DeclarationRefusedError([Problem(file, line, "duplicate-key", f"the key '{key}' stands twice")])
            result[key] = _plain(value_node, file, (*path, key), marks, scalars)
            marks[(*path, key)] = (file, line)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, file, (*path, index), marks, scalars) for index, item in enumerate(node.value)]
    try:
        return scalars.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError, OverflowError):
        raise DeclarationRefusedError(
            [Problem(file, line, "unreadable-value", f"'{str(node.value)[:60]}' cannot be read")]
        ) from None


def _bounded(text: str, file: str) -> None:
    """Refuse a text with too many levels before nodes are made of it: that recurses in C, to the end of the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else 0
            raise DeclarationRefusedError([Problem(file, line, "too-large", "more levels than a declaration has")])


def _parse(path: Path) -> Source:
    name = str(path)
    try:
        if path.stat().st_size > LARGEST:
            raise DeclarationRefusedError([Problem(name, 0, "too-large", f"more than {LARGEST} bytes")])
        text = path.read_text(encoding="utf-8")
        _bounded(text, name)
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except FileNotFoundError:
        raise DeclarationRefusedError([Problem(name, 0, "no-file", "there is no such file")]) from None
    except OSError:
        raise DeclarationRefusedError([Problem(name, 0, "no-file", "the file cannot be read")]) from None
    except UnicodeDecodeError as error:
        raise DeclarationRefusedError([Problem(name, 0, "encoding", f"not UTF-8 at byte {error.start}")]) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise DeclarationRefusedError([Problem(name, line, "yaml", str(error.problem))]) from None
    except yaml.YAMLError:
        raise DeclarationRefusedError(
            [Problem(name, 0, "yaml", "the file has characters YAML does not allow")]
        ) from None
    if root is None:
        raise DeclarationRefusedError([Problem(name, 1, "empty", "the file is empty")])
    marks: dict[tuple[Step, ...], Mark] = {}
    return Source(_plain(root, name, (), marks, _SCALARS("")), marks, {path.name: text})


def _identity(item: Any) -> str | None:
    if isinstance(item, dict):
        value = item.get("key") or item.get("name")
        return None if value is None else str(value)
    return None


def _merge(
    base: Source,
    own: Source,
    base_path: tuple[Step, ...],
    own_path: tuple[Step, ...],
    out: Source,
    path: tuple[Step, ...],
    low: Any,
    high: Any,
) -> Any:
    """Merge `high` (own) over `low` (base), carrying the marks of whichever side a value came from."""
    if isinstance(low, dict) and isinstance(high, dict):
        result = {}
        for key in [*low, *(k for k in high if k not in low)]:
            if key not in high:
                result[key] = _copy(base, (*base_path, key), out, (*path, key), low[key])
            elif key not in low:
                result[key] = _copy(own, (*own_path, key), out, (*path, key), high[key])
            else:
                result[key] = _merge(
                    base, own, (*base_path, key), (*own_path, key), out, (*path, key), low[key], high[key]
                )
        out.marks[path] = own.mark(own_path)
        return result
    if isinstance(low, list) and isinstance(high, list) and all(_identity(i) for i in [*low, *high]):
        items: list[Any] = []
        mine = {_identity(item): index for index, item in enumerate(high)}
        for index, item in enumerate(low):
            place = mine.pop(_identity(item), None)
            here = (*path, len(items))
            if place is None:
                items.append(_copy(base, (*base_path, index), out, here, item))
            elif not high[place].get("remove"):
                items.append(_merge(base, own, (*base_path, index), (*own_path, place), out, here, item, high[place]))
        for place in mine.values():
            items.append(_copy(own, (*own_path, place), out, (*path, len(items)), high[place]))
        out.marks[path] = own.mark(own_path)
        return items
    return _copy(own, own_path, out, path, high)


def _copy(source: Source, at: tuple[Step, ...], out: Source, path: tuple[Step, ...], value: Any) -> Any:
    out.marks[path] = source.mark(at)
    if isinstance(value, dict):
        return {k: _copy(source, (*at, k), out, (*path, k), v) for k, v in value.items()}
    if isinstance(value, list):
        return [_copy(source, (*at, i), out, (*path, i), v) for i, v in enumerate(value)]
    return value


def read(path: Path, *, _seen: tuple[Path, ...] = ()) -> Source:
    """Parse `path` with its `extends` chain; raises `DeclarationRefusedError`."""
    own = _parse(path)
    if not isinstance(own.data, dict):
        raise DeclarationRefusedError([Problem(str(path), 1, "not-a-mapping", "a declaration is a mapping of keys")])
    parent = own.data.pop("extends", None)
    if parent is None:
        return own
    base_path = path.parent / Path(str(parent)).name
    if base_path.name != str(parent):
        line = own.mark(("extends",))[1]
        raise DeclarationRefusedError(
            [Problem(str(path), line, "extends-elsewhere", "extends names a file of the same folder")]
        )
    if base_path in _seen or base_path == path:
        raise DeclarationRefusedError([Problem(str(path), own.mark(("extends",))[1], "extends-loop", "extends itself")])
    base = read(base_path, _seen=(*_seen, path))
    out = Source(None, texts={**own.texts, **base.texts})
    out.data = _merge(base, own, (), (), out, (), base.data, own.data)
    return out


def load(path: Path) -> tuple[Declaration, Source]:
    """The typed declaration in `path` and its source marks.

    Raises `DeclarationRefusedError` with one `Problem` per fault, each with file and line. Word and cross-reference
    checks are in `checks.check`.
    """
    source = read(path)
    try:
        return Declaration.model_validate(source.data), source
    except ValidationError as error:
        problems = []
        for fault in error.errors(include_url=False, include_input=False):
            steps = tuple(step for step in fault["loc"] if isinstance(step, (str, int)))
            file, line = source.mark(steps)
            place = ".".join(str(step) for step in steps)
            problems.append(Problem(file, line, fault["type"], f"{place}: {fault['msg']}"))
        raise DeclarationRefusedError(problems) from None
