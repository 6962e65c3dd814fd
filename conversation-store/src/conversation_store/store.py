"""What the parts of the store share: ground, settings, reply tokens, the way to open contents."""

from dataclasses import dataclass
from typing import Self

from conversation_store.append.batch import Append
from conversation_store.append.read import Reader
from conversation_store.settings import StoreSettings
from conversation_store.sign import Signer
from hub_kit.ground import Ground


@dataclass(frozen=True)
class Store:
    ground: Ground
    settings: StoreSettings
    signer: Signer
    reader: Reader
    append: Append

    @classmethod
    def open(cls, ground: Ground, settings: StoreSettings) -> Self:
        signer = Signer(ground.ring, settings.reply_days)
        reader = Reader(ground.ring, signer)
        return cls(
            ground,
            settings,
            signer,
            reader,
            Append(reader, ground.blobs, ground.settings.office_of),
        )
