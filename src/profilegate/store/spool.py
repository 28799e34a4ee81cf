"""Items that wait for their transaction, in a temporary file: memory holds one chunk, whatever the body's size."""

import tempfile
from collections.abc import Iterator

import msgspec

from profilegate.profiles.bulk import BulkItem

# Below this nothing is written to disk: most bulks are small.
IN_MEMORY = 1_048_576
"""Bytes."""

MOST_BYTES = 4 * 1_048_576
"""Bytes of a chunk, whatever its items."""

LINE = msgspec.json.Decoder(BulkItem)


class FileSpool:
    """A Spool in a file without a name, which ends with the process whatever happens."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by close()

    def add(self, item: BulkItem) -> None:
        self._file.write(msgspec.json.encode(item) + b"\n")

    def chunks(self, size: int) -> Iterator[list[BulkItem]]:
        self._file.seek(0)
        chunk: list[BulkItem] = []
        taken = 0
        for line in self._file:
            chunk.append(LINE.decode(line))
            taken += len(line)
            if len(chunk) == size or taken >= MOST_BYTES:
                yield chunk
                chunk, taken = [], 0
        if chunk:
            yield chunk

    def close(self) -> None:
        self._file.close()
