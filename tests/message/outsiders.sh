#!/bin/sh
# The builder's messages before three parsers that are not ours: Python's email
# package, GMime, and nodemailer's mailparser. Run by hand or by CI, since it
# needs more than a compiler: python3 with gi and GMime 3.0 (Debian: python3-gi
# gir1.2-gmime-3.0), node and npm.
#
#	BUILD=build sh tests/message/outsiders.sh [count]
set -u
BUILD=${BUILD:-build}
here=$(cd "$(dirname "$0")" && pwd)
count=${1:-300}
work=$BUILD/outsiders
status=0

for tool in python3 node npm; do
	command -v $tool >/dev/null 2>&1 || {
		echo "not ok - $tool is missing"
		exit 1
	}
done
# The modules of the system may be another python's than the first in PATH.
gmime=
for python in python3 /usr/bin/python3; do
	[ -n "$gmime" ] || ! $python -c 'import gi
gi.require_version("GMime", "3.0")' 2>/dev/null || gmime=$python
done
if [ -z "$gmime" ]; then
	echo "not ok - GMime 3.0 for python is missing"
	exit 1
fi
mkdir -p "$work/npm" || exit 1
python3 "$here/readback.py" "$BUILD/tests/message" "$work" "$count" ||
	status=1
$gmime "$here/readback_gmime.py" "$work" "$count" || status=1
[ -d "$work/npm/node_modules/mailparser" ] ||
	npm --prefix "$work/npm" install --silent mailparser@3.6.5 || exit 1
module=$(cd "$work/npm/node_modules/mailparser" && pwd) || exit 1
node "$here/readback_mailparser.js" "$module" "$work" "$count" \
	>"$work/mailparser.json" || status=1
python3 "$here/readback_mailparser.py" "$count" <"$work/mailparser.json" ||
	status=1
exit $status
