#!/bin/sh
# tools/deps.sh with package managers that only say what they were asked.
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
top=$(cd "$(dirname "$0")/../.." && pwd)

# A machine with NAMES... as its only other commands; USER is who we are there.
machine()
{
	user=$1
	shift
	rm -rf "$work/bin"
	mkdir "$work/bin"
	for tool in sh cat env mktemp rm tr sort sed cc; do
		ln -s "$(command -v $tool)" "$work/bin/$tool"
	done
	echo "echo $user" | fake id
	echo 'exit 0' | fake true
	for name; do
		# A manager that is asked for mandoc brings it.
		case $name in
		sudo)	printf 'shift\nexec "$@"\n' ;;
		refuse)	name=sudo
			echo 'exit 1' ;;
		apt-cache)
			echo 'exit 1' ;;
		*)	printf '%s\n' "echo $name \$* >>$work/said" \
				"case \$* in *mandoc*)" \
				": >$work/bin/mandoc" \
				"/bin/chmod +x $work/bin/mandoc;; esac" ;;
		esac | fake "$name"
	done
	: >"$work/said"
}

fake()
{
	{
		echo '#!/bin/sh'
		cat
	} >"$work/bin/$1"
	chmod +x "$work/bin/$1"
}

# claim WHAT STATUS LINE DEPS: of asking for mandoc, and a line that it prints
claim()
{
	out=$(cd "$top" && PATH=$work/bin DEPS=$4 CC=cc \
		sh tools/deps.sh mandoc 2>&1)
	status=$?
	if [ $status -eq "$2" ] && case $out in
	    *"$3"*) true ;; *) false ;; esac; then
		echo "ok - $1"
	else
		echo "not ok - $1: status $status"
		echo "$out"
	fi
}

machine 0 dnf
claim 'root installs, and says the line' 0 'deps: dnf -qy install mandoc' yes
machine 0 apk
claim 'apk' 0 'deps: apk add -q mandoc' yes
machine 0 pacman
claim 'pacman' 0 'deps: pacman -S --noconfirm --needed mandoc' yes
machine 0 pkg
claim 'pkg' 0 'deps: pkg install -qy mandoc' yes
machine 1000 brew
claim 'brew is not for root' 0 'deps: brew install mandoc' yes
machine 0 apt-get apt-cache
claim 'empty lists are filled first' 0 'deps: apt-get -q update' yes
machine 1000 dnf sudo
claim 'sudo without a password is used' 0 \
	'deps: sudo -n dnf -qy install mandoc' yes
machine 1000 dnf refuse
claim 'without it the command is told' 1 '    dnf -qy install mandoc' yes
if [ -s "$work/said" ]; then
	echo 'not ok - and nothing is run'
else
	echo 'ok - and nothing is run'
fi
machine 1000 apt-get apt-cache
claim 'one command, lists and all' 1 \
	'    apt-get -q update && apt-get -qy --no-install' yes
machine 0 dnf
claim 'DEPS=no names what is missing' 1 'deps: missing: mandoc' no
if [ -s "$work/said" ]; then
	echo 'not ok - and installs nothing'
else
	echo 'ok - and installs nothing'
fi
machine 0
claim 'no manager that is known' 1 'deps: missing: mandoc' yes
