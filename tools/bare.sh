#!/bin/sh
# A fresh machine: a minimal Debian 12 with make and a compiler and nothing
# else, package lists empty, and in it `make demo' and `make check' as a new
# user would say them.
#
#	sh tools/bare.sh DIR [TARGET...]
#
# Needs root and debootstrap. DIR holds the system and a copy of the tree, and
# is removed at the end unless KEEP=yes. The mirror is the one that the
# package sources of this system name.
set -eu
dir=${1:?usage: bare.sh DIR [TARGET...]}
shift
[ $# -gt 0 ] || set -- demo check
suite=bookworm

[ "$(id -u)" = 0 ] || {
	echo "bare: needs root, for chroot" >&2
	exit 1
}
PATH=$PATH:/usr/sbin:/sbin
command -v debootstrap >/dev/null 2>&1 || {
	echo "bare: missing: debootstrap" >&2
	exit 1
}
mirror=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
	awk 'tolower($1) == "uris:" { print $2; exit }')
[ -n "$mirror" ] || mirror=$(cat /etc/apt/sources.list | awk '
	$1 == "deb" { sub(/\[[^]]*\] */, ""); print $2; exit }')

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
root=$dir/root
leave()
{
	status=$?
	trap - EXIT
	umount "$root/proc" 2>/dev/null || :
	[ "${KEEP-}" = yes ] || rm -rf "$root"
	exit $status
}
trap leave EXIT
trap 'exit 1' HUP INT TERM

start=$(date +%s)
rm -rf "$root"
debootstrap --variant=minbase --include=make,gcc,libc6-dev \
	"$suite" "$root" "$mirror" >"$dir/log" 2>&1 || {
	tail -n 20 "$dir/log" >&2
	exit 1
}
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/archives/*.deb
for tool in git python3 openssl sudo clang pkg-config; do
	if chroot "$root" sh -c "command -v $tool" >/dev/null 2>&1; then
		echo "bare: the system is not bare, it has $tool" >&2
		exit 1
	fi
done
cp /etc/resolv.conf "$root/etc/resolv.conf"
echo "bare: $suite with make, gcc and libc6-dev: $(du -sm "$root" |
	cut -f 1) MB, $(($(date +%s) - start)) s"
mount -t proc proc "$root/proc"

# What a clone would hold: all but what was built.
mkdir -p "$root/srv/libsmtp"
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
	git ls-files -z | tar -c --null -T - -f -
else
	tar -c --exclude=./build --exclude=./.git -f - .
fi | tar -x -C "$root/srv/libsmtp" -f -

for target; do
	start=$(date +%s)
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		make -C /srv/libsmtp "$target"
	echo "bare: make $target: $(($(date +%s) - start)) s"
done
