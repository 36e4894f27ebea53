#!/bin/sh
# The binary interface against that of the last release: functions may come,
# nothing else may change.
#
#	BUILD=build sh tools/abi.sh
#	BUILD=build sh tools/abi.sh --write	at a release: it is the new one
#
# abi/libsmtp.abi is written by libabigail from an x86-64 build; what carries
# no promise is named in abi/libsmtp.supp (docs/abi.md has the rules). The
# method is tried first: a function that went must be found.
set -eu
BUILD=${BUILD:-build}
work=$BUILD/abi
mkdir -p "$work"
case $(uname -sm) in
'Linux x86_64') ;;
*)	echo "abi: what it is compared with was made on Linux, x86_64" >&2
	exit 1 ;;
esac

${MAKE:-make} --no-print-directory -s -j2 BUILD="$work" CC=gcc \
	CFLAGS='-g -O0' lib
now=$work/now.abi
abidw --headers-dir "$PWD/include" --drop-private-types \
	--exported-interfaces-only --no-comp-dir-path --no-corpus-path \
	--no-show-locs --no-elf-needed --no-architecture \
	--suppressions abi/libsmtp.supp --out-file "$now" "$work/libsmtp.so"
if [ "${1-}" = --write ]; then
	cp "$now" abi/libsmtp.abi
	exit 0
fi

compare()
{
	abidiff --no-added-syms --suppressions abi/libsmtp.supp "$1" "$2" \
		2>"$work/errors" && [ ! -s "$work/errors" ]
}
sed -e "/elf-symbol name='smtp_close'/d" \
	-e "/function-decl name='smtp_close'/,/<.function-decl>/d" \
	"$now" >"$work/less.abi"
if compare abi/libsmtp.abi "$work/less.abi" >"$work/log" 2>&1; then
	echo "abi: a function that is not there was not missed" >&2
	exit 1
fi
compare abi/libsmtp.abi "$now"
echo "abi: $(grep -c '<elf-symbol ' abi/libsmtp.abi) functions as they were," \
	"$(grep -c '<elf-symbol ' "$now") now"
