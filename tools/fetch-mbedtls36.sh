#!/bin/sh
# Unpack mbedTLS 3.6 beside the system's own, to build and test with both.
#
#	sh tools/fetch-mbedtls36.sh build/mbedtls36
#	make MBEDTLS_PREFIX=build/mbedtls36 BUILD=build/m36
#
# It comes from the Debian release that has it, from the mirror and with the
# keys that this system's package sources name, through a package state of
# its own: the system's lists and packages stay as they are. Needs apt, not
# root. The folder then holds include/ and lib/ with static libraries.
set -eu
suite=trixie
dir=${1:?usage: fetch-mbedtls36.sh DIR}

if [ -f "$dir/lib/libmbedtls.a" ] && [ -f "$dir/include/mbedtls/ssl.h" ]; then
	exit 0
fi
if [ "${DEPS:-yes}" = no ]; then
	echo "fetch: no mbedTLS 3.6 in $dir (DEPS=no, nothing is fetched)" >&2
	exit 1
fi
for tool in apt-get dpkg-deb awk; do
	command -v $tool >/dev/null 2>&1 || {
		echo "fetch: missing: $tool" >&2
		exit 1
	}
done

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
state=$dir/apt
mkdir -p "$state/parts" "$state/lists/partial" "$state/archives/partial"
: >"$state/status"

# The first source of Debian's main archive that the system has, in either of
# the two notations, with its release replaced.
for file in /etc/apt/sources.list.d/*.sources; do
	[ -f "$file" ] || continue
	awk -v suite=$suite '
	function give()
	{
		if (uri != "" && main && !done) {
			print "Types: deb\nURIs: " uri "\nSuites: " suite
			print "Components: main"
			if (key != "")
				print "Signed-By: " key
			done = 1
		}
		uri = key = ""
		main = 0
	}
	/^[ \t]*$/                   { give(); next }
	tolower($1) == "uris:"       { uri = $2 }
	tolower($1) == "components:" { main = / main( |$)/ }
	tolower($1) == "suites:" && /-security/ { uri = "" }
	tolower($1) == "signed-by:"  { key = $2 }
	END                          { give() }' "$file"
done >"$state/found"
if [ ! -s "$state/found" ]; then
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
	awk -v suite=$suite '
	$1 == "deb" {
		options = ""
		if (match($0, /\[[^]]*\]/)) {
			options = substr($0, RSTART, RLENGTH) " "
			$0 = substr($0, 1, RSTART - 1) \
				substr($0, RSTART + RLENGTH)
		}
		if ($3 !~ /-security/ && / main( |$)/) {
			print "deb " options $2 " " suite " main"
			exit
		}
	}' >"$state/found"
	kind=list
else
	# Two files may both have had one.
	awk 'NR > 1 && /^Types:/ { exit } { print }' "$state/found" \
		>"$state/first"
	mv "$state/first" "$state/found"
	kind=sources
fi
if [ ! -s "$state/found" ]; then
	echo "fetch: no package source of this system could be read" >&2
	exit 1
fi
mv "$state/found" "$state/parts/suite.$kind"

private()
{
	apt-get -q -o Dir::Etc::sourcelist=/dev/null \
		-o Dir::Etc::sourceparts="$state/parts" \
		-o Dir::Etc::preferences=/dev/null \
		-o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State::lists="$state/lists" \
		-o Dir::State::status="$state/status" \
		-o Dir::Cache="$state" -o Acquire::Languages=none \
		-o APT::Sandbox::User=root "$@"
}
echo "fetch: libmbedtls-dev of $suite into $dir"
private update >"$state/log" 2>&1 &&
	(cd "$state" && private download libmbedtls-dev) >>"$state/log" 2>&1 ||
{
	cat "$state/log" >&2
	exit 1
}
dpkg-deb -x "$state"/libmbedtls-dev_*.deb "$state/root"
mkdir -p "$dir/lib"
rm -rf "$dir/include"
mv "$state/root/usr/include" "$dir/include"
find "$state/root" -name 'lib*.a' -exec mv {} "$dir/lib/" \;
rm -rf "$state"
ls "$dir/lib/libmbedtls.a" "$dir/lib/libmbedx509.a" "$dir/lib/libmbedcrypto.a"
