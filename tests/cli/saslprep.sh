#!/bin/sh
# The tables of SASLprep are what tools/saslprep.py makes, and the digests of
# tests/test_saslprep.c are Python's.
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
python3 tools/saslprep.py >"$work/table"
if cmp "$work/table" lib/text/saslprep_table.c; then
	echo 'ok - the tables are made by the script'
else
	echo 'not ok - the tables are made by the script'
fi
python3 tools/saslprep.py check >"$work/python"
sed -n 's/^	"\([0-9a-f]\{64\}\)",$/\1/p' tests/test_saslprep.c >"$work/test"
if [ -s "$work/test" ] && cmp "$work/python" "$work/test"; then
	echo 'ok - the test has the digests of Python'
else
	echo 'not ok - the test has the digests of Python'
fi
