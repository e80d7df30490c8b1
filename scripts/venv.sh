#!/usr/bin/env bash
# Makes .venv from the machine's Python, with pip in it. Needs Python 3.11 or later; on Debian, venv is a package of its own.
set -euo pipefail

for candidate in "${PYTHON:-}" python3.11 python3; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "${python:-}" ]; then
    echo "Python 3.11 or later is needed: apt-get install python3" >&2
    exit 1
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing python3-venv …"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
    else
        echo "Python's venv module is missing. Have an administrator run: apt-get install python3-venv" >&2
        exit 1
    fi
fi

rm -rf .venv
"$python" -m venv .venv
