#!/bin/sh
# Have what a target needs, through the package manager of the platform.
#
#	sh tools/deps.sh WHAT...
#
# WHAT is a name of the table below. What is there already costs nothing.
# What is missing is installed when we may (root, or sudo without a password),
# after the line that does it was printed; otherwise the one command to run is
# printed and the status is 1. DEPS=no never installs: it only looks, and
# fails by name.
set -u
CC=${CC:-cc}

# package MANAGER WHAT: the packages that give it, nothing where none is known
package()
{
	case $1:$2 in
	apt:tls)          echo libmbedtls-dev ;;
	dnf:tls)          echo mbedtls-devel ;;
	apk:tls)          echo mbedtls-dev ;;
	pacman:tls)       echo mbedtls ;;
	brew:tls)         echo mbedtls@3 pkgconf ;;
	pkg:tls)          echo mbedtls3 pkgconf ;;
	apt:cmocka)       echo libcmocka-dev ;;
	dnf:cmocka)       echo libcmocka-devel ;;
	apk:cmocka)       echo cmocka-dev ;;
	brew:cmocka)      echo cmocka pkgconf ;;
	pkg:cmocka)       echo cmocka pkgconf ;;
	*:cmocka)         echo cmocka ;;
	apk:pkg-config)   echo pkgconf ;;
	apt:pkg-config)   echo pkg-config ;;
	*:pkg-config)     echo pkgconf ;;
	brew:gcc)         echo gcc ;;
	*:gcc)            echo gcc ;;
	brew:clang)       echo llvm ;;
	pkg:clang)        echo llvm ;;
	*:clang)          echo clang ;;
	pkg:gcovr)        echo py311-gcovr ;;
	*:gcovr)          echo gcovr ;;
	apt:sanitizers)   echo clang libclang-rt-dev ;;
	dnf:sanitizers)   echo clang compiler-rt ;;
	apk:sanitizers)   echo clang compiler-rt ;;
	pacman:sanitizers) echo clang compiler-rt ;;
	brew:sanitizers)  echo llvm ;;
	pkg:sanitizers)   echo llvm ;;
	*:cppcheck)       echo cppcheck ;;
	dnf:clang-format) echo clang-tools-extra ;;
	apk:clang-format) echo clang-extra-tools ;;
	pacman:clang-format) echo clang ;;
	pkg:clang-format) echo llvm ;;
	*:clang-format)   echo clang-format ;;
	*:mandoc)         echo mandoc ;;
	apt:arm)          echo gcc-arm-none-eabi libnewlib-arm-none-eabi ;;
	dnf:arm)          echo arm-none-eabi-gcc-cs arm-none-eabi-newlib ;;
	apk:arm)          echo gcc-arm-none-eabi newlib-arm-none-eabi ;;
	pacman:arm)       echo arm-none-eabi-gcc arm-none-eabi-newlib ;;
	brew:arm)         echo gcc-arm-embedded ;;
	pkg:arm)          echo gcc-arm-embedded ;;
	apt:riscv)        echo gcc-riscv64-unknown-elf \
				picolibc-riscv64-unknown-elf ;;
	apt:qemu-arm)     echo qemu-system-arm ;;
	dnf:qemu-arm)     echo qemu-system-arm-core ;;
	apk:qemu-arm | pacman:qemu-arm)
			  echo qemu-system-arm ;;
	brew:qemu-arm | pkg:qemu-arm)
			  echo qemu ;;
	apt:microsocks | apk:microsocks)
			  echo microsocks ;;
	*:tinyproxy)      echo tinyproxy ;;
	apt:danted)       echo dante-server ;;
	*:danted)         echo dante ;;
	apt:postfix)      echo postfix ;;
	*:postfix)        echo postfix ;;
	apt:dovecot)      echo dovecot-core dovecot-submissiond \
				dovecot-lmtpd ;;
	*:dovecot)        echo dovecot ;;
	pacman:python3)   echo python ;;
	*:python3)        echo python3 ;;
	*:openssl)        echo openssl ;;
	apt:bench)        echo libcurl4-openssl-dev libesmtp-dev \
				libgmime-3.0-dev libssl-dev pkg-config \
				libetpan20 strace valgrind ;;
	dnf:bench)        echo libcurl-devel libesmtp-devel gmime30-devel \
				openssl-devel libetpan strace valgrind ;;
	pacman:bench)     echo curl libesmtp gmime3 openssl \
				libetpan strace valgrind ;;
	*:valgrind)       echo valgrind ;;
	apt:sodium)       echo libsodium-dev ;;
	dnf:sodium)       echo libsodium-devel ;;
	apk:sodium)       echo libsodium-dev ;;
	*:sodium)         echo libsodium ;;
	apt:gssapi)       echo libkrb5-dev ;;
	dnf:gssapi)       echo krb5-devel ;;
	apk:gssapi)       echo krb5-dev ;;
	*:gssapi)         echo krb5 ;;
	apt:cares)        echo libc-ares-dev ;;
	dnf:cares)        echo c-ares-devel ;;
	apk:cares)        echo c-ares-dev ;;
	*:cares)          echo c-ares ;;
	apt:libuv)        echo libuv1-dev ;;
	dnf:libuv)        echo libuv-devel ;;
	apk:libuv)        echo libuv-dev ;;
	*:libuv)          echo libuv ;;
	*:cmake)          echo cmake ;;
	apt:c++)          echo g++ ;;
	dnf:c++)          echo gcc-c++ ;;
	apk:c++)          echo g++ ;;
	pacman:c++ | brew:c++ | pkg:c++)
			  echo gcc ;;
	*:lua)            echo luajit ;;
	apt:rust)         echo rustc ;;
	dnf:rust | apk:rust | pacman:rust | brew:rust | pkg:rust)
			  echo rust ;;
	apt:npm)          echo nodejs npm ;;
	dnf:npm)          echo nodejs-npm ;;
	brew:npm)         echo node ;;
	*:npm)            echo nodejs npm ;;
	apt:outsiders)    echo openssl python3-gi gir1.2-gmime-3.0 \
				python3-dkim python3-nacl ;;
	dnf:outsiders)    echo openssl python3-gobject gmime30 \
				python3-dkimpy python3-pynacl ;;
	apt:musl)         echo musl-tools linux-libc-dev ;;
	apt:i386)         echo gcc-i686-linux-gnu libc6-dev-i386-cross ;;
	apt:s390x)        echo gcc-s390x-linux-gnu libc6-dev-s390x-cross \
				qemu-user-static ;;
	*:clang-tidy)     echo clang-tidy ;;
	apt:abidiff)      echo abigail-tools ;;
	dnf:abidiff | pacman:abidiff)
			  echo libabigail ;;
	*:cmake)          echo cmake ;;
	apt:esmtp)        echo libesmtp-dev ;;
	dnf:esmtp)        echo libesmtp-devel ;;
	apk:esmtp)        echo libesmtp-dev ;;
	pacman:esmtp)     echo libesmtp ;;
	apt:debian)       echo dpkg-dev debhelper lintian fakeroot git ;;
	apt:mingw)        echo gcc-mingw-w64-x86-64-win32 ;;
	apt:wine)         echo wine wine64 ;;
	apt:debootstrap)  echo debootstrap ;;
	dnf:debootstrap | apk:debootstrap | pacman:debootstrap)
			  echo debootstrap ;;
	esac
}

