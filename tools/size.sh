#!/bin/sh
# Code, data, state and stack of the engine on Cortex-M, against the goals.
#
#	BUILD=build sh tools/size.sh
#
# Each profile is compiled with its switches of config.h, and its objects are
# joined with what its public calls do not reach left out: `text'. The same
# from the one file of `amalgamation.sh FOLDER engine', compiled as it says
# there, is `folded', which goal and ceiling are compared with. A profile whose
# sources are not there is "absent" and gates nothing. Gates: text within the
# gate of the profile, which stands where the code is until it is within the
# ceiling that it has to reach; no .data, no .bss, state and stack within their
# ceilings, no call of a function but those named in `allowed', no recursion.
set -u
LC_ALL=C
export LC_ALL
BUILD=${BUILD:-build}
TARGET=arm-none-eabi
work=$BUILD/size
rm -rf "$work"
mkdir -p "$work" || exit 1

# ---- what is measured

engine='lib/text/*.c lib/codec/*.c lib/sasl/*.c lib/proto/*.c'
builder='lib/mime/*.c'
off='PIPELINING SIZE 8BITMIME SMTPUTF8 ENHANCED TEXT HELO LMTP REUSE
	REQUIRE_ALL BDAT PRDR PARAMETERS QUOTED INSPECT LOGIN CRAM_MD5 XOAUTH2
	OAUTHBEARER STEPPED SASLPREP FAST'

# profile NAME: its sources, the switches that are on (the others of `off' are
# off), what its public calls begin with, goal, ceiling and gate of text, fold
# (the gate of it folded), state; all in octets. `absent' says what it waits
# for.
profile()
{
	absent=
	roots='smtp_engine_'
	sources=$engine
	case $1 in
	nano)	on=
		goal=2500 ceiling=3000 gate=3880 fold=3525 state=96 ;;
	core)	on='PIPELINING SIZE 8BITMIME SMTPUTF8 ENHANCED TEXT REUSE QUOTED
			LOGIN XOAUTH2 OAUTHBEARER'
		goal=4000 ceiling=5000 gate=6340 fold=6050 state=128 ;;
	mail)	absent='a builder without a heap'
		goal=7000 ceiling=9000 gate=9000 state=192 ;;
	full)	absent='DSN, SCRAM'
		goal=11000 ceiling=14000 gate=14000 state=256 ;;
	glue)	absent='mbedTLS without sockets'
		goal=1200 ceiling=1200 gate=1200 state=- ;;
	esac
}
profiles='nano core mail full glue'

# What a call through a pointer may reach: the function that has the call, and
# patterns of the files and the functions; others are taken to reach every
# function whose address is in a table.
pointers='
smtp_engine_feed lib/proto/ ^hear_
smtp_engine_take lib/proto/ ^say_
say_response     lib/sasl/  .
hear_auth        lib/sasl/  .
'
stack_ceiling=256
allowed='memcpy|memmove|memset|memcmp|memchr|strlen|strcmp'

flags='-Os -std=c11 -mthumb -ffreestanding -fno-builtin-printf
	-ffunction-sections -fdata-sections -fno-common
	-fstack-usage -fcallgraph-info=su -Iinclude -Ilib'
flags_of()
{
	case $1 in
	m4)	echo '-mcpu=cortex-m4' ;;
	m0+)	echo '-mcpu=cortex-m0plus -fno-jump-tables' ;;
	esac
}

if ! command -v $TARGET-gcc >/dev/null 2>&1; then
	echo "size: missing: $TARGET-gcc" >&2
	exit 1
fi

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

