#!/bin/sh
# Run each harness for some seconds, from what was found before.
#
#	sh tests/fuzz/run.sh BUILD/fuzz SECONDS [HARNESS...]
#
# FUZZ_JOBS of them run at a time; as many as there are processors without it.
# With FUZZ_SEED a run is one that can be had again: from the same corpus it
# tries the same inputs in the same order, as far as its seconds go.
# What they find worth keeping stays in BUILD/fuzz/corpus; an input that breaks
# something in BUILD/fuzz/found, whose name is printed. It belongs into
# tests/fuzz/corpus/HARNESS then, where every `make test' runs it.
#
# Each run adds a line to BUILD/fuzz/runs, with what the fuzzer said about
# itself; tests/fuzz/table.sh adds them up.
set -u
LC_ALL=C
ASAN_OPTIONS=quarantine_size_mb=4:malloc_context_size=8
UBSAN_OPTIONS=print_stacktrace=1
export LC_ALL ASAN_OPTIONS UBSAN_OPTIONS

# Octets of an input: what a harness takes, and no more.
length()
{
	case $1 in
	codec | reply | stuff | trace)	echo 160 ;;
	mime | raw | dkim | field)	echo 400 ;;
	client)				echo 600 ;;
	*)				echo 300 ;;
	esac
}

stat()
{
	sed -n "s/^stat::$1: *//p" "$log"
}

one()
{
	where=$1 seconds=$2 name=$3
	log=$where/$name.log
	dictionary=tests/fuzz/smtp.dict
	mkdir -p "$where/corpus/$name" "$where/found"
	start=$(date +%s)
	"$where/$name" -max_total_time="$seconds" -max_len="$(length "$name")" \
		-timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-seed="${FUZZ_SEED:-0}" \
		-reload=0 -entropic=0 -reduce_inputs=0 -dict="$dictionary" \
		-artifact_prefix="$where/found/$name-" \
		"$where/corpus/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1
	status=$?
	runs=$(stat number_of_executed_units)
	verdict=ok
	if [ $status -ne 0 ] || [ "${runs:-0}" -eq 0 ]; then
		verdict=FAIL
		grep -vE '^#[0-9]' "$log" | tail -n 40 | sed 's/^/      | /'
	fi
	printf '%-10s %10s  %10s  %7d  %s\n' "$name" "${runs:--}" \
		"$(stat average_exec_per_sec)" \
		"$(ls "$where/corpus/$name" | wc -l)" $verdict
	[ -z "$runs" ] || echo "$name $runs $(($(date +%s) - start))" \
		"$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)" \
		"$(stat slowest_unit_time_sec)" "$(stat peak_rss_mb)" \
		"$status" >>"$where/runs"
}

if [ "$1" = --one ]; then
	one "$2" "$3" "$4"
	exit
fi
where=$1
seconds=$2
shift 2
if [ $# -eq 0 ]; then
	for source in tests/fuzz/fuzz_*.c; do
		name=${source#tests/fuzz/fuzz_}
		set -- "$@" "${name%.c}"
	done
fi
mkdir -p "$where"
echo 'harness          runs    a second   corpus'
printf '%s\n' "$@" |
	xargs -n 1 -P "${FUZZ_JOBS:-$(getconf _NPROCESSORS_ONLN)}" \
		sh "$0" --one "$where" "$seconds" | tee "$where/last"
passed=$(grep -c ' ok$' "$where/last")
failed=$(($# - passed))
echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
