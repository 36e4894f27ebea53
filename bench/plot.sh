#!/bin/sh
# A bar for each line of a table, as SVG on stdout.
#
#	sh bench/plot.sh TITLE <table.tsv
#
# A line is: name, number, what to write behind its bar; with tabs between. A
# line with a name alone is a heading; bars below it have a scale of their own.
set -u
LC_ALL=C
export LC_ALL
awk -F '\t' -v title="$1" '
function plain(s)
{
	gsub(/&/, "\\&amp;", s)
	gsub(/</, "\\&lt;", s)
	return s
}
function say(x, y, what, more)
{
	printf "<text x=\"%d\" y=\"%d\"%s>\n%s</text>\n", x, y, more,
	    plain(what)
}
NF > 0 {
	name[++n] = $1
	value[n] = $2 + 0
	words[n] = $3
	if ($3 == "")
		part++
	of[n] = part
	if (value[n] > most[part])
		most[part] = value[n]
}
END {
	if (most[part] == 0)
		exit 1
	high = 22
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\"\n width=\"760\" " \
	    "height=\"%d\" font-family=\"sans-serif\"\n font-size=\"13\">\n",
	    44 + n * high
	print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
	say(12, 24, title, " font-weight=\"bold\"")
	for (i = 1; i <= n; i++) {
		y = 34 + (i - 1) * high
		if (words[i] == "") {
			say(12, y + 16, name[i], " font-style=\"italic\"")
			continue
		}
		wide = value[i] / most[of[i]] * 380
		say(24, y + 16, name[i], "")
		printf "<rect x=\"260\" y=\"%d\" width=\"%.1f\" " \
		    "height=\"%d\" fill=\"%s\"/>\n", y + 4,
		    wide < 1 ? 1 : wide, high - 7,
		    name[i] ~ /^libsmtp/ ? "#2a6f97" : "#b8c4cc"
		say(266 + wide, y + 16, words[i], "")
	}
	print "</svg>"
}'
