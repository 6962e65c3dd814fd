"""Finds every compiled pattern of the tree, and derives from each the texts that might break it.

Rule 1. What is found is what runs: patterns in modules, in their tables and classes, and those
        that a call compiles as it goes. How each is used (match, search, ...) is read off the code.
Rule 2. Shapes come from the parsed pattern: for each repetition, what leads up to it, what it
        repeats, and an end that makes it fail. A list of hostile ones is tried on all.
"""

import ast
import importlib
import pkgutil
import re
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
TINY = 22  # characters; only what doubles with each of them is slow by then
SHORT = 2_000  # characters of the first look
SLOW = 0.001  # seconds of processor time that no linear pattern of ours needs for them
GROWTH = 2.6  # for twice the text: 2 is linear, 4 is quadratic
CLEARLY_LINEAR = 5  # for four times the text: nobody needs to look again
ROUNDS = 5  # of measuring what is not
LONGEST = 64_000
WORST = 4  # shapes of each pattern that are measured
ENOUGH = 0.01  # seconds by which a clock can be believed
METHODS = ("match", "search", "fullmatch", "findall", "finditer", "sub", "subn", "split")
_FOREVER = 16  # a repetition that may come so often is worth a shape
# Not imported: what runs at import, or needs what only an operator has.
_RUNS = ("__main__", ".migrations.")
HOSTILE = (
    *("a", " ", "\t", "\n", "\r\n", "-", "_", ".", ",", ";", ":", "=", '"', "\\", "(", ")", "<"),
    *(
        ">",
        "@",
        "[",
        "0",
        "1 ",
        "a ",
        "a,",
        "a;",
        "a=",
        'a="',
        "a=b;",
        "\\(",
        "(\\",
        "<a",
        "<a ",
        "<<",
    ),
    *("=?", "=?a?q?", "a@", "a.", "a-", "- ", "\n ", "\n>", "\n--", "--a", "> ", "\n\n", "&#", "é"),
)


@dataclass(frozen=True)
class Found:
    """A pattern, where it stands, and by which methods it is used."""

    where: str
    pattern: re.Pattern[Any]
    methods: tuple[str, ...]


def modules() -> Iterator[ModuleType]:
    """Import every module of every member of the workspace."""
    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["uv"]
    for member in workspace["workspace"]["members"]:
        for package in sorted((ROOT / member / "src").iterdir()):
            if package.is_dir() and (package / "__init__.py").exists():
                yield from _below(importlib.import_module(package.name))


