#!/bin/sh
# Unpack CBMC, which proves properties of C, beside the system's packages.
#
#	sh tools/fetch-cbmc.sh build/cbmc
#	build/cbmc/cbmc --version
#
# It comes with the C library that it wants; DIR/cbmc, DIR/goto-cc and
# DIR/goto-instrument are scripts that start it with that one.
set -eu
dir=${1:?usage: fetch-cbmc.sh DIR}

if [ -x "$dir/cbmc" ] && "$dir/cbmc" --version >/dev/null 2>&1; then
	exit 0
fi
sh "$(dirname "$0")/fetch.sh" "$dir" deb cbmc minisat libc6 libgcc-s1 \
	libstdc++6 zlib1g
dir=$(cd "$dir" && pwd)
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
