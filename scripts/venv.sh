#!/usr/bin/env bash
# Makes .venv, with pip in it, from the machine's Python (3.11 or later; PYTHON=… chooses). Debian ships the pip of new
# environments as a package of its own: as root it is installed if missing, otherwise unpacked for this one use.
set -euo pipefail

for candidate in "${PYTHON:-}" python3.11 python3; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "${python:-}" ]; then
    echo "Python 3.11 or later is needed: apt-get install python3" >&2
    exit 1
fi

rm -rf .venv
if "$python" -c 'import ensurepip' 2>/dev/null; then
    "$python" -m venv .venv
elif ! command -v apt-get >/dev/null; then
    echo "Python's ensurepip module is missing: install your system's package of Python's venv" >&2
    exit 1
elif [ "$(id -u)" = 0 ]; then
    echo "Installing python3-venv …"
    DEBIAN_FRONTEND=noninteractive apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
    "$python" -m venv .venv
else
    echo "Fetching pip …"
    bash scripts/debian-unpack.sh var/pip python3-pip-whl
    "$python" -m venv --without-pip .venv
    wheel=$(echo var/pip/usr/share/python-wheels/pip-*.whl)
    PYTHONPATH=$wheel .venv/bin/python -m pip install --quiet --no-index "$wheel"
    rm -rf var/pip
fi
