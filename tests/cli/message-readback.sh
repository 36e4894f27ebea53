#!/bin/sh
# What the builder writes, read back by a parser that is not ours.
set -u
BUILD=${BUILD:-build}
here=$(dirname "$0")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

if ! command -v python3 >/dev/null 2>&1; then
	echo "not ok - python3 is missing, which reads the messages back"
	exit 1
fi
python3 "$here/../message/readback.py" "$BUILD/tests/message" "$work" 200
