# SPDX-License-Identifier: MIT
"""Where a parser itself is wrong: what it does, why that is wrong, and the
cases in which that is taken. Whatever is not here counts as our fault."""


def blank_between_words(name, case, view, what, want):
    """The modern parser keeps white space between two encoded-words of a
    name, against RFC 2047 section 6.2; its older functions, which have to
    agree with the manifest here, do not."""
    return what == 'people' and want in view['older_people']


def angle_in_quotes(name, case, view, what, want):
    """An angle bracket in a quoted local part ends the address, against
    RFC 5322 section 3.2.4."""
    return what == 'people' and want[2] == '<a>'


def name_decoded_twice(name, case, view, what, want):
    """A file name that was no encoded-word on the wire is decoded as one,
    against RFC 2047 section 5."""
    return what == 'name' and want == '=?UTF-8?Q?x?=.txt'


KNOWN = {
    'email': [blank_between_words],
    'mailparser': [angle_in_quotes, name_decoded_twice],
}


class Excused:
    def __init__(self, parser):
        self.parser = parser
        self.taken = {}

    def takes(self, name, case, view, wrong):
        what, _, want = wrong
        for rule in KNOWN.get(self.parser, []):
            if rule(name, case, view, what, want):
                self.taken.setdefault(rule, set()).add(name)
                return True
        return False

    def report(self):
        """What was taken, and what is no longer needed."""
        for rule in KNOWN.get(self.parser, []):
            cases = self.taken.get(rule, ())
            print('# %s: %s in %d messages' % (self.parser, rule.__name__,
                                               len(cases)))
            if not cases:
                print('not ok - %s: %s is needed no longer'
                      % (self.parser, rule.__name__))
