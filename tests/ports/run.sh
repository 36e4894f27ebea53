#!/bin/sh
# Each folder of ports/: its manifest names what is there, all of it compiles
# against stub headers for this machine and for a Cortex-M4, what it cannot do
# is told by the compiler, and its transport sends real mails.
#
#	BUILD=build sh tests/ports/run.sh [PORT...]
#
# PORT is esp-idf, zephyr, freertos-tcp or arduino; all of them without. The
# stubs are tests/ports/stubs/: what the ports use of their platforms, by the
# sockets of this one. The last line is "N passed, N failed".
. tests/cli/smtp-send.inc

SMTP_CA_FILE=
export SMTP_CA_FILE
passed=0
failed=0
here=tests/ports
warn='-Wall -Wextra -Wshadow -Werror'
strict="$warn -Wpedantic -Wconversion"
m4='-mcpu=cortex-m4 -mthumb -Os -ffunction-sections'
arm=arm-none-eabi
sanitize='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all'

ok()
{
	passed=$((passed + 1))
	echo "ok - $*"
}

no()
{
	failed=$((failed + 1))
	echo "not ok - $*"
	[ ! -s "$work/log" ] || tail -n 20 "$work/log" | sed 's/^/  /'
}

# try WHAT COMMAND...: it has to succeed
try()
{
	claim=$1
	shift
	if "$@" >"$work/log" 2>&1; then
		ok "$claim"
	else
		no "$claim"
		return 1
	fi
}

# mbedTLS where nothing else of this machine is.
prefix=$(cd "${MBEDTLS_PREFIX:-/usr}" && pwd)
mkdir "$work/mbedtls"
for folder in mbedtls psa; do
	for at in "$prefix/include" /usr/local/include; do
		[ ! -d "$at/$folder" ] || [ -e "$work/mbedtls/$folder" ] ||
			ln -s "$at/$folder" "$work/mbedtls/$folder"
	done
done
device="-I$here/stubs/mbedtls -DMBEDTLS_CONFIG_FILE=<device_config.h>"
tls="-L$prefix/lib -Wl,-rpath,$prefix/lib -lmbedtls -lmbedx509 -lmbedcrypto"

# ---- compiling

# sources PORT MANIFEST: $sources and $flags are what its CMake says
sources()
{
	cmake -DMANIFEST="$PWD/$2" -DOUT="$work/$1.list" \
		-P $here/manifest.cmake >"$work/log" 2>&1 || return 1
	sources=$(sed -n 's/^source //p' "$work/$1.list")
	flags="-std=c11 $(sed -n -e 's/^include /-I/p' \
		-e 's/^define /-D/p' "$work/$1.list")
		-I$here/stubs/$1 -isystem $work/mbedtls"
}

# program NAME SOURCE...: for this machine, with $flags
program()
{
	name=$1
	shift
	${CC:-cc} $strict $sanitize $flags -std=gnu11 -I$here \
		-o "$work/$name" "$@" $here/mail.c $here/s_client.c $tls
}

# cross COMPILER FLAGS SOURCE...: each alone, for a Cortex-M4
cross()
{
	compiler=$1
	options=$2
	shift 2
	for source; do
		$arm-$compiler $m4 $warn $options $device -c -o \
			"$work/cross.o" "$source" || return 1
	done
}

# refuses WHAT WORDS COMMAND...: the compiler stops, and says these words
refuses()
{
	claim=$1
	words=$2
	shift 2
	if "$@" >"$work/log" 2>&1; then
		no "$claim"
	elif tr '\n' ' ' <"$work/log" | grep -qF -e "$words"; then
		ok "$claim"
	else
		no "$claim: other words than $words"
	fi
}

# ---- running

"$build/examples/callback_body" joe@x.example ann@y.example 800 \
	>"$work/mail.eml" || no 'a mail to send'
printf '.\r\n..\r\n\r\n.' >>"$work/mail.eml"
cp "$work/mail.eml" "$work/want.eml"
printf '\r\n' >>"$work/want.eml"

