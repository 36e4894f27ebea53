#!/bin/sh
# Each program of examples/bindings/ sends through the demo server.
#
#	BUILD=build sh tests/bindings/run.sh [LANGUAGE...]
#
# LANGUAGE is python, asyncio, lua, rust or node; all of them without. What
# arrived is compared octet for octet with what the program read from its
# stream. Each case is a line "ok - what" or "not ok - what", and only the
# latter is shown. The last line is "N passed, N failed".
set -u
BUILD=${BUILD:-build}
here=tests/bindings
work=$BUILD/bindings
passed=0
failed=0
mkdir -p "$work" || exit 1

for language in ${*:-python asyncio lua rust node}; do
	log=$work/$language.log
	sh $here/one.sh "$language" >"$log" 2>&1
	status=$?
	good=$(grep -a -c '^ok - ' "$log")
	bad=$(grep -a -c '^not ok - ' "$log")
	if [ $((good + bad)) -eq 0 ] || [ $status -ne 0 ] && [ "$bad" -eq 0 ]
	then
		bad=$((bad + 1))
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
	[ "$bad" -eq 0 ] || grep -a -v '^ok - ' "$log"
	printf '%-5s %-8s %3d passed  %3d failed   %s\n' \
		"$([ "$bad" -eq 0 ] && echo ok || echo FAIL)" "$language" \
		"$good" "$bad" "$(sed -n 's/^# //p' "$log")"
done
echo
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
