"""What the parts of the store share: ground, settings, reply tokens, the way to open contents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from conversation_store.append.batch import Append
from conversation_store.append.read import Reader
from conversation_store.append.wish import Wishes
from conversation_store.authorities import Authority, names_of
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
    authorities: Mapping[str, Authority]

    @classmethod
    def open(
        cls,
        ground: Ground,
        settings: StoreSettings,
        authorities: Mapping[str, Authority] | None = None,
    ) -> Self:
        """`authorities`: what they say of themselves, by tenant; None: as they are called."""
        signer = Signer(ground.ring, settings.reply_days)
        reader = Reader(ground.ring, signer)
        said = names_of(ground.settings) if authorities is None else authorities
        wishes = Wishes(ground.ring, said, settings.wishes_a_day)
        append = Append(reader, ground.blobs, wishes, ground.erasures, ground.settings.office_of)
        return cls(ground, settings, signer, reader, append, said)

    def authority(self, tenant: str) -> Authority:
        return self.authorities.get(tenant) or Authority(tenant)
