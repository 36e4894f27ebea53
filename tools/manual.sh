#!/bin/sh
# The manual pages and the names that each is found by.
#
#	sh tools/manual.sh names               "page name" lines
#	sh tools/manual.sh install DIR         into DIR/man1, DIR/man3
#	sh tools/manual.sh uninstall DIR
#
# A page answers to the names in its NAME section and to every function of its
# SYNOPSIS; each becomes a link to it.
set -eu

names()
{
	for page in man/*.[1-9]; do
		[ -f "$page" ] || continue
		awk '
		/^\.Sh / { section = $2 }
		section == "NAME" && $1 == ".Nm" { give($2) }
		section == "SYNOPSIS" && ($1 == ".Fn" || $1 == ".Fo") {
			give($2)
		}
		function give(name)
		{
			gsub(/[",]/, "", name)
			if (name != "" && !(name in seen))
				print FILENAME, name
			seen[name] = 1
		}' "$page"
	done
}

case ${1-} in
names)
	names ;;
install)
	for page in man/*.[1-9]; do
		[ -f "$page" ] || continue
		install -m 644 "$page" "$2/man${page##*.}"
	done
	names | while read -r page name; do
		to=$2/man${page##*.}/$name.${page##*.}
		[ "${page##*/}" = "${to##*/}" ] || ln -sf "${page##*/}" "$to"
	done ;;
uninstall)
	for page in man/*.[1-9]; do
		[ -f "$page" ] || continue
		rm -f "$2/man${page##*.}/${page##*/}"
	done
	names | while read -r page name; do
		rm -f "$2/man${page##*.}/$name.${page##*.}"
	done ;;
*)
	echo "usage: manual.sh names | install DIR | uninstall DIR" >&2
	exit 64 ;;
esac
