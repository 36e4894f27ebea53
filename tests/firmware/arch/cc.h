/* SPDX-License-Identifier: MIT */
/* For lwIP: the compiler is GCC, and there is nothing to print to. */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#define LWIP_NO_INTTYPES_H      1
#define LWIP_NO_CTYPE_H         1
#define X8_F  "x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "lu"
#define S32_F "ld"
#define X32_F "lx"
#define SZT_F "u"

#endif
