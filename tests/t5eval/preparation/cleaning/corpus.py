"""Small archives of made-up pages, with everything in them that C4's rules are about."""

from __future__ import annotations

import gzip
import random
import uuid
from pathlib import Path

GOOD = [
    "The goat stood on the hill all day long.",
    "Nobody had ever asked it why it did so.",
    "Did the farmer notice that it was gone?",
    'She said that "it will come back by itself."',
    "What a view there is from up here on the rocks!",
    "They sold cheese, milk and wool at the market.",
    "Rain fell for three weeks, and the river rose.",
    "In the end everybody went home in the dark.",
]
OTHER = [
    "Home | About | Contact",
    "Too short.",
    "This line has no mark at its end and is long",
    "Read more about this in our next issue...",
    "Please enable JavaScript in your browser to go on.",
    "By going on you accept our cookie policy and more.",
    "It was built in 1901[1] and rebuilt in 1950[23][citation needed].",
    "Lorem ipsum dolor sit amet is what the page says.",
    "function f() { return all of the things here; }.",
    "It is a darn shame that nobody came to see it.",
    "Der Esel stand den ganzen Tag auf dem Hügel herum.",
    "x" * 1001 + " is a word that nobody has ever used.",
    "  The goat stood on the hill all day LONG.  ",
    "   ",
    "Content-Type: this line of a page looks like a header.",
    "Mr. Smith and Dr. Jones met at 5 p.m. to talk it over.",
]
GERMAN = "Die Ziege stand den ganzen Tag auf dem Berg. Niemand fragte sie, warum. Am Abend ging sie wieder heim."


def pages(count: int, seed: int = 0) -> list[tuple[str, str, str]]:
    """Returns addresses, timestamps and texts; some addresses come twice, and many lines."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        lines = chance.choices(GOOD, k=chance.randint(0, 6)) + chance.choices(
            OTHER, k=chance.choice((0, 0, 1, 1, 2, 4))
        )
        lines += [f"Page number {number} has a line that no other page has." for _ in range(chance.randint(0, 3))]
        lines += [
            f"There are {n} reasons, of which {number} is one. It is good. So be it."
            for n in range(chance.randint(0, 2))
        ]
        chance.shuffle(lines)
        if number % 17 == 3:
            lines = [GERMAN, f"{GERMAN} Das war {number} Mal so."]
        name = number if number % 7 else chance.randrange(max(number, 1))
        url = f"https://{chance.choice(('', 'www.'))}example.org/{name}{chance.choice(('', '/', '?utm_source=x'))}"
        found.append((url, f"2019-04-{number % 28 + 1:02d}T10:00:{number % 60:02d}Z", "\n".join(lines)))
    return found


def write_wet(path: Path, found: list[tuple[str, str, str]]) -> Path:
    """Writes pages as Common Crawl's WET file, each a gzip member of its own where the name ends so."""
    records = [_record("warcinfo", "", "2019-04-30T00:00:00Z", "application/warc-fields", b"software: a test\r\n")]
    records += [_record("conversion", url, date, "text/plain", text.encode()) for url, date, text in found]
    pack = (lambda record: gzip.compress(record, mtime=0)) if path.suffix == ".gz" else bytes
    path.write_bytes(b"".join(map(pack, records)))
    return path


def write_warc(path: Path, url: str, html: str, kind: str = "text/html; charset=utf-8") -> Path:
    """Writes one response as a WARC file."""
    response = f"HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\n\r\n{html}".encode()
    path.write_bytes(_record("response", url, "2019-04-30T00:00:00Z", "application/http; msgtype=response", response))
    return path


def _record(kind: str, url: str, date: str, content_type: str, content: bytes) -> bytes:
    target = f"WARC-Target-URI: {url}\r\n" if url else ""
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\n{target}WARC-Date: {date}\r\n"
        f"WARC-Record-ID: <urn:uuid:{uuid.UUID(int=len(content))}>\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content + b"\r\n\r\n"
