#!/usr/bin/env bash
# Makes this machine ready for a chore: setup.sh build | run | run-streamlit | test | light-frameworks | frameworks | pythons | bench
#
# Debian packages are installed when we are root or sudo asks for no password; otherwise what is missing is named.
# Python packages go to .venv, .venv-frameworks and .venv-pythons, never anywhere else. A second run finds everything there and says nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "setup: $*"; }

# The command with the rights to install, or nothing.
privileged() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# debian NEEDED|WANTED PACKAGE...: installs packages; when that cannot be done, NEEDED ends the chore, WANTED goes on.
debian() {
    local importance=$1
    shift
    say "installing Debian's $* (apt-get)"
    if command -v apt-get >/dev/null \
        && { privileged env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null 2>&1 \
            || { privileged apt-get update -qq >/dev/null 2>&1 \
                && privileged env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null 2>&1; }; }; then
        return 0
    fi
    say "could not install: $*. Please run: sudo apt-get install $*"
    [ "$importance" = WANTED ] || exit 1
}

needs_swift() {
    command -v swift >/dev/null || { say "Swift 6.3 is not on PATH: see https://www.swift.org/install/linux/"; exit 1; }
}

# needs_venv [DIRECTORY [PYTHON]]: a virtual environment, .venv unless another is named.
needs_venv() {
    local venv=${1:-.venv} python=${2:-python3}
    command -v python3 >/dev/null || debian NEEDED python3
    [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 && return
    "$python" -c 'import ensurepip, venv' 2>/dev/null || debian NEEDED python3-venv
    say "creating $venv with $("$python" --version)"
    "$python" -m venv "$venv"
}

# needs_packages FILE [DIRECTORY]: installs a requirements file once, and again when it changes.
needs_packages() {
    local mark venv=${2:-.venv}
    mark=$venv/installed-$(echo "$1" | tr / -)
    cmp -s "$1" "$mark" && return
    say "installing $1 into $venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$1"
    cp "$1" "$mark"
}

for chore in "$@"; do
    case $chore in
    build)
        needs_swift
        [ -e /usr/include/zlib.h ] || debian NEEDED zlib1g-dev
        ;;
    run)
        needs_venv
        needs_packages examples/requirements.txt
        ;;
    run-streamlit)
        needs_venv
        .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
            say "Streamlit needs Python 3.11 or later, and .venv has $(.venv/bin/python --version)"
            exit 1
        }
        needs_packages examples/requirements-streamlit.txt
        ;;
    test)
        needs_venv
        needs_packages examples/requirements.txt
        needs_packages Tests/acceptance/requirements.txt
        command -v chromium >/dev/null || command -v google-chrome >/dev/null || debian WANTED chromium
        compgen -G "/usr/lib/*/faketime/libfaketime.so.1" >/dev/null || debian WANTED libfaketime
        ;;
    # Apart from .venv: Dash changes how it runs callbacks where Django's asgiref can be imported.
    light-frameworks)
        needs_venv .venv-frameworks
        needs_packages Tests/frameworks/requirements-light.txt .venv-frameworks
        ;;
    frameworks)
        needs_venv .venv-frameworks
        needs_packages Tests/frameworks/requirements-light.txt .venv-frameworks
        needs_packages Tests/frameworks/requirements.txt .venv-frameworks
        ;;
    # One for each CPython of the machine, with the newest of the frameworks that it can have.
    pythons)
        needs_venv
        while read -r version python; do
            needs_venv ".venv-pythons/$version" "$python"
            needs_packages Tests/frameworks/requirements-pythons.txt ".venv-pythons/$version"
        done < <(.venv/bin/python Tests/acceptance/pythons.py)
        ;;
    bench)
        python3 -c 'import ensurepip, venv' 2>/dev/null || debian NEEDED python3-venv
        command -v wrk >/dev/null || debian NEEDED wrk
        ;;
    *)
        say "no such chore: $chore"
        exit 2
        ;;
    esac
done
