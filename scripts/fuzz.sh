#!/usr/bin/env bash
# Coverage-guided fuzzing: fuzz.sh [SECONDS], for each of the three targets, 20 by default. One line each; fails on a crash.
#
#   RequestHead      request heads, chunked bodies, PROXY headers, response heads: judged the same wherever they are cut
#   WebSocketFrames  what a client sends on a WebSocket: heard the same wherever it is cut, and text is UTF-8; compressed
#                    messages likewise, and what the server compresses is what it was
#   WorkerFrames     a worker that keeps no rule, against the front's end of the shared memory
#
# What was found once is kept in .build/fuzz/corpus, and an input that crashes in .build/fuzz/crashes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-20}
[[ $seconds =~ ^[0-9]+$ ]] && ((seconds > 0)) || { echo "fuzz: '$seconds' is no number of seconds" >&2; exit 2; }
scratch=${FUZZ_SCRATCH:-.build/fuzz}
mkdir -p "$scratch"

probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
printf '@_cdecl("LLVMFuzzerTestOneInput") public func f(_ d: UnsafePointer<UInt8>, _ n: Int) -> CInt { 0 }\n' >"$probe/f.swift"
if ! (cd "$probe" && swiftc -sanitize=fuzzer,address -parse-as-library f.swift -o f) >"$probe/log" 2>&1; then
    echo "fuzz: skipped, this toolchain has no fuzzer runtime"
    exit 0
fi

if ! swift build --package-path Fuzz --scratch-path "$scratch/build" -c release \
    >"$scratch/build.log" 2>&1; then
    tail -40 "$scratch/build.log"
    echo "fuzz: FAILED  does not build"
    exit 1
fi

# The hostile requests of the tests, behind the three bytes that choose what they are and where they are cut.
mkdir -p "$scratch"/corpus/{RequestHead,WebSocketFrames,WorkerFrames} "$scratch/crashes"
python3 - Tests/Fixtures/hostile-requests.json "$scratch/corpus/RequestHead" <<'PYTHON'
import base64, json, pathlib, sys

for number, entry in enumerate(json.loads(pathlib.Path(sys.argv[1]).read_text())):
    seed = bytes([0, 40, 20]) + base64.b64decode(entry["bytes"])
    if len(seed) <= 4096:
        pathlib.Path(sys.argv[2], f"seed-{number}").write_bytes(seed)
pathlib.Path(sys.argv[2], "seed-proxy-1").write_bytes(b"\1\5\0PROXY TCP4 192.0.2.1 192.0.2.2 4321 80\r\n")
pathlib.Path(sys.argv[2], "seed-proxy-2").write_bytes(
    b"\1\5\0\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\1\2\3\4\5\6\7\x08\0\x50\x01\xbb")
head = (200).to_bytes(2, "little") + (2).to_bytes(2, "little") + (1).to_bytes(2, "little") + bytes(2) + b"OK"
field = (14).to_bytes(2, "little") + bytes(2) + (1).to_bytes(4, "little") + b"Content-Length5"
pathlib.Path(sys.argv[2], "seed-response").write_bytes(b"\2\0\5" + head + field)
pathlib.Path(sys.argv[2], "seed-texts").write_bytes(b"\3\0\0" + b"2001:db8::1/32")
PYTHON
python3 - "$scratch/corpus/WorkerFrames" <<'PYTHON'
import pathlib, sys

def frame(kind, flags, payload):
    return bytes([0, kind, flags, 0, len(payload)]) + payload

head = (200).to_bytes(2, "little") + bytes(6)
response = len(head).to_bytes(4, "little") + bytes(4) + (2).to_bytes(8, "little") + bytes(8) + head + b"ok"
plays = [
    frame(16, 1, response),
    frame(16, 0, response) + frame(17, 0, b"more") + frame(18, 0, b"") + bytes([7]) + frame(16, 1, response),
    frame(16, 0, response) + frame(20, 0, bytes(16)) + frame(19, 0, b"why"),
    frame(21, 0, b"\3a line") + bytes([5, 9, 5, 9, 6, 7]),
]
for number, play in enumerate(plays):
    pathlib.Path(sys.argv[1], f"seed-{number}").write_bytes(play)
PYTHON
python3 - "$scratch/corpus/WebSocketFrames" <<'PYTHON'
import pathlib, sys, zlib

def squeezed(message):
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH)[:-4]

def frame(opcode, payload, fin=True):
    return bytes([(0x80 if fin else 0) | opcode, 0x80 | len(payload)]) + bytes(4) + payload

plays = [
    frame(1, "κόσμε 🐓".encode()) + frame(9, b"ping") + frame(8, b"\x03\xe8bye"),
    frame(2, b"ab", False) + frame(10, b"") + frame(0, b"cd", False) + frame(0, b""),
    bytes([0x82, 0xfe, 0, 200]) + bytes(4) + b"x" * 200,
    bytes([0xc1, 0x87]) + bytes(4) + bytes.fromhex("f248cdc9c90700"),
    squeezed("κόσμε 🐓".encode() * 9),
    squeezed(bytes(300_000)),
    bytes.fromhex("f3480500 000300fcff6c6c6f00"),
    bytes([0x82, 0xff]) + (70_000).to_bytes(8, "big") + bytes(4) + b"x" * 100,
]
for number, play in enumerate(plays):
    pathlib.Path(sys.argv[1], f"seed-{number}").write_bytes(b"\0\6\x40" + play)
PYTHON

status=0
for target in RequestHead WebSocketFrames WorkerFrames; do
    log=$scratch/$target.log
    # Without Swift's own backtrace: it reads memory as it likes, and the sanitizer takes that for the bug.
    if SWIFT_BACKTRACE=enable=no "$scratch/build/release/$target" -max_total_time="$seconds" -max_len=4096 -timeout=5 -print_final_stats=1 \
        -artifact_prefix="$scratch/crashes/$target-" "$scratch/corpus/$target" >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        covered=$(sed -n 's|.* cov: \([0-9]*\) .*|\1|p' "$log" | tail -1)
        if [[ -z $covered ]]; then
            # Built without coverage it would find nothing and say that all is well.
            status=1
            echo "fuzz: FAILED  $target: built without coverage, see $log"
            continue
        fi
        echo "fuzz: OK      $target: $runs inputs in $seconds s, $covered edges reached"
    else
        status=1
        grep -E 'Fatal error|ERROR|SUMMARY|Test unit written' "$log" | head -20 || tail -20 "$log"
        echo "fuzz: FAILED  $target: see $log and $scratch/crashes"
    fi
done
exit $status
