#!/bin/sh
# tools/check-bindings.sh sees when numbers or functions are not as promised.
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
page=docs/bindings.md
bad=0

# sees WHAT WORDS: with the page and the headers in $work
sees()
{
	if sh tools/check-bindings.sh "$work/page" "$work/include" \
		"$work/programs" >"$work/log" 2>&1; then
		echo "not ok - $1"
		bad=1
	elif grep -qF -e "$2" "$work/log"; then
		echo "ok - $1"
	else
		echo "not ok - $1: other words"
		cat "$work/log"
		bad=1
	fi
}

afresh()
{
	rm -rf "$work/include" "$work/programs"
	cp -R include "$work/include"
	cp -R examples/bindings "$work/programs"
	cp $page "$work/page"
}

# declares TEXT: smtp.h does, too
declares()
{
	afresh
	sed "s/^struct smtp_options;/&\\
$1/" include/smtp/smtp.h >"$work/include/smtp/smtp.h"
}

afresh
if sh tools/check-bindings.sh; then
	echo 'ok - headers and page agree'
else
	echo 'not ok - headers and page agree'
	bad=1
fi
sed 's/^\(| `SMTP_E_TLS` |\) -25 /\1 -24 /' $page >"$work/page"
sees 'a number that is another' 'SMTP_E_TLS'
sed '/^| `SMTP_RETRY_NOW`/d' $page >"$work/page"
sees 'a number without a row' 'no row: SMTP_RETRY_NOW'
sed 's/^| `SMTP_RETRY_NOW`.*/&\
| `SMTP_RETRY_SOON` | 7 |/' $page >"$work/page"
sees 'a row without a number' 'SMTP_RETRY_SOON'
afresh
sed 's/SMTP_E_LATER = -2,/SMTP_E_LATER = -5,/' include/smtp/status.h \
	>"$work/include/smtp/status.h"
sees 'a header with another number' 'SMTP_E_LATER'
declares 'SMTP_API int smtp_many(struct smtp *smtp, ...);'
sees 'a function with any number of arguments' 'smtp_many'
declares 'SMTP_API int smtp_held(struct smtp_allocator held);'
sees 'a struct by value' 'smtp_held'
declares 'SMTP_API struct smtp_allocator smtp_got(void);'
sees 'a struct as a result' 'smtp_got'
declares '#define smtp_short(s) smtp_step(s)'
sees 'a macro as a function' 'smtp_short'
declares 'static inline int smtp_here(void) { return 0; }'
sees 'a function that is not in the library' 'smtp_here'
afresh
echo >>"$work/programs/send.js"
sees 'a program that is too long' 'lines, not'
afresh
rm "$work/programs/send.js"
sees 'a limit that nothing comes near to' 'the longest program has'
exit $bad
