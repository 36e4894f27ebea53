#!/bin/sh
# The small letters of domain names are Python's: the digest of
# tests/test_punycode.c comes from its table of Unicode, for the blocks whose
# capitals are not refused there.
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
python3 - >"$work/python" <<'!'
import re
text = open("tests/test_punycode.c").read()
table = text[text.index("} refused[]"):text.index("is_refused(")]
refused = [(int(a, 16), int(b, 16)) for a, b in
           re.findall(r"\{ 0x(\w+), 0x(\w+) \}", table)]
blocks = [(0x80, 0x24F), (0x370, 0x52F), (0x530, 0x58F), (0x1E00, 0x1EFF),
          (0x2C80, 0x2CFF), (0xA640, 0xA69F)]
total, pairs = 0xCBF29CE484222325, 0
for first, last in blocks:
    for c in range(first, last + 1):
        small = chr(c).lower()
        if small == chr(c) or any(a <= c <= b for a, b in refused):
            continue
        pairs += 1
        for value in (c, ord(small)):
            for octet in value.to_bytes(4, "little"):
                total = (total ^ octet) * 0x100000001B3 & (1 << 64) - 1
print(pairs, "0x%016X" % total)
!
read -r pairs total <"$work/python"
if grep -q "assert_int_equal(pairs, $pairs);" tests/test_punycode.c &&
	grep -q "assert_true(sum == $total);" tests/test_punycode.c; then
	echo 'ok - the small letters are those of Python'
else
	echo "not ok - Python has $pairs pairs, $total"
fi
echo 1..1
