"""Moves the bytes of an arrival into blobs, sealed, and says in its event where they lie: pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC

from pydantic import TypeAdapter

from hub_contract.events import Arrival, MessageContent, ReadContent
from hub_contract.topics import occurred_at
from hub_contract.words import Blob, Body, Page
from hub_kit.blobs import Packing
from hub_kit.file_signs import signs_of

INLINE = 8_000  # bytes of words that may travel; longer bodies wait in the blob store
EXCERPT = 2_000  # characters of a long body that travel nevertheless, for lists
_PARTS_OF_A_PAGE = ("small", "large", "words")
_BODY = TypeAdapter(Body)


def move_to_blobs(arrival: Arrival, packing: Packing, key: bytes) -> tuple[dict[str, object], str]:
    """Return what changes in the event: references to its bytes; and the object they lie in."""
    event, content = arrival.event, arrival.event.content
    worded = content if isinstance(content, MessageContent | ReadContent) else None
    long_body = _long_body(worded.body) if worded else b""
    parts = [arrival.original, *arrival.files, *([long_body] if long_body else [])]
    if not any(parts):
        return {}, ""
    blobs = packing.add(f"{event.tenant}/{occurred_at(event).astimezone(UTC).date()}", parts, key)
    changes: dict[str, object] = {}
    if not isinstance(content, ReadContent):  # what was read has no original of its own
        changes["original"] = blobs[0] if arrival.original else None
    if worded and (worded.attachments or len(blobs) > 1):
        files = list(zip(arrival.files, blobs[1:], strict=False))
        changes["content"] = _with_blobs(worded, files, blobs[-1] if long_body else None)
    return changes, blobs[0].name


def _with_blobs(
    content: MessageContent | ReadContent,
    files: Sequence[tuple[bytes, Blob]],
    whole: Blob | None,
) -> MessageContent | ReadContent:
    count = len(content.attachments) if isinstance(content, ReadContent) else len(files)
    attached = zip(content.attachments, files[:count], strict=True)
    update: dict[str, object] = {
        "attachments": tuple(
            one.model_copy(update={"blob": blob, "signs": signs_of(data, one.file_name)})
            for one, (data, blob) in attached
        )
    }
    if isinstance(content, ReadContent):
        update["pages"] = tuple(_pages(content, [blob for _, blob in files[count:]]))
    if whole:
        update |= {"whole": whole, "body": Body(text=content.body.text[:EXCERPT])}
    return content.model_copy(update=update)


def _pages(content: ReadContent, files: Sequence[Blob]) -> Iterator[Page]:
    size = len(_PARTS_OF_A_PAGE)
    for number, page in enumerate(content.pages):
        three = files[size * number : size * (number + 1)]
        parts = (blob if blob.size else None for blob in three)
        yield page.model_copy(update=dict(zip(_PARTS_OF_A_PAGE, parts, strict=True)))


def count_files(content: ReadContent) -> int:
    """Return how many files an arrival of this content has."""
    return len(content.attachments) + len(_PARTS_OF_A_PAGE) * len(content.pages)


def _long_body(body: Body) -> bytes:
    """Return the words as they are kept elsewhere, where they are too long to travel."""
    if sum(map(len, (body.text, body.quoted, body.signature, body.html))) <= INLINE // 4:
        return b""  # however they are encoded
    words = _BODY.dump_json(body, exclude_defaults=True)
    return words if len(words) > INLINE else b""
