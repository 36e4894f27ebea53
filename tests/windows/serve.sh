#!/bin/sh
# A program of this system for a test that runs under Wine, which can start it
# but neither hold its input open nor read its output.
#
#	sh tests/windows/serve.sh DIR PROGRAM ARGUMENT...
#
# Its output goes to DIR/banner; it is told to end by DIR/stop, and at the
# latest in two minutes; then DIR/ended has its status.
set -u
dir=$1
shift
{
	n=0
	until [ -e "$dir/stop" ] || [ $n -gt 1200 ]; do
		sleep 0.1
		n=$((n + 1))
	done
} | "$@" >"$dir/banner" 2>"$dir/errors"
echo $? >"$dir/ended"
