"""Makes an Excel workbook from JSON, or shows the cells of one.

python3 xlsx.py IN.json OUT.xlsx
python3 xlsx.py --read FILE.xlsx
"""

import json
import re
import sys
import zipfile
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
BOLD, DAY = 1, 2  # styles, by their place in styles.xml
EPOCH = date(1899, 12, 30)


def column(number: int) -> str:
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def cell(value: object, place: str, style: int = 0) -> str:
    look = f' s="{style}"' if style else ""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}"{look} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"{look}><v>{value!r}</v></c>'
    text = str(value)
    if text.startswith("=") and len(text) > 1:
        return f'<c r="{place}"{look}><f>{escape(text[1:])}</f></c>'
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            days = (date.fromisoformat(text) - EPOCH).days
        except ValueError:
            days = 0
        if days > 60:  # Excel's calendar has a 29th of February 1900
            return f'<c r="{place}" s="{DAY}"><v>{days}</v></c>'
    inline = f'<is><t xml:space="preserve">{escape(text)}</t></is>'
    return f'<c r="{place}"{look} t="inlineStr">{inline}</c>'


def sheet_xml(sheet: dict[str, Any]) -> str:
    rows: list[list[Any]] = [sheet["columns"], *sheet["rows"]]
    width = max(len(row) for row in rows)
    longest = [max((len(str(r[n])) for r in rows if n < len(r)), default=0) for n in range(width)]
    text = f'<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">'
    text += '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    text += "</sheetView></sheetViews><cols>"
    for number, size in enumerate(longest, start=1):
        text += f'<col min="{number}" max="{number}" width="{min(max(size, 8), 60) + 2}" '
        text += 'customWidth="1"/>'
    text += "</cols><sheetData>"
    for y, row in enumerate(rows, start=1):
        style = BOLD if y == 1 else 0
        cells = [cell(value, f"{column(x)}{y}", style) for x, value in enumerate(row, start=1)]
        text += f'<row r="{y}">{"".join(cells)}</row>'
    last = f"{column(width)}{len(rows)}"
    return text + f'</sheetData><autoFilter ref="A1:{last}"/></worksheet>'


def styles_xml() -> str:
    formats = ("0", "0", "14")  # 14 is the date of the reader's country
    cells = "".join(
        f'<xf numFmtId="{number}" fontId="{int(place == BOLD)}" fillId="0" borderId="0" xfId="0" '
        'applyNumberFormat="1" applyFont="1"/>'
        for place, number in enumerate(formats)
    )
    font = '<sz val="11"/><name val="Calibri"/>'
    return (
        f'<styleSheet xmlns="{MAIN}"><fonts count="2"><font>{font}</font><font><b/>{font}</font>'
        '</fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill>'
        '<patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/>'
        '<right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1">'
        '<xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="3">{cells}</cellXfs><cellStyles count="1"><cellStyle name="Normal" '
        'xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def check(book: dict[str, Any]) -> None:
    names = [str(sheet["name"]) for sheet in book["sheets"]]
    for name in names:
        if not 1 <= len(name) <= 31 or re.search(r"[\[\]:*?/\\]", name):
            sys.exit(f"sheet {name!r}: 1 to 31 characters, none of []:*?/\\")
    if len({name.lower() for name in names}) < len(names):
        sys.exit("two sheets have the same name")


def write(book: dict[str, Any], target: Path) -> None:
    check(book)
    numbers = range(1, len(book["sheets"]) + 1)
    names = [quoteattr(str(sheet["name"])) for sheet in book["sheets"]]
    sheets = "".join(f'<sheet name={names[n - 1]} sheetId="{n}" r:id="r{n}"/>' for n in numbers)
    relations = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{KIND}.worksheet+xml"/>'
        for n in numbers
    )
    files = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Override '
        f'PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/><Override '
        f'PartName="/xl/styles.xml" ContentType="{KIND}.styles+xml"/>{parts}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets>'
        '<calcPr calcId="0" fullCalcOnLoad="1"/></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{relations}'
        f'<Relationship Id="rs" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": styles_xml(),
        **{
            f"xl/worksheets/sheet{n}.xml": sheet_xml(sheet)
            for n, sheet in enumerate(book["sheets"], start=1)
        },
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, HEAD + text)


def read(source: Path) -> str:
    lines: list[str] = []
    with zipfile.ZipFile(source) as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        for name in sorted(names):
            lines.append(f"== {name}")
            root = ElementTree.fromstring(archive.read(name))
            for found in root.iter(f"{{{MAIN}}}c"):
                formula = found.find(f"{{{MAIN}}}f")
                text = "".join(found.itertext()) if formula is None else f"={formula.text}"
                lines.append(f"{found.get('r')}\t{text}")
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1] == "--read":
        sys.stdout.write(read(Path(sys.argv[2])) + "\n")
    else:
        write(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
