"""Makes a PDF from simple Markdown, or shows the text of a PDF that this script made.

python3 pdf.py IN.md OUT.pdf
python3 pdf.py --read FILE.pdf
"""

import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

WIDTH, HEIGHT, MARGIN = 595, 842, 64  # A4, in points
# The widths of Helvetica from the blank to the tilde, in thousandths of the size.
WIDTHS = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 "
    "556 556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 "
    "722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 "
    "556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 "
    "260 334 584"
)
OF_SIGN = dict(zip(map(chr, range(32, 127)), map(int, WIDTHS.split()), strict=True))
SIZES = {0: 11.0, 1: 22.0, 2: 15.0, 3: 12.5}  # by level of heading; 0 is the text
TEXT, BOLD, FIXED = "F1", "F2", "F3"
Line = tuple[str, str, float, float]  # text, font, size, indent


def width(text: str, font: str, size: float) -> float:
    if font == FIXED:
        return 0.6 * size * len(text)
    # Bold letters are wider; 600 is more than most accented letters have.
    units = sum(OF_SIGN.get(sign, 600) for sign in text)
    return units * size / 1000 * (1.07 if font == BOLD else 1)


def wrapped(text: str, font: str, size: float, *, indent: float) -> Iterator[str]:
    room, held = WIDTH - 2 * MARGIN - indent, ""
    for word in text.split():
        longer = f"{held} {word}" if held else word
        if held and width(longer, font, size) > room:
            yield held
            longer = word
        while width(longer, font, size) > room and len(longer) > 1:
            fits = len(longer)
            while fits > 1 and width(longer[:fits], font, size) > room:
                fits -= 1
            yield longer[:fits]
            longer = longer[fits:]
        held = longer
    if held:
        yield held


def block(text: str, font: str, size: float, *, mark: str = "") -> Iterator[Line]:
    indent = 18.0 if mark else 0.0
    for number, line in enumerate(wrapped(text, font, size, indent=indent)):
        if number == 0 and mark:
            yield f"{mark}\t{line}", font, size, indent
        else:
            yield line, font, size, indent


def lines_of(markdown: str) -> Iterator[Line | None]:
    """Yields the lines; None begins a page."""
    held: list[str] = []
    for raw in [*markdown.replace("\r\n", "\n").split("\n"), ""]:
        heading = re.match(r"(#{1,3})\s+(.*)", raw)
        item = re.match(r"\s{0,3}([-*]|\d+[.)])\s+(.*)", raw)
        kept = raw.startswith("    ")
        if held and (heading or item or kept or not raw.strip() or raw.strip() == "---"):
            yield from block(" ".join(held), TEXT, SIZES[0])
            yield "", TEXT, 6, 0
            held = []
        if heading:
            level = len(heading[1])
            yield "", TEXT, SIZES[level] / 2, 0
            yield from block(heading[2], BOLD, SIZES[level])
            yield "", TEXT, 5, 0
        elif raw.strip() == "---":
            yield None
        elif item and not kept:
            yield from block(item[2], TEXT, SIZES[0], mark="•" if item[1] in "-*" else item[1])
        elif kept:
            yield raw[4:].expandtabs(), FIXED, 9, 0
        elif raw.strip():
            held.append(raw.strip())
        else:
            yield "", TEXT, 3, 0


def pages_of(lines: Iterator[Line | None]) -> list[list[tuple[float, Line]]]:
    pages: list[list[tuple[float, Line]]] = [[]]
    y = float(HEIGHT - MARGIN)
    for line in lines:
        if line is None or (y - line[2] * 1.4 < MARGIN and pages[-1]):
            pages.append([])
            y = float(HEIGHT - MARGIN)
        if line is not None and (line[0] or pages[-1]):
            y -= line[2] * 1.4
            pages[-1].append((y, line))
    return pages


def shown(text: str, font: str, size: float, *, x: float, y: float) -> bytes:
    data = text.encode("cp1252").replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")
    return b"BT /%s %.1f Tf %.1f %.1f Td (%s) Tj ET\n" % (font.encode(), size, x, y, data)


def content(page: list[tuple[float, Line]], number: int, of: int) -> bytes:
    data = b""
    for y, (text, font, size, indent) in page:
        mark, tab, rest = text.partition("\t")
        if tab:
            data += shown(mark, font, size, x=MARGIN, y=y)
        if text:
            data += shown(rest if tab else text, font, size, x=MARGIN + indent, y=y)
    foot = f"{number} / {of}"
    return data + shown(foot, TEXT, 9, x=(WIDTH - width(foot, TEXT, 9)) / 2, y=MARGIN / 2)


def document(markdown: str) -> tuple[bytes, int]:
    pages = pages_of(lines_of(markdown))
    pages = [page for page in pages if page] or [[]]
    fonts = ("Helvetica", "Helvetica-Bold", "Courier")
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
    ]
    look = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    objects += [look.format(font).encode() for font in fonts]
    for number, page in enumerate(pages):
        data = zlib.compress(content(page, number + 1, len(pages)))
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Resources << /Font "
            f"<< /F1 3 0 R /F2 4 0 R /F3 5 0 R >> >> /Contents {7 + 2 * number} 0 R >>".encode()
        )
        objects.append(
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(data), data)
        )
    return assembled(objects), len(pages)


def assembled(objects: list[bytes]) -> bytes:
    data = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    places: list[int] = []
    for number, each in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return data + trailer % (len(objects) + 1, start)


def read(data: bytes) -> str:
    found: list[str] = []
    for number, stream in enumerate(re.findall(rb"stream\n(.*?)\nendstream", data, re.DOTALL), 1):
        texts = re.findall(rb"\(((?:\\.|[^\\()])*)\) Tj", zlib.decompress(stream))
        found.append(f"== page {number}")
        found += [re.sub(rb"\\(.)", rb"\1", text).decode("cp1252") for text in texts]
    return "\n".join(found)


if __name__ == "__main__":
    if sys.argv[1] == "--read":
        sys.stdout.write(read(Path(sys.argv[2]).read_bytes()) + "\n")
    else:
        try:
            made, count = document(Path(sys.argv[1]).read_text(encoding="utf-8"))
        except UnicodeEncodeError as error:
            sys.exit(f"this sign cannot be written: {error.object[error.start]!r}")
        Path(sys.argv[2]).write_bytes(made)
        sys.stdout.write(f"{count} pages\n")
