#!/bin/sh
# The archive of a release, of what is committed: the same commit gives the
# same octets, whoever makes it and where.
#
#	sh tools/dist.sh FOLDER		writes FOLDER/libsmtp-VERSION.tar.gz
set -eu
to=${1:?usage: dist.sh FOLDER}
version=$(git show HEAD:include/smtp/config.h |
	awk '$2 == "SMTP_VERSION" { gsub(/"/, "", $3); print $3 }')
name=libsmtp-$version
mkdir -p "$to"
git -c tar.umask=0022 archive --format=tar --prefix="$name/" HEAD |
	gzip -n -9 >"$to/$name.tar.gz"
echo "$to/$name.tar.gz"
