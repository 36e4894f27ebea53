#!/bin/sh
# Keep of all that was found the few inputs that reach all that is reached.
#
#	sh tests/fuzz/merge.sh BUILD/fuzz [HARNESS...]
#
# tests/fuzz/corpus/HARNESS becomes the smallest inputs of itself, of
# BUILD/fuzz/corpus/HARNESS and of BUILD/fuzz/seeds/HARNESS (tests/fuzz/seeds.sh
# makes them) that together pass each place that any of them passes. An input
# with a name of its own, after the defect that it showed, always stays.
set -eu
LC_ALL=C
export LC_ALL
where=$1
shift
if [ $# -eq 0 ]; then
	for source in tests/fuzz/fuzz_*.c; do
		name=${source#tests/fuzz/fuzz_}
		set -- "$@" "${name%.c}"
	done
fi
for name; do
	kept=tests/fuzz/corpus/$name
	merged=$where/merged/$name
	rm -rf "$merged"
	mkdir -p "$merged" "$kept" "$where/corpus/$name" \
		"$where/seeds/$name"
	"$where/$name" -set_cover_merge=1 -use_counters=0 "$merged" "$kept" \
		"$where/seeds/$name" "$where/corpus/$name" \
		>"$where/merge.log" 2>&1 || {
		tail -n 20 "$where/merge.log"
		exit 1
	}
	# Those that the fuzzer named; 12 digits of its 40 are enough.
	find "$kept" -type f | grep -E '/[0-9a-f]{12,40}$' | xargs rm -f
	for input in "$merged"/*; do
		digits=${input##*/}
		cp "$input" "$kept/${digits%"${digits#????????????}"}"
	done
	printf '%-10s %5d inputs  %7d octets\n' "$name" \
		"$(ls "$kept" | wc -l)" "$(cat "$kept"/* | wc -c)"
done
