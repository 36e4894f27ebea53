#!/bin/sh
# The example in C++ compiles without a warning in each standard from C++11 on,
# and what it sends arrives. So does the header of the amalgamation, in C++11.
. tests/cli/smtp-send.inc
libs=$(pkg-config --libs mbedtls mbedx509 mbedcrypto 2>/dev/null ||
	echo -lmbedtls -lmbedx509 -lmbedcrypto)
[ -z "${MBEDTLS_PREFIX:-}" ] ||
	libs="-L$MBEDTLS_PREFIX/lib -Wl,-rpath,$MBEDTLS_PREFIX/lib $libs"

for std in c++11 c++14 c++17 c++20; do
	clang++ -std=$std -Wall -Wextra -Wpedantic -Wconversion -Wshadow \
		-Werror -Iinclude -o "$work/raii" examples/raii.cpp \
		"$build/libsmtp.a" $libs -pthread || fail "it is $std"
done

sh tools/amalgamation.sh "$work/one" && clang++ -x c++ -std=c++11 -Wall \
	-Wextra -Wpedantic -Werror -fsyntax-only "$work/one/smtp.h" ||
	fail 'the header of the one file is C++'

start --tls starttls --auth PLAIN --user user --password secret
raii()
{
	SMTP_PASSWORD=$1 SMTP_CA_FILE=$ca "$work/raii" \
		"smtp://localhost:$port" user joe@x.example ann@y.example
}
raii secret && grep -q 'It closes itself' "$work/mail"/*.eml ||
	fail 'what it sends arrives'
if raii wrong 2>"$work/error" || ! grep -q 535 "$work/error"; then
	fail 'a wrong password is an exception'
fi
exit $bad