# links FLAGS... : does the program on stdin compile and link?
links()
{
	$CC -x c - -o "$scratch/probe" "$@" >/dev/null 2>&1
}

# pc NAME...: what pkg-config says, if it knows them
pc()
{
	${PKG_CONFIG:-pkg-config} --cflags --libs "$@" 2>/dev/null
}

have()
{
	case $1 in
	tls)
		if [ -n "${MBEDTLS_PREFIX-}" ]; then
			f="-I$MBEDTLS_PREFIX/include -L$MBEDTLS_PREFIX/lib
				-lmbedtls -lmbedx509 -lmbedcrypto"
		else
			f=$(pc mbedtls mbedx509 mbedcrypto) ||
				f='-lmbedtls -lmbedx509 -lmbedcrypto'
		fi
		links $f <<-!
		#include <mbedtls/ssl.h>
		int main(void)
		{
			mbedtls_ssl_config c;
			mbedtls_ssl_config_init(&c);
			return 0;
		}
		!
		;;
	cmocka)
		f=$(pc cmocka) || f=-lcmocka
		links $f <<-!
		#include <setjmp.h>
		#include <stdarg.h>
		#include <stddef.h>
		#include <stdint.h>
		#include <cmocka.h>
		int main(void)
		{
			assert_true(1);
			return 0;
		}
		!
		;;
	sodium)	echo 'int main(void) { return 0; }' |
			links -include sodium.h -lsodium ;;
	gssapi)	echo 'int main(void) { return 0; }' |
			links -include gssapi/gssapi_krb5.h \
			-lgssapi_krb5 ;;
	cares)	echo 'int main(void) { return 0; }' |
			links -include ares.h -lcares ;;
	libuv)	echo 'int main(void) { return 0; }' |
			links -include uv.h -luv ;;
	sanitizers)
		echo 'int main(void) { return 0; }' |
			CC=clang links -fsanitize=address,undefined &&
			"$scratch/probe" ;;
	arm)
		printf '#include <string.h>\n' |
			arm-none-eabi-gcc -mcpu=cortex-m4 -x c -E - \
			>/dev/null 2>&1 ;;
	riscv)	printf '#include <string.h>\n' |
			riscv64-unknown-elf-gcc --specs=picolibc.specs \
			-march=rv32imac -mabi=ilp32 -x c -E - \
			>/dev/null 2>&1 ;;
	qemu-arm) command -v qemu-system-arm >/dev/null 2>&1 ;;
	bench)	pc libcurl gmime-3.0 glib-2.0 libcrypto >"$scratch/pc" &&
		command -v strace >/dev/null 2>&1 &&
		command -v valgrind >/dev/null 2>&1 &&
		echo 'int main(void) { return 0; }' |
			links -l:libetpan.so.20 &&
		echo '#include <libesmtp.h>' |
			$CC -x c -E - >/dev/null 2>&1 ;;
	outsiders)
		command -v openssl >/dev/null 2>&1 &&
			sh tests/outsiders/python.sh >/dev/null ;;
	lua)	command -v luajit >/dev/null 2>&1 ;;
	rust)	command -v rustc >/dev/null 2>&1 ;;
	musl)	command -v musl-gcc >/dev/null 2>&1 ;;
	i386)	echo 'int main(void) { return 0; }' |
			CC=i686-linux-gnu-gcc links -static ;;
	s390x)	command -v qemu-s390x-static >/dev/null 2>&1 &&
		echo 'int main(void) { return 0; }' |
			CC=s390x-linux-gnu-gcc links -static ;;
	esmtp)	printf '#include <stdio.h>\n#include <libesmtp.h>\n' |
			$CC -x c -E - >/dev/null 2>&1 ;;
	debian)	command -v dpkg-buildpackage >/dev/null 2>&1 &&
		command -v dh >/dev/null 2>&1 &&
		command -v lintian >/dev/null 2>&1 ;;
	mingw)	command -v x86_64-w64-mingw32-gcc >/dev/null 2>&1 ;;
	danted)	PATH=$PATH:/usr/sbin command -v danted >/dev/null 2>&1 ;;
	dovecot) PATH=$PATH:/usr/sbin command -v dovecot >/dev/null 2>&1 ;;
	postfix) PATH=$PATH:/usr/sbin command -v postfix >/dev/null 2>&1 ;;
	debootstrap)
		PATH=$PATH:/usr/sbin command -v debootstrap >/dev/null 2>&1 ;;
	*)	command -v "$1" >/dev/null 2>&1 ;;
	esac
}

