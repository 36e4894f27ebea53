#!/bin/sh
# What fuzzing found once, and what it starts from, is run by each build.
set -u
build=${BUILD:-build}
n=0
bad=0
for source in tests/fuzz/fuzz_*.c; do
	name=${source#tests/fuzz/fuzz_}
	name=${name%.c}
	n=$((n + 1))
	log=$build/test-run/fuzz-$name.log
	if "$build/fuzz/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
		echo "ok - $name: $(tail -n 1 "$log")"
	else
		bad=$((bad + 1))
		echo "not ok - $name"
		tail -n 20 "$log" | sed 's/^/# /'
	fi
done
[ "$bad" -gt 0 ] || echo "proves LIB-T-1"
echo 1..$n
