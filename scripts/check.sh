#!/usr/bin/env bash
# Cheap readings of the tree; changes nothing. One line per check: OK, or FAILED after what was found.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
failures=0

# check NAME COMMAND...: the check passes when the command does.
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "check: OK      $name"
    else
        printf '%s\n' "$output" | head -60
        echo "check: FAILED  $name"
        failures=$((failures + 1))
    fi
}

files() { git ls-files --cached --others --exclude-standard -- "$@" | grep -v '^\.venv'; }

swift_style() { swift format lint --strict --parallel --recursive Sources Tests Package.swift; }

# Pure targets decide; they know no NIO, no Foundation and no clock but the one passed in.
pure_targets() {
    ! grep -rnE '^ *((public|internal|package|fileprivate|private) +)?(@[A-Za-z_]+ +)?import +(Foundation|NIO|Dispatch)' \
        Sources/RequestQueue Sources/HTTPCodec Sources/WebSocketCodec Sources/MessageCompression Sources/Telemetry \
        Sources/WorkerLink Sources/RoostWorker \
        Sources/RoostConfiguration
}

# Nothing a client, a worker or a file says may stop the front.
no_traps() { ! grep -rnE 'try!|\bas!' --include='*.swift' Sources; }

no_trailing_space() { ! files '*.swift' '*.py' '*.sh' '*.md' '*.c' '*.h' '*.toml' Makefile .ci/run | xargs grep -nE '[[:blank:]]+$'; }

shell_syntax() {
    local file
    for file in .ci/run scripts/*.sh; do bash -n "$file" || return 1; done
}

# Tests/python/apps/faulty is wrong on purpose.
python_syntax() { files '*.py' | grep -v '/faulty/' | xargs python3 -c 'import ast, sys
for path in sys.argv[1:]:
    ast.parse(open(path, encoding="utf-8").read(), path, feature_version=(3, 9))'; }

check "Swift style (make format mends most of it)" swift_style
check "pure targets import no Foundation and no NIO" pure_targets
check "no try! and no as! in Sources" no_traps
check "no trailing white space" no_trailing_space
check "shell scripts parse" shell_syntax
check "Python parses as 3.9" python_syntax
check "links in the docs lead somewhere, README.ko.md mirrors README.md" python3 scripts/check_docs.py
check "metrics, causes, symbols and defaults in docs and comments are those of the code" python3 scripts/check_names.py
if [ "$failures" -ne 0 ]; then
    echo "check: $failures failed"
    exit 1
fi
