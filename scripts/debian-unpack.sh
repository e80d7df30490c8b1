#!/usr/bin/env bash
# debian-unpack.sh DIRECTORY PACKAGE...: unpacks Debian packages, and what they need that this machine lacks, below
# DIRECTORY without being root. Nothing is installed: no script of a package runs, and the machine stays as it was.
set -euo pipefail

directory=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/archives/partial"
options=(-qq -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work" -o "Dir::Cache::archives=$work/archives"
    -o Debug::NoLocking=true -o APT::Sandbox::User=)
apt-get "${options[@]}" update
apt-get "${options[@]}" install --download-only --yes --no-install-recommends "$@" >/dev/null
rm -rf "$directory.new"
mkdir -p "$directory.new"
for package in "$work"/archives/*.deb; do
    dpkg-deb --extract "$package" "$directory.new"
done
rm -rf "$directory"
mv "$directory.new" "$directory"