server()
{
	start --auth PLAIN --user user --password secret "$@" >"$work/log"
	SMTP_CA_FILE=$ca
}

# sends WHAT STATUS MAILS ROWS PROGRAM MODE TO...
sends()
{
	claim=$1
	status=$2
	mails=$3
	rows=$4
	name=$5
	mode=$6
	shift 6
	password=$secret
	[ $mode != plaintext ] || [ "$secret" != secret ] || password=
	printf '%s' "$rows" >"$work/rows"
	echo "status $status" >>"$work/rows"
	"$work/$name" localhost "$port" $mode "$password" joe@x.example \
		"$@" <"$work/mail.eml" >"$work/out" 2>"$work/log"
	n=0
	for eml in "$work/mail"/[0-9]*.eml; do
		[ -f "$eml" ] || continue
		n=$((n + 1))
		cmp "$eml" "$work/want.eml" >>"$work/log" 2>&1 || n=999
	done
	if cat "$work/mail"/session-*.log 2>/dev/null | grep -a '^! ' \
		>>"$work/log"; then
		n=999
	fi
	if [ $n -eq $mails ] && cmp "$work/rows" "$work/out" >>"$work/log"
	then
		ok "$claim"
	else
		cat "$work/out" >>"$work/log"
		no "$claim ($n mails)"
	fi
}
taken='ann@y.example 0 250
'
pending='ann@y.example 1 0
'
secret=secret                    # with plaintext: none
no_tls=-14                       # SMTP_E_UNSUPPORTED

# ---- the ports

port_esp_idf()
{
	here_is=ports/esp-idf/libsmtp
	try 'esp-idf: the manifest' sources esp-idf $here_is/CMakeLists.txt ||
		return
	try 'esp-idf: it compiles' program esp $sources \
		$here/stubs/esp-idf/esp.c || return
	try 'esp-idf: for a Cortex-M4' cross gcc "$flags" $sources
	refuses 'esp-idf: no bundle of CAs' CONFIG_MBEDTLS_CERTIFICATE_BUNDLE \
		cross gcc "$flags -DCONFIG_MBEDTLS_CERTIFICATE_BUNDLE=0" \
		$here_is/smtp_esp.c
	refuses 'esp-idf: no dates' CONFIG_MBEDTLS_HAVE_TIME_DATE \
		cross gcc "$flags -DCONFIG_MBEDTLS_HAVE_TIME_DATE=0" \
		$here_is/smtp_esp.c
	refuses 'task: too small' '128 octets' cross gcc \
		"$flags -DSMTP_TASK_OCTETS=127" ports/task/smtp_task.c
	server --tls starttls --require-auth \
		--reject 'no@y.example=550 5.1.1 no'
	sends 'esp-idf: STARTTLS, a row for each' -1 1 \
		"$taken""no@y.example -3 550
" esp starttls ann@y.example no@y.example
	server --tls implicit --require-auth
	sends 'esp-idf: TLS from the first octet' 0 1 "$taken" \
		esp implicit ann@y.example
	cp "$ca" "$work/old.pem"
	server --tls starttls
	SMTP_CA_FILE=$work/old.pem
	sends 'esp-idf: another CA' -26 0 "$pending" esp starttls \
		ann@y.example
	server --tls none --delay 20
	sends 'esp-idf: no STARTTLS where it is wanted' -25 0 "$pending" \
		esp starttls ann@y.example
	sends 'esp-idf: without TLS where that is meant' 0 1 "$taken" \
		esp plaintext ann@y.example
	secret=wrong
	server --tls none --auth-in-clear
	sends 'esp-idf: no password without TLS' -27 0 "$pending" esp \
		plaintext ann@y.example
	server --tls starttls
	sends 'esp-idf: a wrong password' -27 0 "$pending" esp starttls \
		ann@y.example
	secret=secret
	server --tls none --reject 'end=451 4.3.0 later'
	sends 'esp-idf: a mail that is not taken' -2 0 'ann@y.example -2 451
' esp plaintext ann@y.example
	server --tls none --delay 3000
	MAIL_WAIT_S=1
	export MAIL_WAIT_S
	sends 'esp-idf: a server that says nothing' -23 0 "$pending" esp \
		plaintext ann@y.example
	unset MAIL_WAIT_S
	stop
	sends 'esp-idf: nobody there' -21 0 '' esp plaintext ann@y.example
}

