#!/bin/sh
# Print the name of a Python that has GMime, dkimpy and PyNaCl. Packages of the
# system are for its own one, which need not be the first in PATH.
for python in python3 /usr/bin/python3; do
	if $python -c 'import dkim, gi, nacl
gi.require_version("GMime", "3.0")' 2>/dev/null; then
		echo $python
		exit 0
	fi
done
exit 1