measure()
{
	name=$1
	cpu=$2
	profile "$name"
	if [ -n "$absent" ]; then
		printf '%-6s %-4s %6s %6s  %6s %7s   absent: %s\n' "$name" \
			"$cpu" - - "$goal" "$ceiling" "$absent"
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
		$TARGET-gcc $flags $(flags_of "$cpu") $switches \
			-c -o "${o%.c}.o" "$source" || exit 1
		objects="$objects ${o%.c}.o"
	done
	calls=$($TARGET-nm --defined-only $objects | awk -v with="^$roots" '
		$2 == "T" && $3 ~ with { print $3 }')
	if [ -z "$calls" ]; then
		printf '%-6s %-4s %6s %6s  %6s %7s   absent: %s\n' "$name" \
			"$cpu" - - "$goal" "$ceiling" "no public call is built"
		return
	fi
	$TARGET-ld -r --gc-sections $(printf -- '-u %s ' $calls) \
		-o "$dir/all.o" $objects || exit 1
	$TARGET-gcc $flags $(flags_of "$cpu") $switches -fwhole-program \
		-fno-thread-jumps -fno-move-loop-invariants \
		'-DSMTP_API=__attribute__((externally_visible))' \
		-c -o "$dir/one.o" "$work/smtp.c" || exit 1
	$TARGET-ld -r --gc-sections $(printf -- '-u %s ' $calls) \
		-o "$dir/folded.o" "$dir/one.o" || exit 1
	folded=$($TARGET-size "$dir/folded.o" | awk 'NR == 2 { print $1 }')
	set -- $($TARGET-size "$dir/all.o" | awk 'NR == 2')
	text=$1
	data=$2
	bss=$3
	# Of a part that was left out the names stay, but no relocation.
	$TARGET-nm -u "$dir/all.o" | awk '{ print $2 }' >"$dir/unknown"
	$TARGET-objdump -r "$dir/all.o" | awk '$2 ~ /^R_/ { print $3 }' |
		sort -u | grep -xF -f "$dir/unknown" |
		grep -vxE "$allowed" >"$dir/undefined"
	$TARGET-nm -S --size-sort -r -t d "$dir/all.o" >"$dir/functions"

	# The engine's state, as its public macro has it.
	bytes=-
	if [ "$state" != - ]; then
		echo '#include <smtp/engine.h>
			char state[SMTP_ENGINE_BYTES];' |
			$TARGET-gcc $flags $(flags_of "$cpu") $switches \
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
		data && /R_ARM_ABS32/ { print $3 }' |
		sed 's/^\.text\.//' | sort -u >"$dir/tables"
	for o in $objects; do
		cat "${o%.o}.ci"
	done | awk -v roots="$calls" -v tables="$dir/tables" \
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
			# Two static functions of one name count as one.
			name = strip(quoted("title"))
			n = substr(label, RSTART, RLENGTH) + 0
			if (n > own[name] + 0)
				own[name] = n
			else
				own[name] += 0
			file_of[name] = file_of[name] label
			if (label ~ /dynamic/ && label !~ /\(static\)/)
				print "size: stack of " name " is not bounded"
		}
	}
	/^edge:/ {
		from = strip(quoted("sourcename"))
		to = strip(quoted("targetname"))
		if (!((from, to) in edge)) {
			edge[from, to] = 1
			to_of[from, ++outs[from]] = to
		}
	}
	# Of f, at this depth; `since` is where the last call through a
	# pointer was, 0: none, and only then the answer holds for every way.
	function deepest(f, depth, since,    i, t, n, best, who, j, want)
	{
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
				want = f in leads ? leads[f] : "."
				for (j = 1; j <= pointed; j++) {
					t = target[j]
					if (t in active || t !~ want ||
					    file_of[t] !~ within[f])
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
					loop[f " and " t] = 1
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
		path = f " " own[f] who
		if (!since) {
			done[f] = own[f] + best
			way_of[f] = path
		}
		return own[f] + best
	}
	END {
		while ((getline line <tables) > 0)
			if (line in own)
				target[++pointed] = line
		n = split(pointers, row, /\n/)
		for (i = 1; i <= n; i++) {
			if (split(row[i], word, / +/) == 3) {
				within[word[1]] = word[2]
				leads[word[1]] = word[3]
			}
		}
		count = split(roots, root, /[ \n]+/)
		for (r = 1; r <= count; r++) {
			n = deepest(root[r], 1, 0)
			if (n > worst) {
				worst = n
				way = path
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
	[ "$folded" -le "$fold" ] || why="$why, folded over the gate of $fold"
	[ "$data" -eq 0 ] || why="$why, .data"
	[ "$bss" -eq 0 ] || why="$why, .bss"
	[ "$bytes" = - ] || [ "$bytes" -le "$state" ] ||
		why="$why, state over $state"
	[ "$stack" -le $stack_ceiling ] ||
		why="$why, stack over $stack_ceiling"
	[ ! -s "$dir/undefined" ] ||
		why="$why, needs $(tr '\n' ' ' <"$dir/undefined")"
	[ -z "$loops" ] || why="$why, $loops"
	say=ok
	[ "$folded" -le "$goal" ] || say='within the gate, over the goal'
	[ "$folded" -le "$ceiling" ] ||
		say="within the gate of $fold folded, over the ceiling"
	[ -z "$why" ] || say="FAIL:${why#,}"
	printf '%-6s %-4s %6d %6d  %6d %7d %5d %4d %6s %6d   %s\n' "$name" \
		"$cpu" "$text" "$folded" "$goal" "$ceiling" "$data" "$bss" \
		"$bytes" "$stack" \
		"$say"
	echo "$name $cpu: $worst" >>"$work/ways"
	verdict $([ -z "$why" ] && echo 0 || echo 1)
}

echo "$($TARGET-gcc --version | sed 1q), -Os; octets"
sh tools/amalgamation.sh "$work" engine || exit 1
echo 'profile cpu   text folded    goal ceiling  data  bss  state  stack'
for name in $profiles; do
	for cpu in m4 m0+; do
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
echo
echo "$passed passed, $bad failed"
[ "$bad" -eq 0 ]
