"""Refuses what the way of an answer does not carry, before anything is written. Pure, for `reply`.

Each refusal names the field and the remedy; nothing is cut, dropped or turned into something else.
"""

from conversation_store.reply.choose import Way
from conversation_store.reply.compose import Answer
from hub_contract.channels import CHANNELS, ChannelRow, Files
from hub_contract.errors import Permanent
from hub_contract.fit import FileFacts, Parts, Unfit, beside_inbox, misfits
from hub_contract.refusals import Refusal
from hub_contract.words import Channel

_NO_FILES = Files(0, 0)


def refuse_misfits(answer: Answer, way: Way, *, hint: bool = False) -> None:
    """Raise `Permanent` for the first part of the answer that does not go by this way.

    `hint`: only a hint goes, and the answer rests in the inbox.
    """
    row = CHANNELS[Channel(way.channel)]
    row = beside_inbox(row) if hint else row
    files = [FileFacts(file.media_type, len(file.data)) for file in answer.files]
    for unfit in misfits(row, Parts(answer.text, answer.subject, answer.html, files)):
        raise Permanent(_sentence(unfit, way.channel, row), code=Refusal(unfit))


def _sentence(unfit: Unfit, channel: str, row: ChannelRow) -> str:
    files = row.files or _NO_FILES
    sentences = {
        Unfit.TEXT_TOO_LONG: f"text: is too long; {channel} carries {row.longest_text} characters,"
        " shorten it",
        Unfit.NO_SUBJECT: f"subject: {channel} carries none; leave it out",
        Unfit.NO_HTML: f"html: {channel} carries plain text alone; leave it out",
        Unfit.NO_FILES: f"attachments: {channel} carries none; leave them out",
        Unfit.TOO_MANY_FILES: f"attachments: {channel} carries {files.most}; send fewer",
        Unfit.FILES_TOO_LARGE: f"attachments: {channel} carries {files.most_bytes} bytes of them;"
        " send less at once",
        Unfit.FILE_TYPE: f"attachments: {channel} carries {', '.join(files.types)} alone;"
        " leave the others out",
    }
    return f"{sentences[unfit]} or choose another way"
