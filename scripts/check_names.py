"""Checks names and figures in the documents against the code: metrics and their causes in docs/metrics.md, DocC links in
comments, and the defaults of options that prose names with a figure in parentheses."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\n")
    return [ROOT / name for name in listed if name and not name.startswith(".venv") and (ROOT / name).exists()]


SWIFT = {path: path.read_text(encoding="utf-8") for path in tracked("Sources/**.swift")}
CODE = "\n".join(SWIFT.values())


def raw_values(enumeration):
    """The raw values of all enumerations of strings of this name, as a set."""
    found = set()
    for match in re.finditer(r"^( *)(?:public |package )?enum %s: String\b.*?\n\1}" % enumeration, CODE, flags=re.M | re.S):
        for line in re.findall(r"^ *case (.+)$", match.group(0).split("\n\n    var ")[0], flags=re.M):
            if ":" in line.split('"')[0]:
                continue  # a case of a switch
            for case in line.split(","):
                name, _, value = case.partition("=")
                found.add(value.strip().strip('"') or name.strip().strip("`"))
    return found


# Where each metric's label has its values; what is not listed here is free or a number.
LABELS = {
    "roost_failed_total": ("FailureCause",),
    "roost_cut_total": ("FailureCause",),
    "roost_retries_total": ("RetryCause",),
    "roost_clients_left_total": ("ClientLeft",),
}


def metrics():
    page = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    exported = set(re.findall(r'"(roost_[a-z_]+)"', SWIFT[ROOT / "Sources/Telemetry/PrometheusText.swift"]))
    written = set(re.findall(r"\broost_[a-z_]+", page))
    for name in sorted(written - exported):
        yield "docs/metrics.md: %s is exported by no code" % name
    for name in sorted(exported - written):
        yield "docs/metrics.md: %s is exported, and not there" % name
    for row in page.split("\n"):
        cells = row.split("|")
        for name, enumerations in LABELS.items():
            if len(cells) > 3 and re.search(r"`%s\b" % name, cells[1]) and "same causes" not in cells[3]:
                counted = set().union(*map(raw_values, enumerations))
                told = set(re.findall(r"`([a-z_]+)`", cells[3]))
                if told != counted:
                    yield "docs/metrics.md: %s has %s, the code %s" % (name, sorted(told), sorted(counted))
    causes = page.split("## Causes of refusal")[1].split("\n## ")[0]
    literals = set(re.findall(r'"([a-z_]+)"', CODE)) | raw_values("RefusalCause") | raw_values("Cause")
    for cause in re.findall(r"`([a-z_]+)`", "\n".join(row.split("|")[1] for row in causes.split("\n") if row.count("|") > 2)):
        if cause not in literals:
            yield "docs/metrics.md: the cause %s is counted nowhere" % cause


def symbol_links():
    declared = set(re.findall(
        r"\b(?:class|struct|enum|actor|protocol|typealias|func|var|let|case|associatedtype|init)\s+`?(\w+)`?", CODE
    ))
    for cases in re.findall(r"^ *(?:indirect )?case (.+)$", CODE, flags=re.M):
        declared.update(re.findall(r"\w+", cases))
    declared |= {path.stem for path in SWIFT} | {"init", "subscript"}
    for path, text in SWIFT.items():
        for number, line in enumerate(text.split("\n"), 1):
            if not line.lstrip().startswith("//"):
                continue
            for link in re.findall(r"``([^`]+)``", line):
                for part in link.split("/"):
                    name = re.match(r"[\w]+", part)
                    if name is None or name.group(0) not in declared:
                        yield "%s:%d: ``%s`` leads to nothing that is declared" % (path.relative_to(ROOT), number, link)
                        break


UNITS = {
    "": 1, "ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600,
    "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "KB": 10**3, "MB": 10**6, "GB": 10**9,
}


def amount(text):
    match = re.fullmatch(r"([\d,.]+) ?([A-Za-z]*)", text.strip())
    if match is None or match.group(2) not in UNITS:
        return None
    return float(match.group(1).replace(",", "")) * UNITS[match.group(2)]


def figures():
    reference = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    defaults = dict(re.findall(r"^### ([a-z-]+)\n.*?^- Default: `([^`]*)`", reference, flags=re.M | re.S))
    for path in tracked("docs/*.md", "README.md", "README.ko.md"):
        text = path.read_text(encoding="utf-8")
        if path.name == "coming-from.md":
            # The first column has the other servers' options.
            text = "\n".join("|".join(row.split("|")[2:]) for row in text.split("\n"))
        for name, figure in re.findall(r"`-{0,2}([a-z]+(?:-[a-z]+)*)` \((\d[^),;]*)\)", text):
            said, right = amount(figure), amount(defaults.get(name, ""))
            if said is not None and right is not None and said != right:
                yield "%s: `%s` (%s), but the default is %s" % (path.relative_to(ROOT), name, figure, defaults[name])


problems = [*metrics(), *symbol_links(), *figures()]
print("\n".join(problems))
sys.exit(1 if problems else 0)
