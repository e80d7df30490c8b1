"""A mail server that takes everything and keeps nothing: a process of its own, for the benchmark of sending.

It prints its port, and when its standard input ends how many messages it was given and how many addresses they were
to. Only what sending needs of SMTP.
"""

import asyncio
import sys

_TAKEN = 0
_TO: set[int] = set()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    global _TAKEN  # noqa: PLW0603 (one process, one count)
    writer.write(b"220 sink\r\n")
    to = 0
    while line := await reader.readline():
        word = line[:4].upper()
        if word == b"RCPT":
            to = hash(line)
        if word == b"DATA":
            writer.write(b"354 go on\r\n")
            while (part := await reader.readline()) not in {b".\r\n", b""}:
                del part
            _TAKEN += 1
            _TO.add(to)
        elif word == b"QUIT":
            writer.write(b"221 bye\r\n")
            break
        if word != b"EHLO":
            writer.write(b"250 ok\r\n")
        else:
            writer.write(b"250-sink\r\n250 8BITMIME\r\n")
        await writer.drain()
    writer.close()


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0, limit=1 << 20)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await asyncio.to_thread(sys.stdin.read)
    sys.stdout.write(f"{_TAKEN} {len(_TO)}\n")


if __name__ == "__main__":
    asyncio.run(_main())
