#!/bin/sh
# A command line that is wrong is told by name, with status 64, on stderr.
. tests/cli/smtp-send.inc

usage()
{
	words=$1
	shift
	run "$words" 64 "$@"
	has "$work/err" "$words" "usage: smtp-send"
	lines "$work/out" 0
}

mail='--url smtp+plaintext://127.0.0.1:9 --from a@x.example --to b@y.example'

usage 'missing: --url' --from a@x.example --to b@y.example
usage 'missing: --from' --url smtp://x --to b@y.example
usage 'missing: --to' --url smtp://x --from a@x.example
usage 'no such option: --frm' --frm a@x.example
usage 'no such option: --password' $mail --password secret
usage 'not an option: file' $mail file
usage 'not an option: -v' $mail -v
usage 'a value is missing: --subject' $mail --subject
usage 'takes no value: --json=yes' $mail --json=yes
usage 'given twice: --from' $mail --from a@x.example
usage 'one of them only: --text' $mail --text a --text-file /dev/null
usage 'one of them only: --password-file' $mail --user u --password-file a \
	--token-file b
usage 'missing: --user' $mail --password-file a
usage 'a secret is missing' $mail --user u
usage 'goes with --from and recipients only: --raw' $mail --raw a --subject b
usage 'not a number from 1 on: --count 0' $mail --count 0
usage 'not a number from 1 on: --count x' $mail --count x
usage 'no colon: --header a' $mail --header a
usage 'an id is missing' $mail --inline COPYING
usage 'not NAME=VALUE: --option a' $mail --option a

run 'an option of the library' 64 $mail --option no-such=1
has "$work/err" 'option "no-such": there is no such option'
run 'a bad value' 64 $mail --timeout soon
has "$work/err" 'option "timeout": takes whole seconds'
run 'a bad name for EHLO' 64 $mail --helo 'a b'
has "$work/err" 'option "ehlo-name"'

run '--help' 0 --help
has "$work/out" 'usage: smtp-send' --raw --dry-run
lines "$work/err" 0
run '--version' 0 --version
has "$work/out" 'smtp-send 0.' plain
