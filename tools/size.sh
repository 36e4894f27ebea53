#!/bin/sh
# Code, data, state and stack of the engine on Cortex-M, against the goals; and
# on a RISC-V of 32 bits, which has no goals, against the gates alone.
#
#	BUILD=build sh tools/size.sh [doc]
#
# SIZES.md has the table: `doc' writes it anew (tools/sizes.sh).
#
# Each profile is compiled with its switches of config.h, and its objects are
# joined with what its public calls do not reach left out: `text'. The same
# from the one file of `amalgamation.sh FOLDER FORM', compiled as it says there,
# is `folded', which goal and ceiling are compared with. A profile whose
# sources are not there is "absent" and gates nothing. Gates: text within the
# gate of the profile, which stands where the code is until it is within the
# ceiling that it has to reach; no .data, no .bss, state and stack within their
# ceilings, no call of a function but those named in `allowed', no recursion.
set -u
LC_ALL=C
export LC_ALL
BUILD=${BUILD:-build}
MBEDTLS36=${MBEDTLS36:-build/mbedtls36}
doc=${1-}
work=$BUILD/size
rm -rf "$work"
mkdir -p "$work" || exit 1

# ---- what is measured

engine='lib/text/*.c lib/codec/*.c lib/sasl/*.c lib/proto/*.c'
digests='lib/crypto/hash_mbedtls.c lib/crypto/hmac.c lib/crypto/pbkdf2.c
	lib/crypto/wipe.c'
off='PLAINTEXT COMMAND MECHANISM AUTHZID SECOND TEMPORARY PIPELINING SIZE
	8BITMIME SMTPUTF8 ENHANCED TEXT HELO LMTP REUSE
	REQUIRE_ALL BDAT PRDR PARAMETERS QUOTED INSPECT LOGIN CRAM_MD5 XOAUTH2
	OAUTHBEARER STEPPED SASLPREP SCRAM SHA512 FAST'

# profile NAME: its sources, the switches that are on (the others of `off' are
# off), what its public calls begin with, goal, ceiling and gate of text, fold
# (the gate of it folded, in the form `one'), state, deep (the ceiling of the
# stack); in octets. rv_gate, rv_fold and rv_deep are those of RISC-V. `absent'
# says what it waits for, `also' what is called through tables, `needs' what it
# may call beside `allowed', `more' the flags that it wants.
profile()
{
	absent= also= needs=- more= one=engine deep=256 rv_deep=320
	roots='smtp_engine_'
	sources=$engine
	case $1 in
	nano)	on=
		goal=2500 ceiling=3000 gate=3450 fold=3000 state=96
		rv_gate=4600 rv_fold=3920 ;;
	core)	on='PIPELINING SIZE 8BITMIME SMTPUTF8 ENHANCED TEXT REUSE QUOTED
			LOGIN XOAUTH2 OAUTHBEARER'
		goal=4000 ceiling=5000 gate=5520 fold=5000 state=128
		rv_gate=7300 rv_fold=6420 ;;
	mail)	on='PIPELINING SIZE 8BITMIME SMTPUTF8 ENHANCED TEXT REUSE QUOTED
			LOGIN XOAUTH2 OAUTHBEARER'
		sources="$engine lib/mime/date.c lib/mime/field.c
			ports/mail/smtp_mail.c"
		roots='smtp_engine_|smtp_mail_'
		needs='__aeabi_(uldivmod|uidiv|uidivmod|lmul)|__u(div|mod)di3'
		more=-Iports/mail one=mail
		goal=7000 ceiling=9000 gate=10060 fold=9000
		rv_gate=13130 rv_fold=11460
		state=192 deep=480 rv_deep=540 ;;
	full)	on='PIPELINING SIZE 8BITMIME SMTPUTF8 ENHANCED TEXT REUSE QUOTED
			LOGIN XOAUTH2 OAUTHBEARER BDAT PARAMETERS CRAM_MD5
			STEPPED SCRAM'
		sources="$engine $digests lib/status.c"
		roots='smtp_engine_|smtp__scrams|smtp_status_name'
		also='begin step end'
		needs='psa_hash_[a-z]*|psa_crypto_init|mbedtls_[a-z0-9_]*
			|__aeabi_(uldivmod|lmul)|__u(div|mod)di3'
		more="$mbedtls -DNDEBUG"
		goal=11000 ceiling=14000 gate=13340 rv_gate=17020 fold=0
		state=256 deep=768 rv_deep=832 ;;
	glue)	on=
		sources=ports/mbedtls/smtp_mbedtls.c
		roots='smtp_mbedtls_'
		needs='mbedtls_[a-z0-9_]*|smtp_arena'
		more=$mbedtls
		goal=1200 ceiling=1200 gate=900 rv_gate=1010 fold=0 state=- ;;
	esac
}
profiles='nano core mail full glue'

