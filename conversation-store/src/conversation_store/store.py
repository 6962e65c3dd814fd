"""What the parts of the store share: ground, settings, reply tokens, the way to open contents."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from conversation_store.append.batch import Append
from conversation_store.append.read import Reader
from conversation_store.append.say import authorities
from conversation_store.append.wish import Wishes
from conversation_store.settings import StoreSettings
from conversation_store.sign import Signer
from hub_kit.ground import Ground
from hub_pages.face import Face

NO_FACES: Mapping[str, Face] = MappingProxyType({})


@dataclass(frozen=True)
class Store:
    ground: Ground
    settings: StoreSettings
    signer: Signer
    reader: Reader
    append: Append

    @classmethod
    def open(
        cls, ground: Ground, settings: StoreSettings, faces: Mapping[str, Face] = NO_FACES
    ) -> Self:
        """`faces`: what the authorities say of themselves, by tenant."""
        signer = Signer(ground.ring, settings.reply_days)
        reader = Reader(ground.ring, signer)
        said = authorities(ground.settings, faces)
        wishes = Wishes(ground.ring, said, settings.wishes_a_day)
        return cls(ground, settings, signer, reader, Append(reader, ground.blobs, wishes))
