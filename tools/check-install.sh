#!/bin/sh
# What `make install' gives is all that a program needs: install into an empty
# folder, build the README's program with pkg-config against the shared and
# the static library, tell a header of another version, find each public name
# in the manual, uninstall, and see that nothing is left.
#
#	BUILD=build sh tools/check-install.sh [--deliver]
#
# With --deliver both programs send a mail to the demo server, over STARTTLS,
# with the certificate of that server as the system's trust (which takes root,
# and a mount that only these programs see).
set -eu
BUILD=${BUILD:-build}
CC=${CC:-cc}
MAKE="${MAKE:-make} --no-print-directory BUILD=$BUILD CC=$CC"
work=$BUILD/install
rm -rf "$work"
mkdir -p "$work"
to=$(cd "$work" && pwd)/stage

$MAKE PREFIX=/usr DESTDIR="$to" install

unset PKG_CONFIG_PATH
PKG_CONFIG_LIBDIR=$to/usr/lib/pkgconfig
PKG_CONFIG_SYSROOT_DIR=$to
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
sh tools/readme.sh >"$work/send_text.c"
$CC -Wall -Werror "$work/send_text.c" -o "$work/shared" \
	$(pkg-config --cflags --libs libsmtp)
# The C library says that a static program still loads its name services.
$CC -Wall -Werror "$work/send_text.c" -o "$work/static" -static \
	$(pkg-config --cflags --libs --static libsmtp) 2>"$work/log" || {
	cat "$work/log" >&2
	exit 1
}

LD_LIBRARY_PATH=$to/usr/lib
export LD_LIBRARY_PATH
for program in shared static; do
	status=0
	"$work/$program" || status=$?
	[ $status -eq 64 ] || {
		echo "$program: $status, not 64, without arguments" >&2
		exit 1
	}
done
objdump -p "$work/shared" | grep -q 'NEEDED.*libsmtp\.so\.0$'
! objdump -p "$work/static" | grep -q NEEDED

# A program sees that its header is of another version than its library.
cat >"$work/version.c" <<'END'
#include <string.h>

#include <smtp/smtp.h>

int
main(void)
{
	return strcmp(smtp_version(), SMTP_VERSION) == 0 ? 0 : 3;
}
END
mkdir -p "$work/other/smtp"
cp "$to"/usr/include/smtp/*.h "$work/other/smtp"
sed 's/^#define SMTP_VERSION .*/#define SMTP_VERSION "0.8.9"/' \
	"$to/usr/include/smtp/config.h" >"$work/other/smtp/config.h"
for header in "$to/usr/include:0" "$work/other:3"; do
	for link in '' -static; do
		$CC -Wall -Werror "-I${header%:*}" "$work/version.c" \
			-o "$work/version" $link \
			$(pkg-config --libs ${link:+--static} libsmtp) \
			2>"$work/log"
		status=0
		"$work/version" || status=$?
		[ $status -eq "${header##*:}" ] || {
			echo "version: $status with ${header%:*} $link" >&2
			exit 1
		}
	done
done

for name in $(sh tools/names.sh); do
	[ -e "$to/usr/share/man/man3/$name.3" ] || {
		echo "man $name finds nothing" >&2
		exit 1
	}
done
[ -x "$to/usr/bin/smtp-send" ]
[ -e "$to/usr/share/man/man1/smtp-send.1" ]

if [ "${1-}" = --deliver ]; then
	trust=/etc/ssl/certs/ca-certificates.crt
	[ -f $trust ] || {
		echo "no $trust to put the server's in place of" >&2
		exit 1
	}
	mkfifo "$work/stdin"
	"$BUILD/tools/demo-server" --dir "$work/mail" --tls starttls \
		--user user --password secret \
		<"$work/stdin" >"$work/server" 2>&1 &
	server=$!
	exec 9>"$work/stdin"
	trap 'exec 9>&-; kill $server 2>/dev/null || :' EXIT
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
		grep -q READY "$work/server" && break
		sleep 1
	done
	port=$(sed -n 's/^PORT=//p' "$work/server")
	ca=$(sed -n 's/^CAFILE=//p' "$work/server")
	n=0
	for program in shared static; do
		echo "from the $program library" |
		SMTP_PASSWORD=secret unshare -m sh -c '
			mount --bind "$1" "$2"
			shift 2
			"$@"' sh "$ca" $trust "$work/$program" \
			"smtp://localhost:$port" user alice@example.com \
			bob@example.com "the $program library"
		n=$((n + 1))
		grep -q "from the $program library" "$work"/mail/*"$n".eml
		echo "$program: delivered as $(echo "$work"/mail/*"$n".eml)"
	done
fi

$MAKE PREFIX=/usr DESTDIR="$to" uninstall
left=$(find "$to" ! -type d)
[ -z "$left" ] || {
	echo "left after uninstall: $left" >&2
	exit 1
}