# What a call through a pointer may reach: the function that has the call, and
# patterns of the files and the functions; others are taken to reach every
# function whose address is in a table. `begin' of SCRAM asks the program for
# random octets; of what is written here, nothing grows.
pointers='
smtp_engine_feed lib/proto/ ^hear_
smtp_engine_take lib/proto/ ^take_
begin            random-is-given  .
smtp__out_room   nothing-grows    .
'
allowed='memcpy|memmove|memset|memcmp|memchr|strlen|strcmp
	|__riscv_(save|restore)_[0-9]*'

mbedtls="-Iports/mbedtls -Itests/firmware -isystem $MBEDTLS36/include
	-DMBEDTLS_CONFIG_FILE=\"tls_config.h\""
flags='-Os -std=c11 -ffreestanding -fno-builtin-printf
	-ffunction-sections -fdata-sections -fno-common
	-fstack-usage -fcallgraph-info=su -Iinclude -Ilib'
flags_of()
{
	case $1 in
	m4)	echo '-mthumb -mcpu=cortex-m4' ;;
	m0+)	echo '-mthumb -mcpu=cortex-m0plus -fno-jump-tables' ;;
	rv32)	echo '-march=rv32imac -mabi=ilp32 -msave-restore' \
			'-fno-asynchronous-unwind-tables' \
			'--specs=picolibc.specs' ;;
	esac
}
# Tools of the processor, which are called TARGET-gcc and so on.
target_of()
{
	case $1 in
	rv32)	echo riscv64-unknown-elf ;;
	*)	echo arm-none-eabi ;;
	esac
}

for cpu in m4 rv32; do
	command -v $(target_of $cpu)-gcc >/dev/null 2>&1 || {
		echo "size: missing: $(target_of $cpu)-gcc" >&2
		exit 1
	}
done

# ---- one profile on one processor

bad=0
passed=0
verdict()
{
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
	else
		bad=$((bad + 1))
	fi
}

# row CELL...: of the table in SIZES.md
row()
{
	printf '| %s ' "$@" >>"$work/rows"
	echo '|' >>"$work/rows"
}

# The profile from the one file: `folded'.
fold_it()
{
	$TARGET-gcc $flags $(flags_of "$cpu") $switches -fwhole-program \
		-fno-thread-jumps -fno-move-loop-invariants \
		'-DSMTP_API=__attribute__((externally_visible))' \
		-c -o "$dir/one.o" "$work/$one/smtp.c" || exit 1
	$TARGET-ld $link -r --gc-sections $(printf -- '-u %s ' $calls) \
		-o "$dir/folded.o" "$dir/one.o" || exit 1
	folded=$($TARGET-size "$dir/folded.o" | awk 'NR == 2 { print $1 }')
}

