# SPDX-License-Identifier: MIT
# What the ports with CMake compile: the engine, the loop of a task, and TLS
# over mbedTLS where the system has it.
get_filename_component(LIBSMTP_ROOT ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)

file(GLOB LIBSMTP_ENGINE
	${LIBSMTP_ROOT}/lib/text/*.c
	${LIBSMTP_ROOT}/lib/codec/*.c
	${LIBSMTP_ROOT}/lib/sasl/*.c
	${LIBSMTP_ROOT}/lib/proto/*.c)
list(APPEND LIBSMTP_ENGINE ${LIBSMTP_ROOT}/ports/task/smtp_task.c)

set(LIBSMTP_TLS
	${LIBSMTP_ROOT}/lib/net/identity.c
	${LIBSMTP_ROOT}/lib/net/tls_cache_mbedtls.c
	${LIBSMTP_ROOT}/lib/net/tls_hello.c
	${LIBSMTP_ROOT}/lib/net/tls_judge_mbedtls.c
	${LIBSMTP_ROOT}/lib/net/tls_mbedtls.c
	${LIBSMTP_ROOT}/ports/task/smtp_task_tls.c)

set(LIBSMTP_INCLUDE
	${LIBSMTP_ROOT}/include
	${LIBSMTP_ROOT}/ports/task)

# Mechanisms that need digests are left out: under TLS, PLAIN is what servers
# offer. See include/smtp/config.h for more to leave out.
set(LIBSMTP_SWITCHES
	SMTP_WITH_CRAM_MD5=0
	SMTP_WITH_SCRAM=0
	SMTP_WITH_HASH=0
	SMTP_WITH_SASLPREP=0
	SMTP_WITH_FAST=0)
