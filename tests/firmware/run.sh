#!/bin/sh
# Firmware, built and run: a bare-metal image sends a mail over TLS.
#
#	BUILD=build sh tests/firmware/run.sh [doc]
#
# Images for two boards, from the library, lwIP, mbedTLS and ports/, run in an
# emulator on a network that reaches one port of one server here and nothing
# else. What the server stored is compared, octet for octet, with what was to
# be sent, and what it takes of flash and RAM with the gates below. SIZES.md has
# the figures: `doc' writes them anew, otherwise what is there may be 10 % off.
set -u
LC_ALL=C
export LC_ALL
BUILD=${BUILD:-build}
newer=$BUILD/tls36
out=$BUILD/firmware
work=$out/run
doc=${1-}
here=tests/firmware

# The gates; the first two for what a small device would use: TLS 1.2 with a
# chain of P-256.
flash_gate=$((96 * 1024))
ram_gate=$((32 * 1024))
instructions_gate=25000

# case BOARD TLS STACK ARENA: the octets that each has for stack and TLS.
cases='
lm3s6965evb ec12   2048 10240
lm3s6965evb rsa12  2048 15360
lm3s6965evb ec13   4096 12288
lm3s6965evb rsa13  4096 20480
mps2-an385  ec12   2048 10240
mps2-an385  rsa13  4096 20480
'

passed=0
failed=0
ok()
{
	passed=$((passed + 1))
	printf '   ok    %s\n' "$*"
}
bad()
{
	failed=$((failed + 1))
	printf '   BAD   %s\n' "$*"
}
# check WHAT COMMAND...: is it so?
check()
{
	what=$1
	shift
	if "$@"; then ok "$what"; else bad "$what"; fi
}
give_up()
{
	echo "firmware: $*" >&2
	exit 1
}

for tool in arm-none-eabi-gcc qemu-system-arm base64 od; do
	command -v $tool >/dev/null 2>&1 || give_up "missing: $tool"
done
if [ ! -f "$out/sources/lwip/src/core/tcp.c" ] ||
	[ ! -f "$out/sources/mbedtls/library/ssl_tls.c" ]; then
	sh tools/fetch.sh "$out/sources" deb-src lwip mbedtls || exit 1
fi
rm -rf "$work"
mkdir -p "$work" || exit 1

# ---- a server for each kind of certificate; they end with us

