#!/bin/sh
# Unpack Debian's memcached and its libraries into a folder, without root; tests/data/storage/ starts it.
# Best effort: with memcached on PATH there is nothing to do, and where it cannot be had the tests skip.
# Usage: install_memcached.sh FOLDER
set -u
folder=$1
mkdir -p "$folder"
if command -v memcached >/dev/null 2>&1; then
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg >/dev/null 2>&1; then
    echo "no memcached on PATH, and no apt-get to fetch it: its tests will be skipped" >&2
    exit 0
fi
download=$(mktemp -d)
trap 'rm -rf "$download"' EXIT
cd "$folder" || exit 0
unpacked=$(pwd)
libraries=$(apt-cache depends memcached 2>/dev/null | sed -n 's/^ *Depends: \(lib\(event\|sasl2\)[^ ]*\)$/\1/p')
cd "$download" || exit 0
# shellcheck disable=SC2086 - several names
if apt-get download memcached $libraries >log 2>&1; then
    for package in *.deb; do
        dpkg -x "$package" "$unpacked"
    done
else
    echo "memcached cannot be fetched, its tests will be skipped: $(tail -n 1 log)" >&2
fi
exit 0