known()
{
	for m in apt dnf apk pacman brew pkg; do
		[ -z "$(package $m "$1")" ] || return 0
	done
	return 1
}

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

missing=
for what; do
	known "$what" || {
		echo "deps: no such thing: $what" >&2
		exit 2
	}
	have "$what" || missing="$missing $what"
done
[ -n "$missing" ] || exit 0

if ! command -v $CC >/dev/null 2>&1; then
	echo "deps: missing: a C compiler ($CC)" >&2
	exit 1
fi
if [ "${DEPS:-yes}" = no ]; then
	echo "deps: missing:$missing (DEPS=no, nothing was installed)" >&2
	exit 1
fi
if [ -n "${MBEDTLS_PREFIX-}" ]; then
	case " $missing " in
	*' tls '*)
		echo "deps: no mbedTLS in MBEDTLS_PREFIX=$MBEDTLS_PREFIX" >&2
		exit 1 ;;
	esac
fi

manager=
for m in apt-get dnf apk pacman brew pkg; do
	if command -v $m >/dev/null 2>&1; then
		manager=${m%-get}
		break
	fi
done
if [ -z "$manager" ]; then
	echo "deps: missing:$missing; no package manager that we know" >&2
	exit 1
fi
names=
for what in $missing; do
	p=$(package "$manager" "$what")
	if [ -z "$p" ]; then
		echo "deps: missing: $what; $manager has no package of it" \
			"that we know" >&2
		exit 1
	fi
	names="$names $p"
done
names=$(printf '%s\n' $names | sort -u | tr '\n' ' ' | sed 's/ $//')

# The lines to run, in order.
refresh=
case $manager in
apt)
	# Lists may be empty, or too old to name what is wanted.
	apt-cache show $names >/dev/null 2>&1 || refresh='apt-get -q update'
	line="apt-get -qy --no-install-recommends"
	line="$line -o DPkg::Lock::Timeout=300 install $names" ;;
dnf)	line="dnf -qy install $names" ;;
apk)	line="apk add -q $names" ;;
pacman)	line="pacman -S --noconfirm --needed $names" ;;
brew)	line="brew install $names" ;;
pkg)	line="pkg install -qy $names" ;;
esac

sudo=
if [ $manager != brew ] && [ "$(id -u)" != 0 ]; then
	if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
		sudo='sudo -n '
	else
		{
			echo "deps: missing:$missing. Run this as root:"
			echo
			echo "    ${refresh:+$refresh && }$line"
			echo
		} >&2
		exit 1
	fi
fi

run()
{
	echo "deps: $sudo$1"
	$sudo env DEBIAN_FRONTEND=noninteractive $1 >"$scratch/log" 2>&1 ||
	{
		cat "$scratch/log" >&2
		return 1
	}
}
if [ -n "$refresh" ]; then
	run "$refresh" || exit 1
fi
if ! run "$line"; then
	# The lists may name what the mirror no longer has.
	[ $manager = apt ] && [ -z "$refresh" ] || exit 1
	run 'apt-get -q update' && run "$line" || exit 1
fi

status=0
for what in $missing; do
	have "$what" || {
		echo "deps: still missing: $what" >&2
		status=1
	}
done
exit $status
