#!/bin/sh
# Run what was built into DIR, each bench with so many rounds; tables in
# Markdown to stdout and DIR/NAME.md, plots to DIR/NAME.svg.
#
#	sh bench/run.sh DIR ROUNDS [DOC]
#
# With DOC "yes" they are copied to bench/, and into the marked blocks of
# docs/performance.md and README.md.
set -u
dir=$1
rounds=$2
doc=${3:-no}
status=0

# bench NAME TITLE COMMAND...
bench()
{
	name=$1 title=$2
	shift 2
	"$@" "$rounds" "$dir/$name.tsv" >"$dir/$name.md" || status=1
	cat "$dir/$name.md"
	echo
	sh bench/plot.sh "$title" <"$dir/$name.tsv" >"$dir/$name.svg" || {
		status=1
		return
	}
	[ "$doc" != yes ] || cp "$dir/$name.md" "$dir/$name.svg" bench/
}

# block FILE BEGIN END <text: what stands between the two lines in FILE
block()
{
	cat >"$dir/block" &&
	awk -v from="$2" -v to="$3" -v block="$dir/block" '
		$0 == to { inside = 0 }
		!inside
		$0 == from {
			inside = 1
			while ((getline line <block) > 0)
				print line
		}' "$1" >"$dir/filled" && cp "$dir/filled" "$1"
}

bench encoders 'Encoders: MB of input in a second of CPU time' "$dir/encoders"
bench attachment '25 MiB attachment to loopback: speed, octets ready = 100 %' \
	"$dir/attachment"
# A server of its own, with one authority above it, as the first ones have.
certificate()
{
	set -- openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes
	"$@" -x509 -subj /CN=ca -days 30 -keyout "$dir/ca.key" \
		-out "$dir/ca.pem" &&
	"$@" -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout "$dir/cert.key" -out "$dir/cert.csr" &&
	openssl x509 -req -in "$dir/cert.csr" -CA "$dir/ca.pem" \
		-CAkey "$dir/ca.key" -days 30 -copy_extensions copy \
		-out "$dir/cert.pem"
}
certificate >"$dir/certificate.log" 2>&1 || {
	cat "$dir/certificate.log"
	status=1
}
bench tls 'TLS handshake: ms of the client'\''s CPU time' \
	"$dir/tls" "$dir/ca.pem" "$dir/cert.pem" "$dir/cert.key"
bench speed 'Mails of 1 KiB to a sink on loopback' \
	python3 bench/speed.py "$dir"
if [ "$doc" = yes ]; then
	block docs/performance.md '<!-- speed -->' '<!-- end -->' \
		<"$dir/speed.md"
	# The first table there is the one for everybody, and the goals.
	awk -v RS= -v ORS='\n\n' 'NR < 3 || /^\| Goal/' "$dir/speed.md" |
		sed '$d' | block README.md '<!-- speed -->' '<!-- end -->'
fi
exit $status
