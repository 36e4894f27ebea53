#!/bin/sh
# Unpack CBMC, which proves properties of C, beside the system's packages.
#
#	sh tools/fetch-cbmc.sh build/cbmc
#	build/cbmc/cbmc --version
#
# It comes from the Debian release that has it, with the C library that it
# wants; DIR/cbmc, DIR/goto-cc and DIR/goto-instrument are scripts that start
# it with that one. Needs apt, not root. DEPS=no fetches nothing and fails.
set -eu
suite=trixie
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:?usage: fetch-cbmc.sh DIR}

if [ -x "$dir/cbmc" ] && "$dir/cbmc" --version >/dev/null 2>&1; then
	exit 0
fi
if [ "${DEPS:-yes}" = no ]; then
	echo "fetch: no CBMC in $dir (DEPS=no, nothing is fetched)" >&2
	exit 1
fi
for tool in apt-get dpkg-deb awk; do
	command -v $tool >/dev/null 2>&1 || {
		echo "fetch: missing: $tool" >&2
		exit 1
	}
done

rm -rf "$dir"
mkdir -p "$dir/apt"
dir=$(cd "$dir" && pwd)
state=$dir/apt
suite()
{
	sh "$here/apt-suite.sh" "$state" $suite deb "$@"
}
echo "fetch: cbmc of $suite into $dir"
suite update >"$state/log" 2>&1 &&
	(cd "$state" && suite download cbmc minisat libc6 libgcc-s1 \
	libstdc++6 zlib1g) >>"$state/log" 2>&1 ||
{
	cat "$state/log" >&2
	exit 1
}
for package in "$state"/*.deb; do
	dpkg-deb -x "$package" "$dir/root"
done
rm -rf "$state"
loader=$(find "$dir/root" -name 'ld-linux*.so.*' ! -type d | head -n 1)
[ -n "$loader" ] || {
	echo "fetch: no loader in $dir/root" >&2
	exit 1
}
libraries=$(find "$dir/root/usr/lib" \( -name libc.so.6 \
	-o -name 'libminisat.so.*' -o -name 'libgcc_s.so.*' \
	-o -name 'libstdc++.so.*' -o -name 'libz.so.*' \) \
	-exec dirname {} \; | sort -u | paste -sd: -)
for tool in goto-cc goto-instrument cbmc; do
	printf '#!/bin/sh\nexec %s --argv0 %s --library-path %s %s "$@"\n' \
		"'$loader'" "$tool" "'$libraries'" \
		"'$dir/root/usr/bin/$tool'" >"$dir/$tool"
	chmod 755 "$dir/$tool"
done
"$dir/cbmc" --version
