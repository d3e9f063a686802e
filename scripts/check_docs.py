"""Checks that relative links in the Markdown files lead to files and headings that are there, and that README.ko.md
has the headings' structure, the code but for its comments, and the links of README.md."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


def headings(text):
    return re.findall(r"^(#+) +(.+?) *$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), flags=re.M)


def anchor(heading):
    """The name that GitHub gives a heading: lower case, punctuation left out, spaces to hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")


def markdown_files():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\n")
    return [ROOT / name for name in listed if name and not name.startswith(".venv") and (ROOT / name).exists()]


def broken_links(path):
    for link in LINK.findall(without_code(path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, fragment = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists():
            yield f"{path.relative_to(ROOT)}: {link} leads to no file"
        elif fragment and target.suffix == ".md":
            names = {anchor(title) for _, title in headings(target.read_text(encoding="utf-8"))}
            if fragment not in names:
                yield f"{path.relative_to(ROOT)}: {link} leads to no heading (there are: {', '.join(sorted(names))})"


def differences_of_translation(original, translation):
    first, second = (path.read_text(encoding="utf-8") for path in (original, translation))
    for what, look in {
        "heading levels": lambda text: [level for level, _ in headings(text)],
        # Their comments are translated.
        "code blocks": lambda text: [
            re.sub(r" *#.*", "", block) for block in re.findall(r"^```.*?^```", text, flags=re.M | re.S)
        ],
        "links": lambda text: sorted(link for link in LINK.findall(without_code(text)) if "README" not in link),
    }.items():
        if look(first) != look(second):
            yield f"{translation.name}: {what} differ from {original.name}: {look(first)} against {look(second)}"


problems = [problem for path in markdown_files() for problem in broken_links(path)]
problems += differences_of_translation(ROOT / "README.md", ROOT / "README.ko.md")
print("\n".join(problems))
sys.exit(1 if problems else 0)
