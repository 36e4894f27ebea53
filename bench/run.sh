#!/bin/sh
# Run what was built into DIR, each bench with so many rounds; tables in
# Markdown to stdout and DIR/NAME.md, plots to DIR/NAME.svg.
#
#	sh bench/run.sh DIR ROUNDS
set -u
dir=$1
rounds=$2
status=0

# bench NAME TITLE
bench()
{
	"$dir/$1" "$rounds" "$dir/$1.tsv" >"$dir/$1.md" &&
	sh bench/plot.sh "$2" <"$dir/$1.tsv" >"$dir/$1.svg" ||
	{
		status=1
		return
	}
	cat "$dir/$1.md"
	echo
}

bench encoders 'Encoders: MB of input in a second of CPU time'
bench attachment '25 MiB attachment to loopback: speed, octets ready = 100 %'
exit $status
