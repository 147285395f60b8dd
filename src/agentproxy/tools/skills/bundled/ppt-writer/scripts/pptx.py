"""Makes a presentation from an outline, or shows the text of one.

python3 pptx.py IN.md OUT.pptx
python3 pptx.py --read FILE.pptx
"""

import re
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

A = "http://schemas.openxmlformats.org/drawingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
NAMES = f'xmlns:a="{A}" xmlns:r="{OFFICE}" xmlns:p="{P}"'
EMPTY = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
WIDE, HIGH = 12192000, 6858000  # 16:9
MAX_POINTS, MAX_WORDS = 7, 14
COLOURS = {
    "dk1": "1F2328", "lt1": "FFFFFF", "dk2": "0B3D5C", "lt2": "F2F4F7", "accent1": "0B6FB8",
    "accent2": "2E8B57", "accent3": "C05A00", "accent4": "7A4FA3", "accent5": "B03060",
    "accent6": "5F6B7A", "hlink": "0B6FB8", "folHlink": "7A4FA3",
}  # fmt: skip


@dataclass
class Slide:
    title: str
    first: bool = False
    points: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    notes: list[str] = field(default_factory=list[str])


def outline(text: str) -> list[Slide]:
    slides: list[Slide] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        heading = re.match(r"(#{1,2})\s+(.*)", line)
        point = re.match(r"(\s*)[-*]\s+(.*)", line)
        if heading:
            slides.append(Slide(heading[2], first=heading[1] == "#"))
        elif not slides or not line.strip():
            continue
        elif line.startswith(">"):
            slides[-1].notes.append(line[1:].strip())
        elif point:
            slides[-1].points.append((min(len(point[1]) // 2, 4), point[2]))
        else:
            slides[-1].points.append((0, line.strip()))
    return slides


def box(number: int, name: str, body: str, *, place: tuple[int, int, int, int]) -> str:
    x, y, wide, high = place
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="{name} {number}"/><p:cNvSpPr txBox="1"/>'
        f'<p:nvPr/></p:nvSpPr><p:spPr><a:xfrm><a:off x="{x}" y="{y}"/><a:ext cx="{wide}" '
        f'cy="{high}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr>'
        f'<p:txBody><a:bodyPr wrap="square"><a:normAutofit/></a:bodyPr><a:lstStyle/>{body}'
        "</p:txBody></p:sp>"
    )


def text_of(text: str, size: int, colour: str, *, bold: bool = False, look: str = "") -> str:
    return (
        f'<a:p>{look}<a:r><a:rPr lang="en-US" sz="{size * 100}" b="{int(bold)}"><a:solidFill>'
        f'<a:schemeClr val="{colour}"/></a:solidFill></a:rPr><a:t>{escape(text)}</a:t></a:r></a:p>'
    )


def slide_xml(slide: Slide) -> str:
    left, wide = 720000, WIDE - 1440000
    title = text_of(slide.title, 44 if slide.first else 30, "tx2", bold=True)
    points = ""
    for level, text in slide.points:
        indent = 342900 * (level + 1)
        look = "" if slide.first else (
            f'<a:pPr marL="{indent}" indent="-285750"><a:spcBef><a:spcPts val="900"/></a:spcBef>'
            '<a:buFont typeface="Arial"/><a:buChar char="•"/></a:pPr>'
        )  # fmt: skip
        points += text_of(text, 20 if slide.first or level == 0 else 17, "tx1", look=look)
    top, high = (2200000, 1500000) if slide.first else (420000, 1100000)
    shapes = box(2, "Title", title, place=(left, top, wide, high))
    if points:
        below = top + high + 150000
        shapes += box(3, "Points", points, place=(left, below, wide, HIGH - below - 400000))
    return (
        f"<p:sld {NAMES}><p:cSld><p:spTree>{EMPTY}{shapes}</p:spTree></p:cSld><p:clrMapOvr>"
        "<a:masterClrMapping/></p:clrMapOvr></p:sld>"
    )


def theme_xml() -> str:
    colours = "".join(f'<a:{n}><a:srgbClr val="{v}"/></a:{n}>' for n, v in COLOURS.items())
    font = '<a:latin typeface="Calibri"/><a:ea typeface=""/><a:cs typeface=""/>'
    fill = '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>'
    line = f'<a:ln w="9525">{fill}</a:ln>'
    effect = "<a:effectStyle><a:effectLst/></a:effectStyle>"
    return (
        f'<a:theme xmlns:a="{A}" name="Plain"><a:themeElements><a:clrScheme name="Plain">{colours}'
        f'</a:clrScheme><a:fontScheme name="Plain"><a:majorFont>{font}</a:majorFont><a:minorFont>'
        f'{font}</a:minorFont></a:fontScheme><a:fmtScheme name="Plain"><a:fillStyleLst>{fill * 3}'
        f"</a:fillStyleLst><a:lnStyleLst>{line * 3}</a:lnStyleLst><a:effectStyleLst>{effect * 3}"
        f"</a:effectStyleLst><a:bgFillStyleLst>{fill * 3}</a:bgFillStyleLst></a:fmtScheme>"
        "</a:themeElements></a:theme>"
    )


def master_xml() -> str:
    pairs = {"bg1": "lt1", "tx1": "dk1", "bg2": "lt2", "tx2": "dk2"}
    pairs |= {name: name for name in COLOURS if name.startswith(("accent", "hlink", "folHlink"))}
    colours = " ".join(f'{name}="{value}"' for name, value in pairs.items())
    return (
        f'<p:sldMaster {NAMES}><p:cSld><p:bg><p:bgPr><a:solidFill><a:schemeClr val="bg1"/>'
        f"</a:solidFill><a:effectLst/></p:bgPr></p:bg><p:spTree>{EMPTY}</p:spTree></p:cSld>"
        f'<p:clrMap {colours}/><p:sldLayoutIdLst><p:sldLayoutId id="2147483649" r:id="r1"/>'
        "</p:sldLayoutIdLst></p:sldMaster>"
    )


def relations(*targets: tuple[str, str, str]) -> str:
    rows = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for name, kind, target in targets
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'


def write(slides: list[Slide], target: Path) -> None:
    numbers = range(1, len(slides) + 1)
    kinds = {
        "presentation": "presentation.main",
        "slideMasters/slideMaster1": "slideMaster",
        "slideLayouts/slideLayout1": "slideLayout",
        **{f"slides/slide{n}": "slide" for n in numbers},
    }
    parts = "".join(
        f'<Override PartName="/ppt/{name}.xml" ContentType="{KIND}.presentationml.{kind}+xml"/>'
        for name, kind in kinds.items()
    )
    ids = "".join(f'<p:sldId id="{255 + n}" r:id="s{n}"/>' for n in numbers)
    layout = ("r1", "slideLayout", "../slideLayouts/slideLayout1.xml")
    files = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{parts}<Override PartName='
        f'"/ppt/theme/theme1.xml" ContentType="{KIND}.theme+xml"/></Types>',
        "_rels/.rels": relations(("r1", "officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f"<p:presentation {NAMES}><p:sldMasterIdLst><p:sldMasterId "
        f'id="2147483648" r:id="r1"/></p:sldMasterIdLst><p:sldIdLst>{ids}</p:sldIdLst>'
        f'<p:sldSz cx="{WIDE}" cy="{HIGH}"/><p:notesSz cx="{HIGH}" cy="9144000"/></p:presentation>',
        "ppt/_rels/presentation.xml.rels": relations(
            ("r1", "slideMaster", "slideMasters/slideMaster1.xml"),
            ("r2", "theme", "theme/theme1.xml"),
            *((f"s{n}", "slide", f"slides/slide{n}.xml") for n in numbers),
        ),
        "ppt/theme/theme1.xml": theme_xml(),
        "ppt/slideMasters/slideMaster1.xml": master_xml(),
        "ppt/slideMasters/_rels/slideMaster1.xml.rels": relations(
            layout, ("r2", "theme", "../theme/theme1.xml")
        ),
        "ppt/slideLayouts/slideLayout1.xml": f'<p:sldLayout {NAMES} type="blank"><p:cSld '
        f'name="Blank"><p:spTree>{EMPTY}</p:spTree></p:cSld><p:clrMapOvr><a:masterClrMapping/>'
        "</p:clrMapOvr></p:sldLayout>",
        "ppt/slideLayouts/_rels/slideLayout1.xml.rels": relations(
            ("r1", "slideMaster", "../slideMasters/slideMaster1.xml")
        ),
    }
    for number, slide in enumerate(slides, start=1):
        files[f"ppt/slides/slide{number}.xml"] = slide_xml(slide)
        files[f"ppt/slides/_rels/slide{number}.xml.rels"] = relations(layout)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, HEAD + text)


def write_notes(slides: list[Slide], target: Path) -> None:
    rows = [f"{n}. {s.title}\n" + "\n".join(s.notes) for n, s in enumerate(slides, 1) if s.notes]
    if rows:
        target.with_name(target.name + ".notes.txt").write_text("\n\n".join(rows) + "\n", "utf-8")


def warnings(slides: list[Slide]) -> list[str]:
    found: list[str] = []
    for number, slide in enumerate(slides, start=1):
        if len(slide.points) > MAX_POINTS:
            found.append(f"slide {number} has {len(slide.points)} points")
        if any(len(text.split()) > MAX_WORDS for _, text in slide.points):
            found.append(f"slide {number} has a point of more than {MAX_WORDS} words")
    return found


def read(source: Path) -> str:
    lines: list[str] = []
    with zipfile.ZipFile(source) as archive:
        count = sum(name.startswith("ppt/slides/slide") for name in archive.namelist())
        for number in range(1, count + 1):
            lines.append(f"== slide {number}")
            root = ElementTree.fromstring(archive.read(f"ppt/slides/slide{number}.xml"))
            lines += [
                "".join(each.text or "" for each in found.iter(f"{{{A}}}t"))
                for found in root.iter(f"{{{A}}}p")
            ]
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1] == "--read":
        sys.stdout.write(read(Path(sys.argv[2])) + "\n")
    else:
        made = outline(Path(sys.argv[1]).read_text(encoding="utf-8"))
        if not made:
            sys.exit("the outline has no line that begins with # or ##")
        write(made, Path(sys.argv[2]))
        write_notes(made, Path(sys.argv[2]))
        sys.stdout.write("\n".join([f"{len(made)} slides", *warnings(made)]) + "\n")
