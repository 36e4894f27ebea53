#!/bin/sh
# Inputs to begin with, made of the transcripts in tests/dialogue.
#
#	sh tests/fuzz/seeds.sh BUILD/fuzz
#
# Of each transcript one for the reply parser, with all that the server says,
# and one for the engine: the setup, the mails, and the server line by line
# (the form is that of make_mail() and act() in fuzz_engine.c). They go to
# BUILD/fuzz/seeds/HARNESS; tests/fuzz/merge.sh takes from there what reaches
# something.
set -eu
LC_ALL=C
export LC_ALL
where=$1
mkdir -p "$where/seeds/reply" "$where/seeds/engine"

# Octets as \0ooo for printf; \xNN and others as the transcripts have them.
awk -v where="$where/seeds" '
function octal(n)
{
	return sprintf("\\0%03o", n)
}
function hex(s)
{
	return 16 * (index("0123456789abcdef", tolower(substr(s, 1, 1))) - 1) \
	    + index("0123456789abcdef", tolower(substr(s, 2, 1))) - 1
}
# The octets of a text, in `octets`; returns their number.
function unescape(s,    i, c, n)
{
	octets = ""
	for (i = 1; i <= length(s); i++) {
		n++
		c = substr(s, i, 1)
		if (c != "\\") {
			octets = octets octal(code[c])
			continue
		}
		c = substr(s, ++i, 1)
		if (c == "x") {
			octets = octets octal(hex(substr(s, i + 1, 2)))
			i += 2
		} else if (c == "r" || c == "n" || c == "t" || c == "s")
			octets = octets octal(c == "r" ? 13 : c == "n" ? 10 : \
			    c == "t" ? 9 : 32)
		else
			octets = octets octal(c == "0" ? 0 : code[c])
	}
	return n
}
function option(name)
{
	return index(" " $0 " ", " " name " ") > 0
}
function setup()
{
	tls = option("tls=starttls") ? 0 : option("tls=implicit") ? 1 : \
	    option("tls=opportunistic") ? 2 : 3
	how = tls + 4 * option("lmtp") + 8 * option("insecure") + 192
}
function add_mail(    i, n, rcpts, first, second, content)
{
	for (i = 3; i <= NF; i++) {
		rcpts += $i ~ /^to=/
		if ($i ~ /^content=/)
			content = content substr($i, 9)
	}
	if (mails == 4 || rcpts == 0)
		return
	mails++
	first = (rcpts > 4 ? 3 : rcpts - 1) + 4 * !option("chunks") + \
	    8 * option("prdr") + 16 * option("all") + 32 * option("wait") + \
	    64 * option("exact")
	second = 2 * option("8bit") + 4 * option("binary") + \
	    24 * (index($0, "fails=") > 0) + 32 * !option("open")
	n = unescape(content)
	if (content ~ /\{/ || n > 255) {
		n = unescape("Hello\\r\\n")
	}
	envelopes = envelopes octal(first) octal(second) octal(n) octets
}
function server(text, line,    n)
{
	if (text ~ /\\\{/ || text ~ /\$/)
		return
	n = unescape(text)
	if (n > 64)
		return
	replies = replies octets (line ? "\\0015\\0012" : "")
	script = script octal(line ? 162 : 160) octal(n) octets
}
function flush(    name)
{
	if (file == "")
		return
	name = file
	sub(/.*\//, "", name)
	sub(/\.txt$/, "", name)
	if (mails == 0) {
		mails = 1
		envelopes = "\\0004\\0000\\0003Hi\\0012"
	}
	print where "/reply/" name " " "\\0001\\0377" replies
	print where "/engine/" name " " octal(how) \
	    octal(1 + 12 + 64 * (mails - 1)) "\\0007\\0000" envelopes script
}
BEGIN {
	for (i = 1; i < 256; i++)
		code[sprintf("%c", i)] = i
}
FNR == 1 {
	flush()
	file = FILENAME
	mails = 0
	how = 195
	envelopes = replies = script = ""
}
/^> setup/ { setup() }
/^> auth/ {
	if (int(how / 16) % 2 == 0)
		how += 16 + 32 * (index($0, "token=") > 0)
}
/^> send/ { add_mail() }
/^> lost/ { script = script octal(224) }
/^S[:!] / { server(substr($0, 4), 1) }
/^S\| / { server(substr($0, 4), 0) }
END { flush() }' tests/dialogue/*.txt |
while IFS=' ' read -r path octets; do
	printf '%b' "$octets" >"$path"
done
ls "$where/seeds/engine" | wc -l
