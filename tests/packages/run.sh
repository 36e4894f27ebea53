#!/bin/bash
# What packagers and builds of others do with it:
#
#	BUILD=build bash tests/packages/run.sh
#
# The archive of a release twice, the same octets; CMake's ways to find or to
# include the library; two copies and another library with the same names in
# one program; the binary interface; and a Debian package that is built from
# the archive, passes lintian, and is installed in a system without anything
# else, where manual and examples are found and an example is compiled. The
# last part needs root, for chroot. The last line is "N passed, N failed".
set -u
LC_ALL=C
export LC_ALL
BUILD=${BUILD:-build}
MAKE=${MAKE:-make}
unset MAKEFLAGS MFLAGS
work=$BUILD/packages
rm -rf "$work"
mkdir -p "$work"
work=$(cd "$work" && pwd)
here=$PWD
passed=0
failed=0

# ok WHAT COMMAND...: a step; its output is shown only when it failed
ok()
{
	local what=$1 start=$SECONDS
	shift
	if (set -eu; "$@") >"$work/log" 2>&1 </dev/null; then
		passed=$((passed + 1))
		printf 'ok    %-52s %4d s\n' "$what" $((SECONDS - start))
	else
		failed=$((failed + 1))
		printf 'FAIL  %-52s %4d s\n' "$what" $((SECONDS - start))
		tail -n 60 "$work/log" | sed 's/^/      | /'
	fi
}

archive()
{
	git clone -q --no-hardlinks . "$work/clone"
	sh tools/dist.sh "$work/one"
	(cd "$work/clone" && umask 077 && sh tools/dist.sh "$work/two")
	cmp "$work"/one/*.tar.gz "$work"/two/*.tar.gz
	tar -xzf "$work"/one/*.tar.gz -C "$work"
	tree=$(echo "$work"/libsmtp-*)
	grep -q "^## ${tree##*-}$" "$tree/CHANGELOG.md"
}
ok 'an archive, twice, is the same' archive
tree=$(echo "$work"/libsmtp-*)

installed()
{
	$MAKE -s -j2 -C "$tree" BUILD="$work/make" CFLAGS=-O0 DEPS=no all
	$MAKE -s -C "$tree" BUILD="$work/make" CFLAGS=-O0 PREFIX="$work/usr" \
		LIBDIR="$work/usr/lib/some-where" install
}
ok 'make, from the archive' installed

# program NAME SETTING...: the program, by CMake, runs
program()
{
	local name=$1
	shift
	cmake -S tests/packages/cmake -B "$work/$name" "$@"
	cmake --build "$work/$name" -j2
	LD_LIBRARY_PATH=$work/usr/lib/some-where "$work/$name/program"
}
ok 'CMake finds what make installed' program found -DWAY=find \
	-Dlibsmtp_DIR="$work/usr/lib/some-where/cmake/libsmtp"
moved()
{
	mv "$work/usr" "$work/moved"
	program static -DWAY=find -DLIBRARY=libsmtp::static \
		-Dlibsmtp_DIR="$work/moved/lib/some-where/cmake/libsmtp"
	! ldd "$work/static/program" | grep -q libsmtp
}
ok 'and the static one, after it was moved' moved
ok 'CMake builds it as a part' program part -DWAY=subdirectory \
	-DSMTP_SOURCE="$tree"
by_cmake()
{
	cmake -S "$tree" -B "$work/shared" -DBUILD_SHARED_LIBS=ON \
		-DCMAKE_INSTALL_PREFIX="$work/cmake"
	cmake --build "$work/shared" -j2
	cmake --install "$work/shared"
	program own -DWAY=find -DCMAKE_PREFIX_PATH="$work/cmake"
	ldd "$work/own/program" | grep -q "$work/cmake/.*libsmtp.so.0"
	for lib in "$work"/cmake/lib*/libsmtp.so "$work/make/libsmtp.so"; do
		nm -D --defined-only "$lib" | awk '{ print $3 }' | sort
	done | sort | uniq -u >"$work/only-in-one"
	[ ! -s "$work/only-in-one" ]
}
ok 'CMake installs what CMake finds' by_cmake
fetched()
{
	program fetched -DWAY=fetch \
		-DSMTP_ARCHIVE="file://$(echo "$work"/one/*.tar.gz)"
}
ok 'CMake fetches it' fetched
too_new()
{
	sed 's/libsmtp 0\.9/libsmtp 1.0/' tests/packages/cmake/CMakeLists.txt \
		>"$work/CMakeLists.txt"
	cp tests/packages/cmake/program.c "$work"
	! cmake -S "$work" -B "$work/new" -DWAY=find \
		-DCMAKE_PREFIX_PATH="$work/cmake" >"$work/too-new" 2>&1
	grep -q 'version: 0\.' "$work/too-new"
}
ok 'a version that it does not have is refused' too_new

copies()
{
	for copy in left right; do
		$MAKE -s -j2 BUILD="$work/$copy" SMTP_PREFIX=${copy}_ \
			CFLAGS=-O0 "$work/$copy/libsmtp.a"
		gcc -Wall -Werror -Iinclude -DSMTP_PREFIX=${copy}_ \
			-DREFUSES=${copy}_refuses -c \
			-o "$work/$copy.o" tests/packages/one.c
	done
	gcc -Wall -Werror -o "$work/copies" tests/packages/two.c \
		"$work/left.o" "$work/right.o" "$work/left/libsmtp.a" \
		"$work/right/libsmtp.a" -lesmtp \
		-lmbedtls -lmbedx509 -lmbedcrypto -pthread
	"$work/copies"
}
ok 'two copies and libesmtp in one program' copies

ok 'the binary interface' env BUILD="$work/interface" sh tools/abi.sh

debian()
{
	local version=${tree##*-}
	mkdir "$work/debian"
	cp "$work"/one/*.tar.gz "$work/debian/libsmtp_$version.orig.tar.gz"
	cp -r "$tree" "$work/debian/tree"
	cp -r packaging/debian "$work/debian/tree/debian"
	cd "$work/debian/tree"
	dpkg-buildpackage -us -uc -j2
}
ok 'a Debian package' debian
# There is no bug that asks for it yet.
ok 'lintian' lintian --allow-root --fail-on error,warning \
	--suppress-tags initial-upload-closes-no-bugs \
	"$work"/debian/*.changes

clean_system()
{
	KEEP=yes sh tools/bare.sh "$work/bare" help
	root=$work/bare/root
	trap 'umount "$root/proc" 2>/dev/null; rm -rf "$root"' EXIT
	mount -t proc proc "$root/proc"
	cp "$work"/debian/*.deb "$root/tmp"
	rm "$root"/tmp/*dbgsym*
	in="chroot $root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
		DEBIAN_FRONTEND=noninteractive"
	$in apt-get -q update
	$in sh -c 'apt-get -qy --no-install-recommends install man-db \
		pkg-config /tmp/*.deb'
	$in man -w smtp_open smtp_hint smtp_engine_init smtp-send
	$in sh -c 'cd /usr/share/doc/libsmtp-dev/examples &&
		cc send_attachment.c -o /tmp/example \
		$(pkg-config --cflags --libs libsmtp)'
	$in smtp-send --version
	$in sh -c '/tmp/example; [ $? -eq 64 ]'
}
ok 'which is installed in a system with nothing else' clean_system

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
