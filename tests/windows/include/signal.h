/* SPDX-License-Identifier: MIT */
#include_next <signal.h>

#include "posix.h"
