#!/bin/sh
# The first C program of README.md: what a new user pastes.
awk '/^```c$/ && !done { on = 1; next }
/^```$/ && on { on = 0; done = 1 }
on { print }
END { exit !done }' README.md
