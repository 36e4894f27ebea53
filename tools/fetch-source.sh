#!/bin/sh
# Unpack the original sources of packages of the Debian release that follows
# this one, as DIR/NAME-VERSION/.
#
#	sh tools/fetch-source.sh DIR PACKAGE...
#
# They come from the mirror that this system's package sources name and are
# checked with Debian's keys, through a package state of its own: the system's
# lists and packages stay as they are. Needs apt, not root. DEPS=no fetches
# nothing and fails.
set -eu
suite=trixie
keys=/usr/share/keyrings/debian-archive-keyring.gpg
dir=${1:?usage: fetch-source.sh DIR PACKAGE...}
shift

if [ "${DEPS:-yes}" = no ]; then
	echo "fetch: no sources of $* in $dir (DEPS=no, nothing is" \
		"fetched)" >&2
	exit 1
fi
for tool in apt-get tar xz bzip2; do
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

# The first archive that is neither of updates nor of security.
uri=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' \
	'Created-By: Packages' 'Component: main' |
	awk '$2 !~ /-/ && $1 ~ /debian\/?$/ { print $1; exit }')
if [ -z "$uri" ]; then
	echo "fetch: no package source of this system could be read" >&2
	exit 1
fi
[ ! -f $keys ] || signed="[signed-by=$keys] "
echo "deb-src ${signed-}$uri $suite main" >"$state/parts/suite.list"

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
echo "fetch: the sources of $* of $suite into $dir"
{
	private update &&
		(cd "$state" &&
		private source --download-only --tar-only "$@")
} >"$state/log" 2>&1 ||
{
	cat "$state/log" >&2
	exit 1
}
for archive in "$state"/*.tar.*; do
	tar -xf "$archive" -C "$dir"
done
rm -rf "$state"
