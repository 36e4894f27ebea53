#!/bin/sh
# apt-get for a release of Debian that is not the system's.
#
#	sh tools/apt-suite.sh STATE SUITE deb|deb-src ARGUMENT...
#
# It takes the mirror and the keys that this system's package sources name,
# and keeps its lists in the folder STATE: the system's lists and packages stay
# as they are. Needs apt, not root.
set -eu
usage='usage: apt-suite.sh STATE SUITE deb|deb-src ARGUMENT...'
state=${1:?$usage}
suite=${2:?$usage}
type=${3:?$usage}
shift 3

mkdir -p "$state/parts" "$state/lists/partial" "$state/archives/partial"
state=$(cd "$state" && pwd)
: >"$state/status"

# The first source of Debian's main archive that the system has, in either of
# the two notations, with its release replaced.
for file in /etc/apt/sources.list.d/*.sources; do
	[ -f "$file" ] || continue
	awk -v suite="$suite" -v type="$type" '
	function give()
	{
		if (uri != "" && main && !done) {
			print "Types: " type "\nURIs: " uri "\nSuites: " suite
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
	awk -v suite="$suite" -v type="$type" '
	$1 == "deb" {
		options = ""
		if (match($0, /\[[^]]*\]/)) {
			options = substr($0, RSTART, RLENGTH) " "
			$0 = substr($0, 1, RSTART - 1) \
				substr($0, RSTART + RLENGTH)
		}
		if ($3 !~ /-security/ && / main( |$)/) {
			print type " " options $2 " " suite " main"
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
	echo "apt-suite: no package source of this system could be read" >&2
	exit 1
fi
mv "$state/found" "$state/parts/suite.$kind"

exec apt-get -q -o Dir::Etc::sourcelist=/dev/null \
	-o Dir::Etc::sourceparts="$state/parts" \
	-o Dir::Etc::preferences=/dev/null \
	-o Dir::Etc::preferencesparts=/dev/null \
	-o Dir::State::lists="$state/lists" \
	-o Dir::State::status="$state/status" \
	-o Dir::Cache="$state" -o Acquire::Languages=none \
	-o APT::Sandbox::User=root "$@"
