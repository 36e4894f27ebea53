#!/bin/sh
# The library as Arduino and PlatformIO want it: one folder with all sources.
#
#	sh ports/arduino/pack.sh FOLDER
#
# FOLDER/src then has the engine with its switches set as a device needs them,
# the loop of a task and the transport; the Library Manager, `lib/' of
# PlatformIO, or "Add .ZIP Library" take it as it is.
set -eu
out=${1:?usage: pack.sh FOLDER}
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/ports/arduino

rm -rf "$out/src"
mkdir -p "$out/src/smtp" "$out/examples"
for header in config engine prefix status transport; do
	cp "$root/include/smtp/$header.h" "$out/src/smtp/"
done
# No place to say -D: so the switches are set where they stand.
off='CRAM_MD5 SCRAM HASH SASLPREP FAST TLS'
for switch in $off; do
	sed "s/^\(#define SMTP_WITH_$switch\) 1/\1 0/" \
		"$out/src/smtp/config.h" >"$out/src/new"
	cmp -s "$out/src/new" "$out/src/smtp/config.h" && {
		echo "pack.sh: no switch SMTP_WITH_$switch" >&2
		exit 1
	}
	mv "$out/src/new" "$out/src/smtp/config.h"
done
for floor in text codec crypto sasl proto; do
	mkdir -p "$out/src/$floor"
	cp "$root/lib/$floor"/*.h "$out/src/$floor/"
	[ $floor = crypto ] || cp "$root/lib/$floor"/*.c "$out/src/$floor/"
done
cp "$root/ports/task/smtp_task.c" "$root/ports/task/smtp_task.h" \
	"$here/LibSMTP.cpp" "$here/LibSMTP.h" "$out/src/"
cp "$here/library.properties" "$here/library.json" "$here/README.md" \
	"$root/COPYING" "$out/"
mkdir -p "$out/examples/Alert"
cp "$here/Alert.ino" "$out/examples/Alert/"
