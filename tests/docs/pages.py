"""Pages of the documentation as data: fenced blocks with the remarks before them, links, headings.

Remarks are HTML comments, so that readers of the rendered page do not see them. On the line before a block:

``<!-- file: train.py -->``      the block is written to this file of the page's folder before anything runs
``<!-- run -->``                 the ``$`` lines of a console block are run too, after the page's Python
``<!-- not run: reason -->``     the block is only checked for syntax

Anywhere in a page: ``<!-- slow -->`` if running it takes more than a few seconds, ``<!-- needs: sklearn -->`` for
a module without which it cannot run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^(\s*)(`{3,}|:{3,})\s*(\S*)")
_REMARK = re.compile(r"^\s*<!--\s*(.*?)\s*-->\s*$")
_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_SOURCE = re.compile(r"<(?:img|source|a)\b[^>]*?\b(?:src|srcset|href)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block. `line` is the number of its first line of text, from 1."""

    language: str
    text: str
    line: int
    remark: str

    def says(self, word: str) -> str | None:
        """What follows `word` in the remark, or None if the remark is another one."""
        if self.remark == word:
            return ""
        return self.remark.removeprefix(word + ":").strip() if self.remark.startswith(word + ":") else None


@dataclass(frozen=True, kw_only=True)
class Page:
    """One Markdown file; `prose` is its text with the fenced blocks blanked out."""

    path: Path
    blocks: tuple[Block, ...]
    prose: str

    def remarks(self, word: str) -> list[str]:
        """What follows `word` in the page's remarks outside of blocks; "" for the bare word."""
        found = [match[1] for line in self.prose.splitlines() if (match := _REMARK.match(line))]
        return [r.removeprefix(word).lstrip(": ") for r in found if r.split(":")[0] == word]

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    def python(self) -> list[Block]:
        """The Python blocks that run, in order."""
        return [
            b for b in self.blocks if b.language == "python" and b.says("file") is None and b.says("not run") is None
        ]

    def links(self) -> list[tuple[int, str]]:
        """(line, target) of every link and image."""
        text = re.sub(r"`[^`\n]*`", "", self.prose)
        return [
            (text.count("\n", 0, match.start()) + 1, match[1])
            for pattern in (_LINK, _SOURCE)
            for match in pattern.finditer(text)
        ]

    def anchors(self) -> set[str]:
        """Names by which headings can be linked, as GitHub and MyST make them."""
        titles = [match[1] for line in self.prose.splitlines() if (match := _HEADING.match(line))]
        return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def read(path: Path) -> Page:
    """Read a Markdown file."""
    blocks: list[Block] = []
    prose: list[str] = []
    fence, language, remark, start, inside = "", "", "", 0, []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        match = _FENCE.match(line)
        if not fence and match and match[2][0] == "`":
            fence, language, start, inside = match[2], match[3].strip("{}"), number + 1, []
            before = _REMARK.match(prose[-1]) if prose else None
            remark = before[1] if before else ""
        elif fence and line.strip().startswith(fence):
            text = "\n".join(inside) + "\n"
            blocks.append(Block(language=language, text=text, line=start, remark=remark))
            fence = ""
        elif fence:
            inside.append(line)
            prose.append("")
            continue
        else:
            prose.append(line)
            continue
        prose.append("")
    assert not fence, f"{path}: the block that starts at line {start - 1} has no end"
    return Page(path=path, blocks=tuple(blocks), prose="\n".join(prose))


def pages() -> list[Page]:
    """README and all pages under docs."""
    found = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
    found += [ROOT / "benchmarks" / "README.md"]
    return [read(path) for path in found if "_build" not in path.parts]
