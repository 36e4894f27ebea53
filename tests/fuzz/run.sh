#!/bin/sh
# Run each harness for some seconds, from what was found before.
#
#	sh tests/fuzz/run.sh BUILD/fuzz SECONDS
#
# What it finds worth keeping stays in BUILD/fuzz/corpus; an input that breaks
# something in BUILD/fuzz/found, whose name is printed. It belongs into
# tests/fuzz/corpus/HARNESS then, where every `make test' runs it.
set -u
LC_ALL=C
export LC_ALL
where=$1
seconds=$2
passed=0
failed=0
mkdir -p "$where/found"

echo 'harness        runs      a second  corpus'
for source in tests/fuzz/fuzz_*.c; do
	name=${source#tests/fuzz/fuzz_}
	name=${name%.c}
	mkdir -p "$where/corpus/$name"
	log=$where/$name.log
	"$where/$name" -max_total_time="$seconds" -max_len=4096 -timeout=10 \
		-rss_limit_mb=4096 -print_final_stats=1 -verbosity=1 \
		-artifact_prefix="$where/found/$name-" \
		"$where/corpus/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1
	status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
	if [ $status -eq 0 ] && [ "${runs:-0}" -gt 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		grep -vE '^#[0-9]' "$log" | tail -n 40 | sed 's/^/      | /'
	fi
	printf '%-10s %8s  %12s  %6d\n' "$name" "${runs:--}" "${rate:--}" \
		"$(ls "$where/corpus/$name" | wc -l)"
done
echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