port_freertos_tcp()
{
	here_is=ports/freertos-tcp
	try 'freertos-tcp: the manifest' sources freertos-tcp \
		$here_is/CMakeLists.txt || return
	try 'freertos-tcp: it compiles' program freertos $sources \
		$here/stubs/freertos-tcp/freertos.c || return
	try 'freertos-tcp: for a Cortex-M4' cross gcc "$flags" $sources
	for what in TCP:USE_TCP DNS:USE_DNS select:SUPPORT_SELECT_FUNCTION; do
		option=ipconfig${what#*:}
		refuses "freertos-tcp: no ${what%:*}" $option cross gcc \
			"$flags -D$option=0" $here_is/smtp_freertos.c
	done
	server --tls starttls --require-auth
	sends 'freertos-tcp: STARTTLS' 0 1 "$taken" freertos starttls \
		ann@y.example
	server --tls implicit --require-auth
	sends 'freertos-tcp: TLS from the first octet' 0 1 "$taken" \
		freertos implicit ann@y.example
	unset SMTP_CA_FILE
	server --tls starttls
	unset SMTP_CA_FILE
	sends 'freertos-tcp: TLS wanted, and none given' $no_tls 0 \
		"$pending" freertos starttls ann@y.example
	export SMTP_CA_FILE
	flags="$flags -DSTUB_OLD_ADDRESS -DSTUB_TICK_MS=10"
	try 'freertos-tcp: version 3, at 100 Hz' program freertos3 $sources \
		$here/stubs/freertos-tcp/freertos.c || return
	server --tls starttls --require-auth --delay 30
	sends 'freertos-tcp: STARTTLS at 100 Hz' 0 1 "$taken" freertos3 \
		starttls ann@y.example
}

port_zephyr()
{
	here_is=ports/zephyr
	try 'zephyr: the manifest' sources zephyr $here_is/CMakeLists.txt ||
		return
	common=$flags
	try 'zephyr: the module names folders that are there' test -f \
		"$here_is/$(sed -n 's/^ *kconfig: //p' \
		$here_is/zephyr/module.yml)"
	flags="$common -DCONFIG_LIBSMTP_PLAINTEXT=1"
	try 'zephyr: it compiles without TLS' program zephyr $sources \
		$here/stubs/zephyr/zephyr.c -DCONFIG_LIBSMTP_SEC_TAG=1
	flags="$common -DCONFIG_LIBSMTP_TLS=1 -DCONFIG_LIBSMTP_SEC_TAG=7"
	flags="$flags -DCONFIG_NET_SOCKETS_SOCKOPT_TLS=1"
	try 'zephyr: it compiles' program zephyr_tls $sources \
		$here/stubs/zephyr/zephyr.c || return
	try 'zephyr: for a Cortex-M4' cross gcc "$flags" $sources
	refuses 'zephyr: no STARTTLS' 'port 465 instead' cross gcc \
		"$flags -DCONFIG_LIBSMTP_STARTTLS=1" $here_is/smtp_zephyr.c
	refuses 'zephyr: TLS without its sockets' \
		CONFIG_NET_SOCKETS_SOCKOPT_TLS cross gcc \
		"$common -DCONFIG_LIBSMTP_TLS=1" $here_is/smtp_zephyr.c
	refuses 'zephyr: neither' CONFIG_LIBSMTP_PLAINTEXT cross gcc \
		"$common" $here_is/smtp_zephyr.c
	server --tls implicit --require-auth
	sends 'zephyr: TLS from the first octet' 0 1 "$taken" zephyr_tls \
		implicit ann@y.example
	cp "$ca" "$work/old.pem"
	server --tls implicit
	sends 'zephyr: STARTTLS is asked for' $no_tls 0 "$pending" \
		zephyr_tls starttls ann@y.example
	SMTP_CA_FILE=$work/old.pem
	sends 'zephyr: another CA' -25 0 '' zephyr_tls implicit \
		ann@y.example
	server --tls none
	sends 'zephyr: TLS is asked for' $no_tls 0 "$pending" zephyr \
		implicit ann@y.example
	sends 'zephyr: without TLS where that is meant' 0 1 "$taken" zephyr \
		plaintext ann@y.example
}

port_arduino()
{
	lib=$work/LibSMTP
	src=$lib/src
	try 'arduino: packs' sh ports/arduino/pack.sh "$lib" || return
	try 'arduino: what PlatformIO reads' python3 -c \
		'import json, sys; json.load(open(sys.argv[1]))' \
		"$lib/library.json"
	version=$(sed -n 's/^#define SMTP_VERSION "\(.*\)"/\1/p' \
		include/smtp/config.h)
	try 'ports: one version' sh -c "
		grep -qx 'version=$version' '$lib/library.properties' &&
		grep -q '\"version\": \"$version\"' '$lib/library.json' &&
		grep -q '^version: \"$version\"' \
			ports/esp-idf/libsmtp/idf_component.yml"
	flags="-I$src -I$here/stubs/arduino"
	cxx="-std=c++11 $flags -fno-exceptions"
	set -- $(find "$src" -name '*.c')
	try 'arduino: C for a Cortex-M4' cross gcc "-std=c11 $flags" "$@"
	try 'arduino: C++ for a Cortex-M4' cross g++ "$cxx" \
		"$src/LibSMTP.cpp"
	try 'arduino: the sketch' cross g++ "$cxx -x c++" \
		"$lib/examples/Alert/Alert.ino"
	refuses 'arduino: no STARTTLS' 'port 465 instead' cross g++ \
		"$cxx -DSMTP_ARDUINO_STARTTLS" "$src/LibSMTP.cpp"
	refuses 'arduino: not on AVR' '32 bits' cross g++ "$cxx -D__AVR__" \
		"$src/LibSMTP.cpp"
	mkdir "$work/arduino.o"
	for source in "$@" $here/mail.c $here/s_client.c; do
		${CC:-cc} -std=c11 $strict $sanitize $flags -c -o \
			"$work/arduino.o/$(echo "$source" | tr / _).o" \
			"$source" >"$work/log" 2>&1 || no "arduino: $source"
	done
	try 'arduino: it links' ${CXX:-c++} $warn $sanitize $cxx -I$here \
		-o "$work/arduino" "$src/LibSMTP.cpp" \
		$here/stubs/arduino/arduino.cpp "$work/arduino.o"/*.o ||
		return
	server --tls implicit --require-auth
	sends 'arduino: TLS from the first octet' 0 1 "$taken" arduino \
		implicit ann@y.example
	server --tls none
	sends 'arduino: without TLS where that is meant' 0 1 "$taken" \
		arduino plaintext ann@y.example
	server --tls implicit
	sends 'arduino: STARTTLS is asked for' $no_tls 0 "$pending" arduino \
		starttls ann@y.example
	stop
	sends 'arduino: nobody there' -22 0 '' arduino plaintext \
		ann@y.example
}

# How much of it a device has to have.
echo '#include <smtp_task.h>
	struct smtp_task task;' >"$work/task.c"
try 'task: its size' $arm-gcc $m4 -Iinclude -Iports/task -c -o \
	"$work/task.o" "$work/task.c"
$arm-nm -S -t d "$work/task.o" |
	awk '$4 == "task" { print "struct smtp_task: " $2 + 0 " octets" }'

for port_name in ${*:-esp-idf freertos-tcp zephyr arduino}; do
	port_$(echo "$port_name" | tr - _)
done
stop
echo
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