def _below(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not any(part in f"{found.name}." for part in _RUNS):
            yield importlib.import_module(found.name)


def find_patterns(all_modules: list[ModuleType]) -> list[Found]:
    trees = {m.__name__: ast.parse(Path(str(m.__file__)).read_text("utf-8")) for m in all_modules}
    used = _uses(trees.values())
    found: dict[int, Found] = {}
    for module in all_modules:
        for name, pattern in _held(module):
            methods = used.get(name.partition("[")[0]) or {"search"}
            # The one that imports comes later than the one that owns, or is the same.
            found.setdefault(
                id(pattern), Found(f"{module.__name__}.{name}", pattern, tuple(sorted(methods)))
            )
        for name, pattern, method in _inline(trees[module.__name__]):
            found.setdefault(id(pattern), Found(f"{module.__name__}:{name}", pattern, (method,)))
    return sorted(found.values(), key=lambda one: one.where)


def _held(module: ModuleType) -> Iterator[tuple[str, re.Pattern[Any]]]:
    for name, value in vars(module).items():
        if isinstance(value, type) and value.__module__ == module.__name__:
            yield from ((f"{name}.{n}", p) for k, v in vars(value).items() for n, p in _in(k, v))
        elif not isinstance(value, ModuleType):
            yield from _in(name, value)


def _in(name: str, value: object, depth: int = 0) -> Iterator[tuple[str, re.Pattern[Any]]]:
    if isinstance(value, re.Pattern):
        yield name, value
    elif depth < 3 and isinstance(value, Mapping):
        for key, item in value.items():
            yield from _in(f"{name}[{key!r}]", item, depth + 1)
    elif depth < 3 and isinstance(value, list | tuple | set | frozenset):
        for number, item in enumerate(value):
            yield from _in(f"{name}[{number}]", item, depth + 1)


def _uses(trees: Any) -> dict[str, set[str]]:
    """Return by which methods each name is used anywhere: `_WORD.sub(...)`, `words._WORD.sub`."""
    used: dict[str, set[str]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                owner = node.value
                owner = owner.value if isinstance(owner, ast.Subscript) else owner
                name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                used.setdefault(name, set()).add(node.attr)
    return used


def _inline(tree: ast.AST) -> Iterator[tuple[str, re.Pattern[Any], str]]:
    """Yield patterns that stand in a call: `re.sub(r"...", ...)`; those made up there are faults."""
    for node in ast.walk(tree):
        call = node.func if isinstance(node, ast.Call) else None
        if (
            isinstance(call, ast.Attribute)
            and isinstance(call.value, ast.Name)
            and call.value.id == "re"
            and call.attr in METHODS
        ):
            written = node.args[0]
            if isinstance(written, ast.Name):
                continue  # it is handed on; who made it is found there
            if not isinstance(written, ast.Constant):
                raise AssertionError(f"line {node.lineno}: compile this pattern once, at the top")
            yield f"{node.lineno}", re.compile(written.value), call.attr


def shapes(pattern: re.Pattern[Any]) -> Iterator[Callable[[int], Any]]:
    """Yield texts as functions of their length."""
    bare: dict[tuple[str, str, str], None] = {}
    for before, unit in islice(_pumps(pattern), 60):
        for after in ("", "\x00", "!\n", unit[:1] + "\x00"):
            bare[(before, unit, after)] = None
        bare[("", before + unit, "\x00")] = None
        if len(unit) == 1:
            for other in " -\\a0":
                bare[("", before + unit + other, "\x00")] = None
    for unit in HOSTILE:
        bare[("", unit, "\x00")] = None
        bare[("\x00", unit, "")] = None
    binary = isinstance(pattern.pattern, bytes)
    for before, unit, after in bare:
        yield _shape(before, unit, after, binary=binary)


def _shape(before: str, unit: str, after: str, *, binary: bool) -> Callable[[int], Any]:
    def make(length: int) -> Any:
        text = before + unit * (length // len(unit)) + after
        return text.encode("utf-8", "surrogatepass") if binary else text

    make.__doc__ = f"{before!r} + {unit!r} × n + {after!r}"
    return make


def _pumps(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str]]:
    source = pattern.pattern
    text = source.decode("latin-1") if isinstance(source, bytes) else source
    parsed = re._parser.parse(text, pattern.flags & ~re.UNICODE & ~re.LOCALE)
    yield from _walk(list(parsed), [""])


def _walk(items: list[Any], befores: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (what leads up to a repetition, what it repeats), for each one in these items."""
    for op, argument in items:
        name = str(op)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _, most, body = argument
            if most >= _FOREVER:
                samples = dict.fromkeys(s for s in _samples(list(body)) if s)
                for sample in islice(samples, 6):
                    yield befores[0], sample
                    if befores[-1] != befores[0]:
                        yield befores[-1], sample
            yield from _walk(list(body), befores)
        elif name == "SUBPATTERN":
            yield from _walk(list(argument[3]), befores)
        elif name == "ATOMIC_GROUP":
            yield from _walk(list(argument), befores)
        elif name in ("ASSERT", "ASSERT_NOT"):
            yield from _walk(list(argument[1]), befores)
        elif name == "BRANCH":
            for branch in argument[1]:
                yield from _walk(list(branch), befores)
        befores = [b + s for b in befores[:2] for s in _samples([(op, argument)])[:2]] or befores


def _samples(items: list[Any]) -> list[str]:
    """Return a few texts that these items match, the shortest way."""
    found = [""]
    for op, argument in items:
        ways = _ways(str(op), argument)
        found = [f + w for f in found[:8] for w in ways[:8]][:24]
    return found


def _ways(name: str, argument: Any) -> list[str]:  # noqa: PLR0911 - a table of kinds
    match name:
        case "LITERAL":
            return [chr(argument)]
        case "NOT_LITERAL":
            return [c for c in "ab .-" if ord(c) != argument]
        case "ANY":
            return ["a", " ", "1", "-", "@"]
        case "IN":
            return _of_class(argument)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, _, body = argument
            once = _samples(list(body))
            return [w * max(least, 1) for w in once[:6]] + ([""] if not least else [])
        case "SUBPATTERN":
            return _samples(list(argument[3]))
        case "ATOMIC_GROUP":
            return _samples(list(argument))
        case "BRANCH":
            return [s for branch in argument[1] for s in _samples(list(branch))[:2]][:12]
        case _:
            return [""]


_TRIED = "a 1-._\t\n,;:=\"'\\()<>@[]/+*#|>ßA0\r\xa0\u0300\u200b\x80\xff"


def _of_class(items: list[Any]) -> list[str]:
    negated = bool(items) and str(items[0][0]) == "NEGATE"
    inside = [c for c in _TRIED if _is_in(items[negated:], c) != negated]
    for op, argument in items[negated:]:
        if not negated and str(op) == "LITERAL":
            inside.append(chr(argument))
        if not negated and str(op) == "RANGE":
            inside.append(chr(argument[0]))
    return list(dict.fromkeys(inside))[:10] or ["a"]


def _is_in(items: list[Any], letter: str) -> bool:
    for op, argument in items:
        match str(op):
            case "LITERAL" if argument == ord(letter):
                return True
            case "RANGE" if argument[0] <= ord(letter) <= argument[1]:
                return True
            case "CATEGORY" if re.match(_CATEGORIES[str(argument)], letter):
                return True
    return False


_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


def use(pattern: re.Pattern[Any], method: str, text: Any) -> None:
    """Do with the text what the code does with it."""
    if method in ("sub", "subn"):
        getattr(pattern, method)(text[:0], text)
    elif method == "finditer":
        for _ in pattern.finditer(text):
            pass
    else:
        getattr(pattern, method)(text)


def seconds(work: Callable[[Any], object], text: object, tries: int = 3) -> float:
    """Return the processor time of the quickest try: what else runs here only ever adds to it."""
    best = float("inf")
    for _ in range(tries):
        start = time.process_time()
        work(text)
        best = min(best, time.process_time() - start)
        if best > 10 * ENOUGH:
            break
    return best


def grows(work: Callable[[Any], object], make: Callable[[int], Any]) -> bool:
    """Say whether four times the text takes much more than four times the time, whenever one looks.

    Four times, since 4 and 16 are told apart also where something else takes half the processor.
    What else runs only ever adds: the quickest of several rounds is compared with the quickest.
    """
    length = SHORT // 16
    while length <= LONGEST:
        if seconds(work, make(length)) >= ENOUGH:
            short, long = _measured(work, make, length)
            if long <= CLEARLY_LINEAR * short:
                return False
            # Else only noise was slow: what is bounded grows faster up to its bound.
            if short >= ENOUGH / 2:
                return long > GROWTH**2 * short
        length *= 2
    return False  # quicker than any quadratic pattern could be


def _measured(
    work: Callable[[Any], object], make: Callable[[int], Any], length: int
) -> tuple[float, float]:
    """Return the quickest of several rounds, for the text and for four times the text."""
    long = short = float("inf")
    for _ in range(ROUNDS):
        long = min(long, seconds(work, make(4 * length)))
        short = min(short, seconds(work, make(length)))
        if long <= CLEARLY_LINEAR * short:
            break
    return short, long
