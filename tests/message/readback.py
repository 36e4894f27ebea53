#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Build many messages and read them back with a parser that is not ours.

usage: readback.py PROGRAM DIRECTORY [COUNT]

PROGRAM writes the message of a recipe (tests/support/recipe.h) to stdout.
What Python's email package, with its modern policy, makes of it is compared
with what went in: names, addresses, subject, texts, structure, file names and
the SHA-256 of each attachment. Prints TAP.
"""
import email
import email.header
import email.policy
import email.utils
import hashlib
import os
import random
import re
import subprocess
import sys

WORDS = ['hello', 'Grüße', 'привет', '例え', '😀', 'a', 'x' * 70, 'naïve',
         'one', 'two', 'Zoë', 'and', 'é', '=?UTF-8?Q?x?=', 'a_b', '100%',
         '€' * 15, '€' * 16, '😀' * 12, '"quoted"', 'back\\slash', '(c)',
         'a,b', 'a;b', 'a:b', '<a@b>', 'co.', "it's", '?=', '=?']
NAMES = WORDS + ['Doe, John', 'A "B" \\C', 'J. Doe', 'Müller, Jörg',
                 'x' * 200, 'é' * 100, 'Team (all)', '@home', 'a  b']
FILES = ['a.txt', 'a b(1).txt', 'résumé €.pdf', 'x' * 200 + '.bin',
         'Überlänge ' + 'x' * 70 + '.txt', '例え' * 30 + '.png', "it's.gif",
         '100%.zip', 'a*b.c', 'a;b=c.d', 'quote"back.txt', 'noending',
         '😀.jpg', '=?UTF-8?Q?x?=.txt', 'a,b.txt', '.hidden']
SIZES = [0, 1, 2, 3, 55, 56, 57, 58, 59, 113, 114, 115, 4095, 4096, 16383,
         16384, 16385, 16386, 49151, 49152, 65535, 65536]
LOCALS = ['joe', 'a.b+c', '"a b"', "!#$%&'*+-/=?^_`{|}~", '"a@b"',
          '"quo\\"te"', 'x' * 64]
DOMAINS = [('x.example', 'x.example'), ('X.Example', 'X.Example'),
           ('bücher.example', 'xn--bcher-kva.example'),
           ('a-b.c-d.example', 'a-b.c-d.example'),
           ('l' * 63 + '.example', 'l' * 63 + '.example')]


def draw(n, seed):
    """The same octets as recipe_draw()."""
    out = bytearray(n)
    for i in range(n):
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = seed >> 24
    return bytes(out)


def escape(text):
    if text == '-':
        return '\\x2d'
    return (text.replace('\\', '\\\\').replace('\n', '\\n')
            .replace('\r', '\\r').replace('\t', '\\t'))


def sentence(r, most=12):
    return ' '.join(r.choice(WORDS) for _ in range(r.randint(1, most)))


def paragraph(r):
    lines = []
    for _ in range(r.randint(0, 8)):
        line = r.choice(['', sentence(r), 'From here', '.', '..', ' ', '\t',
                         'x' * 998, 'x' * 999, 'y' * 2000, 'trailing ',
                         '--', '-- ', '--=_1_abc', 'a\x0cb', 'é' * 300,
                         'п' * 500, 'x' * 75 + 'é', 'x' * 76, 'x' * 77])
        lines.append(line)
    return '\n'.join(lines) + r.choice(['', '\n', '\n\n'])


class Case:
    def __init__(self, number):
        r = random.Random(number)
        self.calls = []
        self.names = {}
        self.eightbit = r.random() < 0.3
        if self.eightbit:
            self.calls.append(['offer', '8bit'])
        self.addresses(r)
        self.subject = r.choice([sentence(r, 30), sentence(r), '  a  ', 'a\tb',
                                 'x' * 800, 'é' * 400, ' ', 'a  b c'])
        self.calls.append(['set_subject', self.subject])
        self.header = sentence(r, 20)
        self.calls.append(['add_header', 'X-Test', self.header])
        self.content(r)
        self.shuffle(r)

    def shuffle(self, r):
        """Another order of calls; what is told of each kind follows it."""
        order = list(range(len(self.calls)))
        r.shuffle(order)
        self.calls = [self.calls[i] for i in order]
        self.files = []
        self.inlines = []
        self.names = {f: [] for f in self.names}
        for call in self.calls:
            if call[0] == 'attach':
                self.files.append((call[3], self.digests[call[1]]))
            elif call[0] == 'inline':
                self.inlines.append((call[4], self.digests[call[1]],
                                     '<' + call[2] + '>'))
            elif call[0] == 'add_address':
                domain = dict(DOMAINS)[call[3].rpartition('@')[2]]
                self.names[call[1]].append(
                    (call[2], call[3].rpartition('@')[0] + '@' + domain))

    def addresses(self, r):
        for field, most in (('From', 1), ('To', 6), ('Cc', 3),
                            ('Reply-To', 2)):
            self.names[field] = []
            for _ in range(r.randint(1 if field == 'From' else 0, most)):
                domain = r.choice(DOMAINS)[0]
                local = r.choice(LOCALS)
                name = r.choice(['', r.choice(NAMES), sentence(r, 4)])
                self.calls.append(['add_address', field, name,
                                   local + '@' + domain])
        self.hidden = 'hidden%d@secret.example' % r.randint(0, 10 ** 9)
        self.calls.append(['add_bcc', self.hidden])

    def content(self, r):
        self.text = paragraph(r) if r.random() < 0.7 else None
        self.html = paragraph(r) if r.random() < 0.5 else None
        if self.text is not None:
            self.calls.append(['set_text', self.text])
        if self.html is not None:
            self.calls.append(['set_html', self.html])
        self.digests = {}
        for kind, most in (('attach', 3), ('inline', 2)):
            for i in range(r.randint(0, most)):
                size = r.choice(SIZES)
                seed = r.randint(0, 10 ** 6)
                name = r.choice(FILES)
                how = r.choice(['', '!', '?'])
                source = '%s@%d:%d' % (how, size, seed)
                self.digests[source] = hashlib.sha256(
                    draw(size, seed)).hexdigest()
                if kind == 'attach':
                    self.calls.append(['attach', source, '-', name])
                else:
                    cid = 'part%d@x.example' % i
                    self.calls.append(['inline', source, cid, '-', name])

    def recipe(self):
        raw = {('attach', 2), ('inline', 3)}
        lines = []
        for call in self.calls:
            lines.append('\t'.join(a if (call[0], i) in raw else escape(a)
                                   for i, a in enumerate(call)))
        return '\n'.join(lines) + '\n'

    def shape(self):
        """The structure that DESIGN and LIB-M-3 promise."""
        body = 'text/html' if self.html is not None else None
        rest = ['file'] * len(self.files)
        if body and self.inlines:
            body = ['related', body] + ['inline'] * len(self.inlines)
        elif self.inlines:
            rest = ['inline'] * len(self.inlines) + rest
        if self.text is not None:
            body = ['alternative', 'text/plain', body] if body \
                else 'text/plain'
        if rest:
            return ['mixed'] + ([body] if body else []) + rest
        return body or 'text/plain'


def crlf_free(text):
    return text.replace('\r\n', '\n')


def shape_of(part):
    if part.is_multipart():
        return [part.get_content_subtype()] + [shape_of(p)
                                               for p in part.iter_parts()]
    how = part.get_content_disposition()
    return {'attachment': 'file', 'inline': 'inline'}.get(
        how, part.get_content_type())


def unfold(text):
    return re.sub(r'\r?\n(?=[ \t])', '', text)


def compare(case, wire):
    wrong = []

    def same(what, got, want):
        if got != want:
            wrong.append('%s: got %r, want %r' % (what, got, want))

    if re.search(rb'[^\r]\n|\r[^\n]|\r\Z', wire):
        wrong.append('a line end that is not CRLF')
    for line in wire.split(b'\r\n'):
        if len(line) > 998:
            wrong.append('a line of %d octets' % len(line))
        if not case.eightbit and any(c > 127 for c in line):
            wrong.append('an octet above 127')
    if case.hidden.encode() in wire:
        wrong.append('Bcc is told')
    head = wire.split(b'\r\n\r\n')[0]
    for line in head.split(b'\r\n'):
        if b'=?UTF-8?' in line and len(line) > 76:
            wrong.append('an encoded-word in a line of %d' % len(line))
        if not line.strip():
            wrong.append('a blank line in a fold')
    m = email.message_from_bytes(wire, policy=email.policy.default)
    for part in m.walk():
        if part.defects:
            wrong.append('defects: %r' % part.defects)
    for field in ('From', 'To', 'Cc', 'Reply-To'):
        want = case.names[field]
        value = m[field]
        if field == 'To' and not want and not case.names['Cc']:
            same('To', str(value), 'undisclosed-recipients:;')
            continue
        if value is None:
            same(field, [], want)
            continue
        # The modern parser keeps the blank between encoded-words of a name
        # (fixed in later releases); the older functions do not.
        raw = email.message_from_bytes(wire)[field]
        got = [(str(email.header.make_header(
                    email.header.decode_header(n))), unquote(a))
               for n, a in email.utils.getaddresses([unfold(raw)])]
        same(field, got, [(n, unquote(a)) for n, a in want])
    same('Subject', str(m['Subject']), case.subject)
    same('X-Test', str(m['X-Test']), case.header)
    same('structure', shape_of(m), case.shape())
    texts = {}
    files = []
    inlines = []
    for part in m.walk():
        if part.is_multipart():
            continue
        how = part.get_content_disposition()
        if how is None:
            texts[part.get_content_type()] = part
        else:
            digest = hashlib.sha256(part.get_content()
                                    if isinstance(part.get_content(), bytes)
                                    else part.get_payload(decode=True))
            entry = (part.get_filename(), digest.hexdigest())
            if how == 'inline':
                inlines.append(entry + (str(part['Content-ID']),))
            else:
                files.append(entry)
    same('files', files, [f for f in case.files])
    same('inlines', inlines, case.inlines)
    single = not m.is_multipart()
    for kind, want in (('text/plain', case.text), ('text/html', case.html)):
        if want is None:
            continue
        got = texts[kind].get_payload(decode=True).decode('utf-8')
        got = crlf_free(got)
        if single and want and not want.endswith('\n') and got == want + '\n':
            got = want          # the end of the message is a line end
        same(kind, got, want)
        if texts[kind].get_content_charset() != 'utf-8':
            wrong.append('charset of ' + kind)
    return wrong


def unquote(address):
    local, _, domain = address.rpartition('@')
    if local.startswith('"'):
        local = re.sub(r'\\(.)', r'\1', local[1:-1])
    return local, domain


def main():
    program, folder = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 300
    os.makedirs(folder, exist_ok=True)
    failed = 0
    for number in range(count):
        case = Case(number)
        path = os.path.join(folder, '%d.recipe' % number)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(case.recipe())
        run = subprocess.run([program, path], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        if run.returncode != 0:
            wrong = ['%r' % run.stderr]
        else:
            with open(path.replace('.recipe', '.eml'), 'wb') as f:
                f.write(run.stdout)
            wrong = compare(case, run.stdout)
        for line in wrong:
            print('# %d: %s' % (number, line[:600]))
        failed += bool(wrong)
    print('%s - %d messages read back by the email package of Python %d.%d'
          % (('not ok' if failed else 'ok'), count, *sys.version_info[:2]))
    if not failed:
        for items in PROVEN:
            print('proves ' + items)
    return failed != 0


PROVEN = ['R5322-2.2.3-1 R5322-3.2.5-1 R5322-3.4-1 R5322-2.1.1-1',
          'R2047-5-2 R2047-5-3 R2047-5-4 R2047-5-6 R2047-2-1',
          'R2231-3-1 R2231-4-1 R2231-3-2 R2183-2-2 LIB-M-3',
          'R2045-6.7-1 R2045-6.8-1 R2045-6.8-2 R2046-5.1.1-2 R5322-3.6.3-1']

if __name__ == '__main__':
    sys.exit(main())