servers=
# serve NAME OPTION...: its folder is $work/NAME, its port in $work/NAME.port
serve()
{
	name=$1
	shift
	mkfifo "$work/$name.alive" || exit 1
	"$newer/tools/demo-server" --dir "$work/$name" --require-auth "$@" \
		<"$work/$name.alive" >"$work/$name.out" 2>&1 &
	servers="$servers $!"
	sleep 600 >"$work/$name.alive" &         # the other end of its pipe
	holders="$holders $!"
}
holders=
finish()
{
	[ -z "$holders" ] || kill $holders 2>/dev/null
	[ -z "$servers" ] || kill $servers 2>/dev/null
	wait
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# ready NAME: its port and its authority, which becomes $work/NAME.c
ready()
{
	tries=0
	until grep -q '^READY$' "$work/$1.out"; do
		tries=$((tries + 1))
		[ $tries -le 600 ] || give_up "the server $1 did not start"
		sleep 0.1
	done
	sed -n 's/^PORT=//p' "$work/$1.out" >"$work/$1.port"
	{
		echo 'const unsigned char authority[] = {'
		sed '/-----/d' "$work/$1/ca.pem" | base64 -d |
			od -An -v -tx1 | sed 's/ \(..\)/0x\1,/g'
		echo '};'
		echo 'const unsigned authority_n = sizeof authority;'
	} >"$work/$1.c"
}

# ---- images

# image BOARD TLS STACK ARENA SERVER: that trusts this server's authority
image()
{
	elf=$work/$1-$2-$5.elf
	make -s --no-print-directory -j2 -f $here/image.mk OUT="$out" \
		BOARD="$1" TLS="$2" STACK="$3" ARENA="$4" \
		AUTHORITY="$work/$5.c" IMAGE="$elf" ||
		give_up "the image for $1, $2 was not built"
}

# boot BOARD PEER ICOUNT: the image, and what it talks to
boot()
{
	(cd "$work" && timeout 120 qemu-system-arm -M "$1" -icount "$3" \
		-display none -monitor none -serial none \
		-semihosting-config enable=on,target=native,$arguments \
		-kernel "${elf##*/}" \
		-nic user,restrict=on,guestfwd=tcp:10.0.2.100:25-"$2") \
		>"$work/report" 2>&1
	status=$?
}

# run BOARD SERVER ARGUMENT...: the image `elf' against this server; its report
# is in $work/report, its exit status in `status'
run()
{
	board=$1 server=$2
	shift 2
	arguments=arg=firmware
	for a in "$@"; do
		arguments=$arguments,arg=$a
	done
	rm -f "$work/$server"/0*.eml "$work/$server"/session-*.log
	boot "$board" "tcp:127.0.0.1:$(cat "$work/$server.port")" shift=0
	mail=$(ls "$work/$server"/0*.eml 2>/dev/null)
	log=$(ls "$work/$server"/session-*.log 2>/dev/null)
}

# told NAME: what the firmware said of it
told()
{
	sed -n "s/^$1=//p" "$work/report"
}

# The mail as it has to be, by other means.
expect()
{
	began=$(told began)
	cat <<-END | sed 's/$/\r/'
	From: Device <device@example.com>
	To: <you@example.com>
	Subject: Was das =?UTF-8?Q?Ger=C3=A4t_wei=C3=9F?=
	Date: $(date -u -d "@${began:-0}" '+%a, %d %b %Y %H:%M:%S -0000')
	Message-ID: <${began:-0}.1@device.example.com>
	MIME-Version: 1.0
	Content-Type: multipart/mixed; boundary="=_b"

	--=_b
	Content-Type: text/plain; charset=utf-8
	Content-Transfer-Encoding: quoted-printable

	Gr=C3=BC=C3=9Fe! The log is attached.
	=2E

	--=_b
	Content-Type: application/octet-stream
	Content-Disposition: attachment; filename*=UTF-8''Ger%C3%A4t.log
	Content-Transfer-Encoding: base64

	$(base64 -w 76 "$work/attachment")
	--=_b--
	END
}

# Octets by the part that they come from: flash, then RAM. The stack and the
# arena have no part.
parts()
{
	awk -v out="$out" '
	function part(path)
	{
		if (path ~ /\.arena\.o$/)         return ""
		if (path !~ /\.o$/ || path ~ /\.authority\.o$/) return "app"
		if (index(path, out "/lwip/"))    return "lwip"
		if (path ~ /\/port-lwip\//)       return "port"
		if (path ~ /\/port-mail\//)       return "mail"
		if (path ~ /\/smtp\/(mime|codec\/(qp|word|param))/)
			return "mail"
		if (index(path, out "/smtp/"))    return "engine"
		if (path ~ /\/port-mbedtls\//)    return "glue"
		if (path ~ /\/mbedtls\//)         return "tls"
		return "app"
	}
	/^Linker script and memory map/ { on = 1 }
	/^\/DISCARD\// { on = 0 }
	on && /^ [.*A-Z][^ ]*$/ { getline next_; $0 = $0 next_ }
	on && NF == 4 && $1 ~ /^\./ && $2 ~ /^0x/ && $3 ~ /^0x/ {
		n = 0
		s = tolower(substr($3, 3))
		for (i = 1; i <= length(s); i++)
			n = n * 16 + index("123456789abcdef", substr(s, i, 1))
		p = path_of = part($4)
		ram = $2 ~ /^0x0*2000/ || $2 ~ /^0x0*2001/ ? 1 : 0
		size[p, ram] += n
		if (ram && $1 ~ /^\.data/)
			size[p, 0] += n
	}
	END {
		split("engine mail port glue tls lwip app", name, " ")
		for (ram = 0; ram < 2; ram++)
			for (i = 1; i <= 7; i++)
				printf "%d ", size[name[i], ram]
		print ""
	}' "$1.map"
}

# symbol NAME: its value in the image
symbol()
{
	printf '%d\n' "0x$(arm-none-eabi-nm "$elf" |
		awk -v name="$1" '$3 == name { print $1 }')"
}

# Everything about an image that was built, and its first mail.
deliver()
{
	board=$1 tls=$2 stack=$3 arena=$4 server=${2%1?}
	printf '\n%s, TLS %s\n\n' "$board" "$(echo "$tls" |
		sed 's/ec/with P-256, /; s/rsa/with RSA, /; s/1\(.\)$/1.\1/')"
	image "$board" "$tls" "$stack" "$arena" "$server"
	run "$board" "$server"
	if [ $status -ne 0 ]; then
		sed 's/^/         /' "$work/report"
		tail -n 5 "$log" | sed 's/^/         /'
		bad "the firmware ended with status $status"
		return
	fi
	ok "it boots, delivers, and ends with status 0, code $(told code)"
	expect >"$work/expected.eml"
	check "what the server stored is what was to be sent:\
 $(wc -c <"$work/expected.eml" | tr -d ' ') octets" \
		cmp -s "$work/expected.eml" "${mail:-none}"
	age=$(($(date +%s) - $(told began)))
	check "its clock is right" [ "$age" -ge 0 -a "$age" -le 300 ]
	check "TLS 1.${tls#*1}: $(sed -n 's/^\* TLSv[^ ]* //p' "$log")" \
		grep -q "^\* TLSv1.${tls#*1} " "$log"
	check 'nothing in it can ask for a heap' no_heap
	check "its arena of $arena had room: $(told arena) octets deep" \
		[ "$(told arena)" -le "$arena" -a "$(told wanted)" -eq 0 ]
	check "its stack of $stack had room: $(told stack) octets deep" \
		[ $(($(told stack) + 256)) -le "$stack" ]
	check "no call of the engine took more than $instructions_gate\
 instructions: $(told longest-ns)" \
		[ "$(told longest-ns)" -le $instructions_gate ]
	echo "         that was: $(told longest-call | sed 's/(.*//')"
	set -- $(parts "$elf")
	flash=$(($(symbol data_load) + $(symbol data_high) - \
		$(symbol data_low)))
	ram=$(($(symbol bss_high) - 536870912))
	if [ "$tls" = ec12 ]; then
		check "$flash octets of flash, under $flash_gate" \
			[ $flash -lt $flash_gate ]
		check "$ram octets of RAM, under $ram_gate" \
			[ $ram -lt $ram_gate ]
	fi
	row "$board" "$tls" "$1" "$2" "$3" "$4" "$5" "$6" "$7" "$flash" \
		>>"$work/flash"
	row "$board" "$tls" "$(($8 + $9 + ${10} + ${11}))" "${12}" "${13}" \
		"${14}" "$stack" "$arena" "$ram" >>"$work/ram"
	row "$board" "$tls" "$(told stack)" "$(told arena)" \
		"$(told longest-ns)" >>"$work/peaks"
}
row()
{
	printf '| %s ' "$@"
	echo '|'
}
no_heap()
{
	! arm-none-eabi-nm "$elf" |
		grep -E ' _?(malloc|calloc|realloc|free|_?sbrk)(_r)?$'
}

# lost WHAT STATUS ICOUNT: against the script on standard input
lost()
{
	{
		echo '#!/bin/sh'
		cat
	} >"$work/peer.sh"
	chmod +x "$work/peer.sh"
	arguments=arg=firmware,arg=plain,arg=hurry
	boot lm3s6965evb cmd:./peer.sh "$3"
	if [ $status -eq 1 ] && [ "$(told status)" = "$2" ]; then
		ok "$1: status $2"
	else
		bad "$1: status $(told status) and not $2"
		sed 's/^/         /' "$work/report"
	fi
}

# refused WHAT STATUS SERVER ARGUMENT...: no mail, and this status
refused()
{
	what=$1 want=$2 server=$3
	shift 3
	run lm3s6965evb "$server" "$@"
	if [ $status -eq 1 ] && [ "$(told status)" = "$want" ] &&
		[ -z "$mail" ]; then
		ok "$what: status $want$(told wanted |
			sed '/^0$/d; s/.*/, & octets wanted/')"
	else
		bad "$what: status $(told status) and not $want, mail: $mail"
		sed 's/^/         /' "$work/report"
	fi
}

# ---- it begins

printf '\nParts by themselves, on the host\n\n'
${CC:-cc} -g -O1 -fsanitize=address,undefined -fno-sanitize-recover \
	-Iports/mbedtls -o "$work/arena" $here/host/arena.c \
	ports/mbedtls/smtp_arena.c || give_up 'the arena was not built'
seed=$(date +%s)
check "random allocations leave each other alone, seed $seed" \
	"$work/arena" "$seed"

${CC:-cc} -g -O1 -fsanitize=address,undefined -fno-sanitize-recover \
	-DSMTP_WITH_FAST=0 -Iinclude -Ilib -Iports/mail -o "$work/mail" \
	$here/host/mail.c ports/mail/smtp_mail.c lib/mime/field.c \
	lib/mime/date.c lib/codec/[beqlpw]*.c lib/text/*.c ||
	give_up 'the mail was not built'
check 'a mail is the same, however its sources are cut; bad ones are refused' \
	"$work/mail"

[ -x "$newer/tools/demo-server" ] || give_up 'no demo-server with mbedTLS 3.6'
head -c 20000 /dev/urandom >"$work/attachment"
serve ec
serve rsa --cert rsa
for kind in wrongname cnonly expired; do
	serve $kind --cert $kind
done
ready ec
ready rsa
echo "$cases" | while read -r board tls stack arena; do
	[ -z "$board" ] || echo "$board $tls $stack $arena"
done >"$work/cases"
while read -r board tls stack arena; do
	deliver "$board" "$tls" "$stack" "$arena" </dev/null
done <"$work/cases"

printf '\nWhat must not be sent\n\n'
MEMORY=-13 CERTIFICATE=-26
image lm3s6965evb ec12 2048 10240 ec
for arena in 0 200 1000 3000 6000 7000 7500 8000 8500; do
	refused "an arena of $arena" $MEMORY ec arena=$arena
done
refused 'a clock that stands in 2010' $CERTIFICATE ec from=1262304000
for kind in wrongname cnonly expired; do
	ready $kind
	image lm3s6965evb ec12 2048 10240 $kind
	refused "a certificate that is $kind" $CERTIFICATE $kind
done
image lm3s6965evb ec12 2048 10240 expired
refused 'an authority that is not ours' $CERTIFICATE ec

# A peer that is a script, in the clear, and a device that waits three seconds.
# With sleep=off the time of an idle device passes at once.
printf '\nWhat ends another way\n\n'
LATER=-2 REFUSED=-3 UNKNOWN=-4 CLOSED=-22 TIMEOUT=-23
lost 'no greeting' $TIMEOUT shift=0,sleep=off <<-'END'
	exec sleep 10
END
lost 'a connection that ends behind the greeting' $CLOSED shift=0 <<-'END'
	printf '220 here\r\n'
END
talk='answer() { read -r line; printf "$1\r\n"; }
	printf "220 here\r\n"
	answer "250 here"
	answer "250 2.1.0 yes"'
lost 'a recipient that is refused' $REFUSED shift=0 <<-END
	$talk
	answer '550 5.1.1 nobody of that name'
	answer '221 2.0.0 bye'
	sleep 1
END
lost 'a connection that ends within the mail' $LATER shift=0 <<-END
	$talk
	answer '250 2.1.5 yes'
	answer '354 go on'
END
lost 'a connection that ends behind it' $UNKNOWN shift=0 <<-END
	$talk
	answer '250 2.1.5 yes'
	answer '354 go on'
	sed '/^\.\r*\$/q' >/dev/null
END
lost 'no answer behind it' $UNKNOWN shift=0 <<-END
	$talk
	answer '250 2.1.5 yes'
	answer '354 go on'
	sed '/^\.\r*\$/q' >/dev/null
	exec sleep 10
END

# ---- SIZES.md

names='s/| ec12 |/| 1.2, P-256 |/; s/| rsa12 |/| 1.2, RSA |/
	s/| ec13 |/| 1.3, P-256 |/; s/| rsa13 |/| 1.3, RSA |/'
# version FILE NAME...: the numbers that are defined there, with points between
version()
{
	file=$out/sources/$1
	shift
	for macro; do
		sed -n "s/^#define $macro  *\"*\([0-9.]*\)\"*\$/\1/p" "$file"
	done | paste -s -d . -
}
# table HEADING...: a table of what comes in
table()
{
	printf '| %s ' "$@"
	printf '|\n|---|---|'
	shift 2
	printf -- '--:|%.0s' "$@"
	echo
	sed "$names"
}
{
	echo "$(arm-none-eabi-gcc --version | sed 1q), -Os for Cortex-M3," \
		"lwIP $(version lwip/src/include/lwip/init.h \
		LWIP_VERSION_MAJOR LWIP_VERSION_MINOR \
		LWIP_VERSION_REVISION)," \
		"mbedTLS $(version mbedtls/include/mbedtls/build_info.h \
		MBEDTLS_VERSION_STRING)."
	cat <<-END

	Flash, by what it is from. Mail is ports/mail with what it uses of the
	library beside base64. The application has the drivers of the board,
	semihosting, the trusted certificate, and what is needed of the C
	library.

	END
	table board TLS engine mail 'port of lwIP' 'TLS glue' mbedTLS lwIP \
		application 'in all' <"$work/flash"
	cat <<-END

	RAM, all of it static. The engine and the buffers of the session lie in
	that of the application.

	END
	table board TLS 'library and ports' mbedTLS lwIP application stack \
		'arena of TLS' 'in all' <"$work/ram"
	cat <<-END

	What one mail needed of it: stack, found by painting it; the arena, as
	far as it was used; and the most instructions in one call of the engine.

	END
	table board TLS stack 'arena of TLS' instructions <"$work/peaks"
} >"$work/table"

sh tools/sizes.sh firmware "$work/table" $doc
check 'SIZES.md has these figures' [ $? -eq 0 ]
printf '\n%s passed, %s failed\n' $passed $failed
[ $failed -eq 0 ]
