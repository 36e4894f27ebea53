/* SPDX-License-Identifier: MIT */
#include <direct.h>
#include_next <sys/stat.h>

#include "posix.h"
