#!/bin/sh
# Messages of the builder, read by parsers and verifiers that are not ours.
#
#	BUILD=build sh tests/outsiders/run.sh
#
# generate writes the messages and what has to be found in them; Python's email
# package, GMime and mailparser read them, dkimpy and mailauth verify what was
# signed. Everything prints "ok - what" or "not ok - what"; only the latter is
# shown, and a line for each reader. "proves ID..." names what they have shown.
# The last line is "N passed, N failed".
set -u
LC_ALL=C.UTF-8
PYTHONDONTWRITEBYTECODE=1
export LC_ALL PYTHONDONTWRITEBYTECODE
BUILD=${BUILD:-build}
here=tests/outsiders
work=$BUILD/outsiders
passed=0
failed=0

give_up()
{
	echo "outsiders: $1" >&2
	echo "$passed passed, $((failed + 1)) failed"
	exit 1
}

# count NAME LOG STATUS: add up; a reader that said nothing has failed.
count()
{
	good=$(grep -a -c '^ok - ' "$2")
	bad=$(grep -a -c '^not ok - ' "$2")
	if [ "$3" -ne 0 ] && [ "$bad" -eq 0 ] || [ $((good + bad)) -eq 0 ]
	then
		bad=$((bad + 1))
		echo "FAIL  $1 ended with status $3"
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
	grep -a -v '^ok - ' "$2" | grep -a -v '^proves ' | tail -n 60
	printf '%-5s %-12s %5d passed  %5d failed\n' \
		"$([ "$bad" -eq 0 ] && echo ok || echo FAIL)" "$1" \
		"$good" "$bad"
	[ "$bad" -ne 0 ] || grep -a '^proves ' "$2"
}

python=$(sh $here/python.sh) || give_up 'no Python with GMime and dkimpy'
mkdir -p "$work/npm" || exit 1
if ! cmp -s $here/package-lock.json "$work/npm/installed"; then
	rm -rf "$work/npm/node_modules" "$work/npm/installed"
	cp $here/package.json $here/package-lock.json "$work/npm"
	(cd "$work/npm" && npm ci --ignore-scripts --omit=optional \
		--no-audit --no-fund) >"$work/npm.log" 2>&1 || {
		cat "$work/npm.log"
		give_up 'npm packages could not be installed'
	}
	cp $here/package-lock.json "$work/npm/installed"
fi

# ---- the corpus

rm -rf "$work/corpus"
mkdir -p "$work/corpus"
"$work/generate" corpus "$work/corpus" || give_up 'no corpus'
node $here/parse_mailparser.js "$work/npm" "$work/corpus" \
	>"$work/mailparser.json" || echo 'outsiders: mailparser stopped'
for parser in email gmime mailparser; do
	$python $here/compare.py $parser "$work/corpus" \
		"$work/mailparser.json" >"$work/$parser.tap" 2>&1
	count $parser "$work/$parser.tap" $?
done

# ---- signatures

base64_line() { openssl base64 -A; }

signed=$work/signed
rm -rf "$signed"
mkdir -p "$signed"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
	-out "$signed/rsa.pem" 2>"$signed/log" || give_up 'no RSA key'
openssl genpkey -algorithm ED25519 -out "$signed/ed.pem" ||
	give_up 'no Ed25519 key'
{
	printf 'rsa._domainkey.x.example\tv=DKIM1; k=rsa; p='
	openssl pkey -in "$signed/rsa.pem" -pubout -outform DER | base64_line
	printf '\ned._domainkey.x.example\tv=DKIM1; k=ed25519; p='
	openssl pkey -in "$signed/ed.pem" -pubout -outform DER |
		tail -c 32 | base64_line
	echo
} >"$signed/keys"
"$work/generate" signed "$signed" "$signed/rsa.pem" "$signed/ed.pem" ||
	give_up 'nothing was signed'

# As a server received it: stuffed, sent, and written down there.
mkdir "$signed/server"
mkfifo "$signed/end"
"$BUILD/tools/demo-server" --dir "$signed/server" --tls none \
	<"$signed/end" >"$signed/server.log" 2>&1 &
server=$!
exec 9>"$signed/end"
i=0
until grep -q '^READY' "$signed/server.log" || [ $((i += 1)) -gt 50 ]; do
	sleep 0.1
done
port=$(sed -n 's/^PORT=//p' "$signed/server.log")
printf '.\n..\n.a \nGr\303\274\303\237e\n\n\n' |
	"$BUILD/examples/signed_mail" joe@x.example ann@y.example x.example \
	rsa "$signed/rsa.pem" "smtp+plaintext://127.0.0.1:$port"
sent=$?
exec 9>&-
wait $server
cp "$signed"/server/*1.eml "$signed/received-1.eml"
if [ $sent -eq 0 ] && [ -s "$signed/received-1.eml" ]; then
	echo 'ok - a signed mail reached the server' >"$work/sent.tap"
else
	echo 'not ok - no signed mail reached the server' >"$work/sent.tap"
fi
count sent "$work/sent.tap" 0
$python $here/dkim_check.py "$signed" "$signed/keys" >"$work/dkimpy.tap" 2>&1
count dkimpy "$work/dkimpy.tap" $?
node $here/dkim_check.js "$work/npm" "$signed" "$signed/keys" \
	>"$work/mailauth.tap" 2>&1
count mailauth "$work/mailauth.tap" $?
[ "$failed" -ne 0 ] || cat $here/proves

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