measure()
{
	name=$1
	cpu=$2
	TARGET=$(target_of "$cpu")
	link=
	profile "$name"
	if [ "$cpu" = rv32 ]; then
		link='-m elf32lriscv'
		goal=- ceiling=- deep=$rv_deep
		[ -n "$absent" ] || gate=$rv_gate
		[ -n "$absent" ] || [ "$fold" -eq 0 ] || fold=$rv_fold
	fi
	if [ -n "$absent" ]; then
		printf '%-6s %-4s %6s %6s  %6s %7s   absent: %s\n' "$name" \
			"$cpu" - - "$goal" "$ceiling" "$absent"
		row "$name" "$cpu" - - "$goal" "$ceiling" - -
		return
	fi
	dir=$work/$name-$cpu
	mkdir -p "$dir"
	switches=-DSMTP_OCTETS=uint32_t
	for switch in $off; do
		value=0
		for s in $on; do
			[ "$s" != "$switch" ] || value=1
		done
		switches="$switches -DSMTP_WITH_$switch=$value"
	done
	objects=
	for source in $sources; do
		[ -f "$source" ] || continue
		o=$dir/$(echo "${source#lib/}" | tr / _)
		$TARGET-gcc $flags $(flags_of "$cpu") $switches $more \
			-c -o "${o%.c}.o" "$source" || exit 1
		objects="$objects ${o%.c}.o"
	done
	calls=$($TARGET-nm --defined-only $objects | awk -v with="^($roots)" '
		$2 ~ /[TR]/ && $3 ~ with { print $3 }')
	if [ -z "$calls" ]; then
		printf '%-6s %-4s %6s %6s  %6s %7s   absent: %s\n' "$name" \
			"$cpu" - - "$goal" "$ceiling" "no public call is built"
		return
	fi
	$TARGET-ld $link -r --gc-sections $(printf -- '-u %s ' $calls) \
		-o "$dir/all.o" $objects || exit 1
	folded=-
	[ "$fold" -eq 0 ] || fold_it
	set -- $($TARGET-size "$dir/all.o" | awk 'NR == 2')
	text=$1
	data=$2
	bss=$3
	# Of a part that was left out the names stay, but no relocation.
	$TARGET-nm -u "$dir/all.o" | awk '{ print $2 }' >"$dir/unknown"
	$TARGET-objdump -r "$dir/all.o" | awk '$2 ~ /^R_/ { print $3 }' |
		sort -u | grep -xF -f "$dir/unknown" |
		grep -vxE "$(echo "$allowed|$needs" | tr -d ' \n\t')" \
		>"$dir/undefined"
	$TARGET-nm -S --size-sort -r -t d "$dir/all.o" >"$dir/functions"

	# The engine's state, as its public macro has it.
	bytes=-
	if [ "$state" != - ]; then
		{
			echo '#include <smtp/engine.h>'
			[ "$name" != mail ] || echo '#include "smtp_mail.h"
				#define MORE offsetof(struct smtp_mail, in)'
			echo '#ifndef MORE'
			echo '#define MORE 0'
			echo '#endif'
			echo 'char state[SMTP_ENGINE_BYTES + MORE];'
		} |
			$TARGET-gcc $flags $(flags_of "$cpu") $switches $more \
			-x c -c -o "$dir/state.o" - || exit 1
		bytes=$($TARGET-nm -S "$dir/state.o" | awk '
			$4 == "state" {
				n = 0
				for (i = 1; i <= length($2); i++)
					n = n * 16 + index("123456789abcdef",
					    substr($2, i, 1))
				print n
			}')
	fi

	# The deepest stack. Where a pointer may lead back to a function that
	# is already active, that way is left out; where direct calls do, it
	# is recursion.
	$TARGET-objdump -r "$dir/all.o" | awk '
		/^RELOCATION RECORDS FOR/ {
			data = $0 !~ /\.(text|ARM|debug)/
		}
		data && /R_ARM_ABS32|R_RISCV_32/ { print $3 }' |
		sed 's/^\.text\.//; s/+0x.*//' | sort -u >"$dir/tables"
	for o in $objects; do
		cat "${o%.o}.ci"
	done | awk -v roots="$calls $also" -v tables="$dir/tables" \
		-v pointers="$pointers" -v out="$dir/stack" '
	function strip(name)
	{
		sub(/^.*:/, "", name)
		return name
	}
	function quoted(key,    s, i)
	{
		i = index($0, key ": \"")
		if (i == 0)
			return ""
		s = substr($0, i + length(key) + 3)
		return substr(s, 1, index(s, "\"") - 1)
	}
	/^node:/ {
		label = quoted("label")
		if (match(label, /[0-9]+ bytes \(/)) {
			# A static function has its file before its name.
			name = quoted("title")
			own[name] = substr(label, RSTART, RLENGTH) + 0
			called[strip(name)] = called[strip(name)] " " name
			file_of[name] = label
			if (label ~ /dynamic/ && label !~ /\(static\)/)
				print "size: stack of " name " is not bounded"
		}
	}
	/^edge:/ {
		from = quoted("sourcename")
		to = quoted("targetname")
		if (!((from, to) in edge)) {
			edge[from, to] = 1
			to_of[from, ++outs[from]] = to
		}
	}
	# Of f, at this depth; `since` is where the last call through a
	# pointer was, 0: none, and only then the answer holds for every way.
	function deepest(f, depth, since,    i, t, n, best, who, j, want, g)
	{
		g = strip(f)
		if (f in done) {
			path = way_of[f]
			return done[f]
		}
		active[f] = depth
		best = 0
		who = ""
		for (i = 1; i <= outs[f]; i++) {
			t = to_of[f, i]
			if (t == "__indirect_call") {
				want = g in leads ? leads[g] : "."
				for (j = 1; j <= pointed; j++) {
					t = target[j]
					if (t in active ||
					    strip(t) !~ want ||
					    file_of[t] !~ within[g])
						continue
					n = deepest(t, depth + 1, depth + 1)
					if (n > best) {
						best = n
						who = ", " path
					}
				}
				continue
			}
			if (t in active) {
				if (active[t] >= since)
					loop[g " and " strip(t)] = 1
				continue
			}
			if (!(t in own))
				continue
			n = deepest(t, depth + 1, since)
			if (n > best) {
				best = n
				who = ", " path
			}
		}
		delete active[f]
		path = g " " own[f] who
		if (!since) {
			done[f] = own[f] + best
			way_of[f] = path
		}
		return own[f] + best
	}
	END {
		while ((getline line <tables) > 0)
			for (i = split(called[line], all, " "); i > 0; i--)
				target[++pointed] = all[i]
		n = split(pointers, row, /\n/)
		for (i = 1; i <= n; i++) {
			if (split(row[i], word, / +/) == 3) {
				within[word[1]] = word[2]
				leads[word[1]] = word[3]
			}
		}
		count = split(roots, root, /[ \n]+/)
		for (r = 1; r <= count; r++) {
			i = split(called[root[r]], all, " ")
			for (; i > 0; i--) {
				n = deepest(all[i], 1, 0)
				if (n > worst) {
					worst = n
					way = path
				}
			}
		}
		print worst + 0 >out
		print way >out
		for (l in loop)
			print "recursion: " l >out
	}' >&2
	stack=$(sed -n 1p "$dir/stack")
	worst=$(sed -n 2p "$dir/stack")
	loops=$(sed -n '3,$p' "$dir/stack")

	why=
	[ "$text" -le "$gate" ] || why="$why, text over the gate of $gate"
	[ "$folded" = - ] || [ "$folded" -le "$fold" ] ||
		why="$why, folded over the gate of $fold"
	[ "$data" -eq 0 ] || why="$why, .data"
	[ "$bss" -eq 0 ] || why="$why, .bss"
	[ "$bytes" = - ] || [ "$bytes" -le "$state" ] ||
		why="$why, state over $state"
	[ "$stack" -le $deep ] || why="$why, stack over $deep"
	[ ! -s "$dir/undefined" ] ||
		why="$why, needs $(tr '\n' ' ' <"$dir/undefined")"
	[ -z "$loops" ] || why="$why, $loops"
	say=ok
	least=$folded
	[ "$folded" != - ] || least=$text
	if [ "$goal" != - ]; then
		[ "$least" -le "$goal" ] || say='within the gate, over the goal'
		[ "$least" -le "$ceiling" ] ||
			say='within the gate, over the ceiling'
	fi
	[ -z "$why" ] || say="FAIL:${why#,}"
	printf '%-6s %-4s %6d %6s  %6s %7s %5d %4d %6s %6d   %s\n' "$name" \
		"$cpu" "$text" "$folded" "$goal" "$ceiling" "$data" "$bss" \
		"$bytes" "$stack" \
		"$say"
	row "$name" "$cpu" "$text" "$folded" "$goal" "$ceiling" "$bytes" \
		"$stack"
	echo "$name $cpu: $worst" >>"$work/ways"
	verdict $([ -z "$why" ] && echo 0 || echo 1)
}

built="$(arm-none-eabi-gcc --version | sed 1q),
	$(riscv64-unknown-elf-gcc --version | sed 1q), -Os; octets"
built=$(echo $built)
echo "$built"
for form in engine mail; do
	sh tools/amalgamation.sh "$work/$form" $form || exit 1
done
echo 'profile cpu   text folded    goal ceiling  data  bss  state  stack'
for name in $profiles; do
	for cpu in m4 m0+ rv32; do
		measure "$name" "$cpu"
	done
done
if [ -f "$work/ways" ]; then
	echo
	echo 'Deepest stack, each function with its own part (without mem*):'
	sed 's/^/  /' "$work/ways"
	echo
	echo "The functions by size: $work/PROFILE-CPU/functions"
fi
{
	echo "$built"
	echo
	echo '| profile | processor | text | folded | goal | ceiling | state' \
		'| stack |'
	echo '|---|---|--:|--:|--:|--:|--:|--:|'
	cat "$work/rows"
} >"$work/table"
echo
sh tools/sizes.sh size "$work/table" $doc
verdict $?
echo
echo "$passed passed, $bad failed"
[ "$bad" -eq 0 ]
