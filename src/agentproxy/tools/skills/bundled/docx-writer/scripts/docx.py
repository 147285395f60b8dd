"""Makes a Word document from Markdown, or shows the text of one.

python3 docx.py IN.md OUT.docx
python3 docx.py --read FILE.docx
"""

import re
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
SIZES = {"Title": 56, "Heading1": 32, "Heading2": 26, "Heading3": 24}  # half points
HEADINGS = {1: "Title", 2: "Heading1", 3: "Heading2", 4: "Heading3"}
PAGE_BREAK = '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'


def runs(text: str) -> str:
    found: list[str] = []
    for piece in re.split(r"(\*\*.+?\*\*|\*[^*\s][^*]*\*)", text):
        part, look = piece, ""
        if part.startswith("**") and len(part) > 4:
            part, look = part[2:-2], "<w:rPr><w:b/></w:rPr>"
        elif part.startswith("*") and len(part) > 2:
            part, look = part[1:-1], "<w:rPr><w:i/></w:rPr>"
        if part:
            found.append(f'<w:r>{look}<w:t xml:space="preserve">{escape(part)}</w:t></w:r>')
    return "".join(found)


def paragraph(text: str, style: str = "", numbering: int = 0) -> str:
    look = f'<w:pStyle w:val="{style}"/>' if style else ""
    if numbering:
        look += f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{numbering}"/></w:numPr>'
    return f"<w:p><w:pPr>{look}</w:pPr>{runs(text)}</w:p>"


def table(lines: list[str]) -> str:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    rows = [row for row in rows if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
    width = max(len(row) for row in rows)
    borders = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:color="999999"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    text = f'<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders>{borders}'
    text += "</w:tblBorders></w:tblPr><w:tblGrid>" + "<w:gridCol/>" * width + "</w:tblGrid>"
    for number, row in enumerate(rows):
        cells = [f"**{cell}**" if number == 0 and cell else cell for cell in row]
        cells += [""] * (width - len(cells))
        text += "<w:tr>" + "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in cells) + "</w:tr>"
    return text + "</w:tbl><w:p/>"


class Blocks:
    """Takes the lines of a text, and makes paragraphs, lists and tables of them."""

    def __init__(self) -> None:
        self.lists = 1  # number 1 is that of the points
        self.made: list[str] = []
        self._numbered = False
        self._pending: list[str] = []
        self._rows: list[str] = []

    def take(self, line: str) -> None:
        heading = re.match(r"(#{1,4})\s+(.*)", line)
        item = re.match(r"\s*(?:[-*]|(\d+[.)]))\s+(.*)", line)
        if line.lstrip().startswith("|"):
            self._end_paragraph()
            self._rows.append(line)
            return
        self._end_table()
        if not (line.strip() and not heading and not item and line.strip() != "---"):
            self._end_paragraph()
        if heading:
            self.made.append(paragraph(heading[2], HEADINGS[len(heading[1])]))
        elif line.strip() == "---":
            self.made.append(PAGE_BREAK)
        elif item:
            self._item(item[2], numbered=item[1] is not None)
        elif line.strip():
            self._pending.append(line.strip())
        self._numbered = self._numbered and (bool(item) or not line.strip())

    def _item(self, text: str, *, numbered: bool) -> None:
        self.lists += numbered and not self._numbered
        self._numbered = numbered
        self.made.append(paragraph(text, numbering=self.lists if numbered else 1))

    def _end_paragraph(self) -> None:
        if self._pending:
            self.made.append(paragraph(" ".join(self._pending)))
            self._pending = []

    def _end_table(self) -> None:
        if self._rows:
            self.made.append(table(self._rows))
            self._rows = []


def blocks(markdown: str) -> str:
    made = Blocks()
    for line in [*markdown.replace("\r\n", "\n").split("\n"), ""]:
        made.take(line)
    return "".join(made.made)


def numbering_xml(lists: int) -> str:
    def level(kind: str, text: str) -> str:
        return (
            f'<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="{kind}"/>'
            f'<w:lvlText w:val="{text}"/><w:pPr><w:ind w:left="720" w:hanging="360"/></w:pPr>'
            "</w:lvl>"
        )

    text = f'<w:numbering xmlns:w="{W}">'
    text += f'<w:abstractNum w:abstractNumId="0">{level("bullet", "•")}</w:abstractNum>'
    text += f'<w:abstractNum w:abstractNumId="1">{level("decimal", "%1.")}</w:abstractNum>'
    text += '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    for number in range(2, lists + 1):
        # Each list begins again at 1.
        text += f'<w:num w:numId="{number}"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0">'
        text += '<w:startOverride w:val="1"/></w:lvlOverride></w:num>'
    return text + "</w:numbering>"


def styles_xml() -> str:
    text = f'<w:styles xmlns:w="{W}"><w:docDefaults><w:rPrDefault><w:rPr>'
    text += '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri"/><w:sz w:val="22"/>'
    text += '</w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="120"/></w:pPr>'
    text += "</w:pPrDefault></w:docDefaults>"
    text += '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
    text += "</w:style>"
    for style, size in SIZES.items():
        name = re.sub(r"(\d)", r" \1", style.replace("Heading", "heading"))
        level = "" if style == "Title" else f'<w:outlineLvl w:val="{int(style[-1]) - 1}"/>'
        text += f'<w:style w:type="paragraph" w:styleId="{style}"><w:name w:val="{name}"/>'
        text += f'<w:basedOn w:val="Normal"/><w:pPr><w:keepNext/><w:spacing w:before="240"/>{level}'
        text += f'</w:pPr><w:rPr><w:b/><w:sz w:val="{size}"/></w:rPr></w:style>'
    return text + "</w:styles>"


def write(markdown: str, target: Path) -> None:
    body = blocks(markdown)
    lists = max((int(number) for number in re.findall(r'numId w:val="(\d+)"', body)), default=1)
    page = '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/>'
    page += '<w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134"/></w:sectPr>'
    parts = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{KIND}.{kind}+xml"/>'
        for name, kind in (
            ("document", "document.main"),
            ("styles", "styles"),
            ("numbering", "numbering"),
        )
    )
    relations = "".join(
        f'<Relationship Id="r{name}" Type="{OFFICE}/{name}" Target="{name}.xml"/>'
        for name in ("styles", "numbering")
    )
    files = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{parts}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f"{relations}</Relationships>",
        "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{body}{page}</w:body>'
        "</w:document>",
        "word/styles.xml": styles_xml(),
        "word/numbering.xml": numbering_xml(lists),
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, HEAD + text)


def read(source: Path) -> str:
    with zipfile.ZipFile(source) as archive:
        root = ElementTree.fromstring(archive.read("word/document.xml"))
    lines = ["".join(t.text or "" for t in p.iter(f"{{{W}}}t")) for p in root.iter(f"{{{W}}}p")]
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1] == "--read":
        sys.stdout.write(read(Path(sys.argv[2])) + "\n")
    else:
        write(Path(sys.argv[1]).read_text(encoding="utf-8"), Path(sys.argv[2]))
