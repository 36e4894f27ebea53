/* SPDX-License-Identifier: MIT */
/* mbedTLS as this machine has it, without what needs its system. */
#ifdef __has_include
#if __has_include(<mbedtls/config.h>)
#include <mbedtls/config.h>
#else
#include <mbedtls/mbedtls_config.h>
#endif
#endif
#undef MBEDTLS_THREADING_C
#undef MBEDTLS_THREADING_PTHREAD
#undef MBEDTLS_NET_C
#undef MBEDTLS_TIMING_C
