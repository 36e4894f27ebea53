#!/bin/sh
# Packages of the Debian release that has the newer ones, unpacked into a
# folder: they are neither installed nor part of this tree.
#
#	sh tools/fetch.sh DIR deb NAME...       what they install, in DIR/root
#	sh tools/fetch.sh DIR deb-src NAME...   their sources, each in DIR/NAME,
#						without the patches of Debian
#
# They come from the mirror and with the keys that this system's package
# sources name, through a package state of its own (tools/apt-suite.sh). DIR is
# made anew. Needs apt, not root. DEPS=no fetches nothing and fails.
set -eu
suite=trixie
usage='usage: fetch.sh DIR deb|deb-src NAME...'
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:?$usage}
type=${2:?$usage}
shift 2

if [ "${DEPS:-yes}" = no ]; then
	echo "fetch: no $* in $dir (DEPS=no, nothing is fetched)" >&2
	exit 1
fi
for tool in apt-get awk dpkg-deb; do
	command -v $tool >/dev/null 2>&1 || {
		echo "fetch: missing: $tool" >&2
		exit 1
	}
done

rm -rf "$dir"
mkdir -p "$dir/apt"
dir=$(cd "$dir" && pwd)
apt()
{
	sh "$here/apt-suite.sh" "$dir/apt" $suite $type "$@"
}
get()
{
	apt update && cd "$dir/apt" || return 1
	if [ $type = deb ]; then
		apt download "$@" || return 1
		for file in *.deb; do
			dpkg-deb -x "$file" "$dir/root" || return 1
		done
		return
	fi
	apt --download-only --tar-only source "$@" || return 1
	for name; do
		mkdir "$dir/$name" &&
			tar -xf "$name"_*.orig.tar.* -C "$dir/$name" \
				--strip-components=1 || return 1
	done
}
echo "fetch: $* of $suite into $dir"
(get "$@") >"$dir/log" 2>&1 || {
	cat "$dir/log" >&2
	exit 1
}
rm -rf "$dir/apt"
