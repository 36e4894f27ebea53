# libsmtp.  GNU make; no configure step, nothing generated is compiled.
#
#	make             the library and the examples, into build/
#	make help        all targets and settings

VERSION  := $(shell awk '$$2 == "SMTP_VERSION" { gsub(/"/, "", $$3); \
	print $$3 }' include/smtp/config.h)
SOVERSION = 0

# What a packager or a developer may set on the command line.
BUILD           = build
CFLAGS         ?= -O2 -g
CPPFLAGS       ?=
LDFLAGS        ?=
PREFIX         ?= /usr/local
LIBDIR         ?= $(PREFIX)/lib
DESTDIR        ?=
PKG_CONFIG     ?= pkg-config
OBJCOPY        ?= objcopy
MBEDTLS_PREFIX ?=
WITH_SODIUM ?= no
WITH_CARES  ?= no
WITH_GSSAPI ?= no
WITH_LIBUV  ?= no
SMTP_PREFIX    ?=
ONE_FILE       ?= no
WERROR         ?= no
HARDEN         ?= yes
DEPS           ?= yes
V              ?= 0

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:

# ---- what there is to build

LIB_SRC     := $(sort $(wildcard lib/*.c lib/*/*.c))
EXAMPLE_SRC := $(sort $(wildcard examples/*.c))
ifneq ($(WITH_GSSAPI),yes)
EXAMPLE_SRC := $(filter-out examples/gssapi.c,$(EXAMPLE_SRC))
endif
ifneq ($(WITH_LIBUV),yes)
EXAMPLE_SRC := $(filter-out examples/libuv_loop.c,$(EXAMPLE_SRC))
endif
ifneq ($(shell uname -s),Linux)
EXAMPLE_SRC := $(filter-out examples/epoll_loop.c,$(EXAMPLE_SRC))
endif
# For Windows, which the compiler says: another kind of program, and libraries
# of the system in place of threads of POSIX.
TARGET := $(shell $(CC) -dumpmachine 2>/dev/null)
WINDOWS := $(findstring mingw,$(TARGET))
ifneq ($(WINDOWS),)
EXE := .exe
EXAMPLE_SRC := $(filter-out $(patsubst %,examples/%.c,epoll_loop poll_loop \
	static_memory own_transport),$(EXAMPLE_SRC))
endif
TEST_SRC    := $(sort $(wildcard tests/test_*.c))
# Its linker cannot put a function of ours in the place of another.
ifeq ($(shell uname -s),Darwin)
TEST_SRC    := $(filter-out tests/test_%_fails.c,$(TEST_SRC))
endif
SUPPORT_SRC := $(sort $(wildcard tests/support/*.c))
ifneq ($(WINDOWS),)
# Tests that are of POSIX; tests/windows/posix-only says why.
POSIX_ONLY  := $(shell sed -n 's/^\([^ 	\#]*\.c\)[ 	].*/tests\/\1/p' \
	tests/windows/posix-only)
TEST_SRC    := $(filter-out $(POSIX_ONLY),$(TEST_SRC))
SUPPORT_SRC := $(filter-out $(POSIX_ONLY),$(SUPPORT_SRC)) \
	tests/windows/posix.c
endif
TOOL_SRC    := $(sort $(wildcard tools/*.c))
TOOL_PARTS  := $(sort $(wildcard tools/*/*.c))
HEADERS     := $(sort $(wildcard include/smtp/*.h))
LIB_HEADERS := $(sort $(wildcard lib/*.h lib/*/*.h))

obj          = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB_OBJ     := $(call obj,$(LIB_SRC))
SUPPORT_OBJ := $(call obj,$(SUPPORT_SRC))
TOOL_OBJ    := $(call obj,$(TOOL_SRC) $(TOOL_PARTS))
ifeq ($(ONE_FILE),yes)
LIB_OBJ     := $(BUILD)/amalgamation/smtp.o
endif
EXAMPLES    := $(patsubst examples/%.c,$(BUILD)/examples/%$(EXE),$(EXAMPLE_SRC))
TESTS       := $(patsubst tests/test_%.c,$(BUILD)/tests/%$(EXE),$(TEST_SRC))
FUZZERS     := $(patsubst tests/fuzz/fuzz_%.c,$(BUILD)/fuzz/%,\
	$(sort $(wildcard tests/fuzz/fuzz_*.c)))
TOOLS       := $(patsubst tools/%.c,$(BUILD)/tools/%,$(TOOL_SRC))

LIB_A  := $(BUILD)/libsmtp.a
SYSTEM := $(shell uname -s)
ifeq ($(SYSTEM),Darwin)
SO_NAME := libsmtp.$(SOVERSION).dylib
SO_FILE := libsmtp.$(VERSION).dylib
SO_LINK := libsmtp.dylib
SO_FLAGS = -dynamiclib -install_name $(LIBDIR)/$(SO_NAME)
else ifneq ($(WINDOWS),)
SO_NAME := libsmtp-$(SOVERSION).dll
SO_FILE := $(SO_NAME)
SO_LINK := libsmtp.dll.a
SO_FLAGS = -shared -Wl,--out-implib,$(BUILD)/$(SO_LINK) $(BUILD)/libsmtp.def
else
SO_NAME := libsmtp.so.$(SOVERSION)
SO_FILE := libsmtp.so.$(VERSION)
SO_LINK := libsmtp.so
SO_FLAGS = -shared -Wl,-soname,$(SO_NAME) $(SO_COMPLETE) $(HARDENED) \
	-Wl,--version-script,$(BUILD)/libsmtp.map
endif
# A sanitized library leaves its runtime to the program that loads it.
SO_COMPLETE = $(if $(findstring -fsanitize,$(CFLAGS)),,-Wl,--no-undefined)
LIB_SO := $(if $(LIB_SRC),$(sort $(BUILD)/$(SO_FILE) $(BUILD)/$(SO_NAME) \
	$(BUILD)/$(SO_LINK)))

# ---- where the libraries are: pkg-config when it knows them, else plain -l

known = $(shell $(PKG_CONFIG) --exists $(1) 2>/dev/null && echo yes)
MBEDTLS_PC := mbedtls mbedx509 mbedcrypto
MBEDTLS_L  := -lmbedtls -lmbedx509 -lmbedcrypto
ifneq ($(MBEDTLS_PREFIX),)
MBEDTLS_CFLAGS := -isystem $(MBEDTLS_PREFIX)/include
MBEDTLS_LIBS   := -L$(MBEDTLS_PREFIX)/lib $(if $(WINDOWS),,\
	-Wl,-rpath,$(abspath $(MBEDTLS_PREFIX)/lib)) $(MBEDTLS_L)
else ifeq ($(call known,$(MBEDTLS_PC)),yes)
MBEDTLS_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(MBEDTLS_PC))
MBEDTLS_LIBS   := $(shell $(PKG_CONFIG) --libs $(MBEDTLS_PC))
else
MBEDTLS_CFLAGS :=
MBEDTLS_LIBS   := $(MBEDTLS_L)
endif
ifneq ($(WINDOWS),)
CMOCKA_CFLAGS := -Itests/windows/include -D__USE_MINGW_ANSI_STDIO=1 -w
CMOCKA_LIBS   := -static -lcmocka -lpthread
else ifeq ($(call known,cmocka),yes)
CMOCKA_CFLAGS := $(shell $(PKG_CONFIG) --cflags cmocka)
CMOCKA_LIBS   := $(shell $(PKG_CONFIG) --libs cmocka)
else
CMOCKA_CFLAGS :=
CMOCKA_LIBS   := -lcmocka
endif
THREADS := $(if $(WINDOWS),,-pthread)
LIBS := $(MBEDTLS_LIBS) $(or $(THREADS),-static-libgcc \
	-l:libwinpthread.a -lws2_32 -lcrypt32 -lbcrypt)
ifeq ($(WITH_SODIUM),yes)
SODIUM_CFLAGS := -DSMTP_WITH_SODIUM=1
LIBS += -lsodium
endif
ifeq ($(WITH_CARES),yes)
CARES_CFLAGS := -DSMTP_WITH_CARES=1
LIBS += -lcares
endif

# ---- how it is compiled

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wshadow
ifeq ($(WERROR),yes)
WARN += -Werror
endif
# What makes a mistake harder to use; HARDEN=no leaves it out. Paths of the
# machine are in no object, so that two builds are the same.
HARDENING := -ffile-prefix-map=$(CURDIR)=.
ifneq ($(and $(filter yes,$(HARDEN)),$(findstring linux,$(TARGET))),)
HARDENING += -fstack-protector-strong
HARDENING += $(if $(filter x86_64-% i%86-%,$(TARGET)),\
	-fstack-clash-protection -fcf-protection)
ifeq ($(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS))$(findstring \
	-fsanitize,$(CFLAGS)),)
HARDENING += $(if $(filter -O1 -O2 -O3 -Os,$(CFLAGS)),-D_FORTIFY_SOURCE=2)
endif
HARDENED  := -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
endif
INCLUDE    := -Iinclude -Ilib
ALL_CFLAGS  = $(WARN) $(HARDENING) $(INCLUDE) $(MBEDTLS_CFLAGS) $(THREADS) \
	$(SODIUM_CFLAGS) $(CARES_CFLAGS) \
	$(if $(SMTP_PREFIX),-DSMTP_PREFIX=$(SMTP_PREFIX)) $(CPPFLAGS) $(CFLAGS)
# The library is ISO C and each file names the POSIX it needs; programs here
# are written for the platform.
LIB_CFLAGS  = -std=c11 $(if $(WINDOWS),,-fPIC -fvisibility=hidden) \
	$(ALL_CFLAGS)
PROG_CFLAGS = -std=gnu11 $(ALL_CFLAGS)
DEPFLAGS    = -MMD -MP -MF $@.d -MT $@

quiet := $(findstring s,$(firstword -$(MAKEFLAGS)))
ifeq ($(V)$(quiet),0)
say = @printf '  %-4s %s\n' $(1) $@;
else
say = $(if $(quiet),@)
endif

# A setting that changed, or a source that went, builds anew.
ifeq ($(filter clean help,$(MAKECMDGOALS)),)
SETTINGS := $(CC) $(LIB_CFLAGS) $(LDFLAGS) $(LIBS)
$(shell mkdir -p $(BUILD); f=$(BUILD)/settings; \
	printf '%s\n' '$(SETTINGS)' >$$f.$$$$; \
	if cmp -s $$f.$$$$ $$f; then rm -f $$f.$$$$; \
	else mv -f $$f.$$$$ $$f; fi; \
	f=$(BUILD)/sources; \
	printf '%s\n' '$(LIB_SRC) $(SUPPORT_SRC) $(TOOL_PARTS)' >$$f.$$$$; \
	if cmp -s $$f.$$$$ $$f; then rm -f $$f.$$$$; \
	else mv -f $$f.$$$$ $$f; fi)
endif

.PHONY: all lib examples tests tools fuzzers amalgamation
all: lib examples
amalgamation: $(BUILD)/amalgamation/smtp.c
lib: $(LIB_A) $(LIB_SO)
examples: $(EXAMPLES)
tests: $(TESTS) $(TOOLS) $(EXAMPLES) fuzzers
fuzzers: $(FUZZERS)
tools: $(TOOLS)

$(BUILD)/obj/lib/%.o: lib/%.c $(BUILD)/settings
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(LIB_CFLAGS) $(DEPFLAGS) -c -o $@ $<

# The same as one file, which needs no path of ours to be compiled. A variable
# there may have the name of a function that stands far above it.
$(BUILD)/amalgamation/smtp.c: tools/amalgamation.sh $(LIB_SRC) $(HEADERS) \
		$(LIB_HEADERS)
	$(call say,GEN) sh tools/amalgamation.sh $(@D)

$(BUILD)/amalgamation/smtp.o: $(BUILD)/amalgamation/smtp.c $(BUILD)/settings
	$(call say,CC) $(CC) $(filter-out $(INCLUDE) -Wshadow,$(LIB_CFLAGS)) \
		-c -o $@ $<

$(BUILD)/obj/tests/%.o: tests/%.c $(BUILD)/settings
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(PROG_CFLAGS) -Itests $(CMOCKA_CFLAGS) \
		$(DEPFLAGS) -c -o $@ $<

# q: two folders may have a file of one name. Under another prefix it is one
# object that shows its public names only, so that two copies of the library
# can stand in one program.
ifeq ($(SMTP_PREFIX),)
$(LIB_A): $(LIB_OBJ) $(BUILD)/sources
	$(call say,AR) rm -f $@ && $(AR) qcs $@ $(LIB_OBJ)
else
$(LIB_A): $(LIB_OBJ) $(BUILD)/sources
	$(call say,AR) rm -f $@ && $(LD) -r -o $(BUILD)/prefixed.o $(LIB_OBJ) \
		&& $(OBJCOPY) --localize-hidden $(BUILD)/prefixed.o \
		&& $(AR) qcs $@ $(BUILD)/prefixed.o
endif

$(BUILD)/libsmtp.map: lib/libsmtp.map $(BUILD)/settings
	@sed 's/^	smtp_/	$(or $(SMTP_PREFIX),smtp_)/' lib/libsmtp.map >$@

$(BUILD)/libsmtp.def: $(BUILD)/libsmtp.map
	@(echo EXPORTS && sed -n 's/^\(	[a-z0-9_]*\);/\1/p' $<) >$@

$(BUILD)/$(SO_FILE): $(LIB_OBJ) $(BUILD)/sources \
		$(BUILD)/libsmtp.$(if $(WINDOWS),def,map)
	$(call say,LD) $(CC) $(CFLAGS) $(LDFLAGS) $(SO_FLAGS) -o $@ \
		$(LIB_OBJ) $(LIBS)

ifneq ($(WINDOWS),)
$(BUILD)/$(SO_LINK): $(BUILD)/$(SO_FILE)
	@touch $@
else
$(BUILD)/$(SO_NAME) $(BUILD)/$(SO_LINK): $(BUILD)/$(SO_FILE)
	@ln -sf $(SO_FILE) $@
endif

ifeq ($(WITH_GSSAPI),yes)
$(BUILD)/examples/gssapi: LIBS += \
	$(shell $(PKG_CONFIG) --libs mit-krb5-gssapi 2>/dev/null || \
	$(PKG_CONFIG) --libs krb5-gssapi 2>/dev/null || echo -lgssapi_krb5)
endif
ifeq ($(WITH_LIBUV),yes)
$(BUILD)/examples/libuv_loop: LIBS += \
	$(shell $(PKG_CONFIG) --libs libuv 2>/dev/null || echo -luv)
endif
$(BUILD)/examples/%$(EXE): examples/%.c $(LIB_A)
	@mkdir -p $(@D)
	$(call say,EXE) $(CC) $(PROG_CFLAGS) $(DEPFLAGS) $(LDFLAGS) -o $@ $< \
		$(LIB_A) $(LIBS)

# tools/NAME.c and its parts tools/NAME/*.c
$(BUILD)/obj/tools/%.o: tools/%.c $(BUILD)/settings
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(PROG_CFLAGS) -Itools $(DEPFLAGS) -c -o $@ $<

define tool
$(BUILD)/tools/$(1): $(call obj,$(filter tools/$(1)/%,$(TOOL_PARTS)))
endef
$(foreach t,$(notdir $(TOOLS)),$(eval $(call tool,$(t))))

$(TOOLS): $(BUILD)/tools/%: $(BUILD)/obj/tools/%.o $(LIB_A) $(BUILD)/sources
	@mkdir -p $(@D)
	$(call say,EXE) $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) \
		$(LIB_A) $(LIBS)

$(BUILD)/tests/support.a: $(SUPPORT_OBJ) $(BUILD)/sources
	@mkdir -p $(@D)
	$(call say,AR) rm -f $@ && $(AR) qcs $@ $(SUPPORT_OBJ)

$(BUILD)/tests/%$(EXE): tests/test_%.c $(BUILD)/tests/support.a $(LIB_A)
	@mkdir -p $(@D)
	$(call say,EXE) $(CC) $(PROG_CFLAGS) -Itests $(CMOCKA_CFLAGS) \
		$(DEPFLAGS) $(LDFLAGS) $(WRAP) -o $@ $< \
		$(BUILD)/tests/support.a $(LIB_A) $(CMOCKA_LIBS) $(LIBS)

# Sessions in which everything fails once. What the library asks of the system
# is answered by the program; see tests/torture/world.c.
TORTURE_OBJ  := $(call obj,$(sort $(wildcard tests/torture/*.c)))
TORTURE_WRAP := clock_gettime getentropy socket socketpair connect bind close \
	fcntl getsockopt setsockopt getsockname getpeername recv send poll \
	getaddrinfo freeaddrinfo pthread_create getpid
$(BUILD)/tests/torture/torture: $(TORTURE_OBJ) $(BUILD)/tests/support.a \
		$(LIB_A)
	@mkdir -p $(@D)
	$(call say,EXE) $(CC) $(CFLAGS) $(LDFLAGS) \
		$(TORTURE_WRAP:%=-Wl,--wrap=%) -o $@ $(filter %.o,$^) \
		$(BUILD)/tests/support.a $(LIB_A) $(CMOCKA_LIBS) $(LIBS)

# Digests that fail: what the library calls is answered by the test.
DIGEST_WRAP := $(foreach d,md5 sha1 sha256 sha512,$(foreach f,starts update \
	finish,mbedtls_$(d)_$(f) mbedtls_$(d)_$(f)_ret)) mbedtls_ctr_drbg_seed \
	sodium_init crypto_sign_seed_keypair crypto_sign_detached
$(BUILD)/tests/digest_fails$(EXE): WRAP = $(DIGEST_WRAP:%=-Wl,--wrap=%)

# Calls of the system that fail.
NET_WRAP := $(addprefix pthread_,attr_init attr_setdetachstate sigmask \
	mutex_init condattr_init condattr_setclock cond_init cond_timedwait) \
	getentropy open \
	read recv send poll connect localtime_r gmtime_r time clock_gettime \
	getsockname
$(BUILD)/tests/net_fails: WRAP = $(NET_WRAP:%=-Wl,--wrap=%)

# What mbedTLS and files seldom answer.
TLS_WRAP := $(addprefix mbedtls_ssl_,handshake setup set_hostname read write \
	config_defaults conf_own_cert get_session set_session check_pending \
	get_max_out_record_payload get_verify_result \
	export_keying_material) mbedtls_md psa_crypto_init \
	$(addprefix mbedtls_x509_,time_is_past crt_parse_path crt_parse_file) \
	fseek ftell fread getentropy open clock_gettime calloc
$(BUILD)/tests/tls_fails: WRAP = $(TLS_WRAP:%=-Wl,--wrap=%)
# In archives what mbedTLS itself calls is answered, too.
ifneq ($(MBEDTLS_PREFIX),)
$(BUILD)/tests/tls_fails: PROG_CFLAGS += -DTLS_ARCHIVES=1
endif

# Which test answers what, for tools/switches.py.
WRAPPED := digest_fails $(DIGEST_WRAP), net_fails $(NET_WRAP), \
	tls_fails $(TLS_WRAP)

$(BUILD)/tests/lossless/sender: tests/lossless/sender.c $(LIB_A)
	@mkdir -p $(@D)
	$(call say,EXE) $(CC) $(PROG_CFLAGS) $(DEPFLAGS) $(LDFLAGS) -o $@ $< \
		$(LIB_A) $(LIBS)

# Where `char' has no sign, as on many processors.
$(BUILD)/tests/plain: PROG_CFLAGS += -funsigned-char

# Messages for parsers that are not ours.
OUTSIDE_OBJ := $(call obj,$(sort $(wildcard tests/outsiders/*.c)))
$(BUILD)/outsiders/generate: $(OUTSIDE_OBJ) $(LIB_A)
	@mkdir -p $(@D)
	$(call say,EXE) $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(OUTSIDE_OBJ) \
		$(LIB_A) $(LIBS)

# Harnesses: with FUZZ=-fsanitize=fuzzer they look for inputs of their own,
# without they run those that they are given.
FUZZ ?=
$(FUZZERS): $(BUILD)/fuzz/%: tests/fuzz/fuzz_%.c \
		$(if $(FUZZ),,tests/fuzz/replay.c) $(LIB_A)
	@mkdir -p $(@D)
	$(call say,EXE) $(CC) $(PROG_CFLAGS) -Itests/fuzz $(DEPFLAGS) \
		$(LDFLAGS) $(WRAP) $(FUZZ) -o $@ $(filter %.c,$^) $(LIB_A) \
		$(LIBS)
$(BUILD)/fuzz/client: WRAP = -Wl,--wrap=clock_gettime

-include $(addsuffix .d,$(LIB_OBJ) $(SUPPORT_OBJ) $(TOOL_OBJ) $(EXAMPLES) \
	$(TESTS) $(FUZZERS) $(OUTSIDE_OBJ) $(TORTURE_OBJ))

# ---- what is done with it
#
# A target that needs a package asks tools/deps.sh for it first, and then runs
# make anew, which finds what came. `all' and `install' ask for nothing.

.PHONY: test check demo hostile lint fuzz size interop sasl bench outsiders \
	coverage mutation abi dist packages install uninstall clean help
export BUILD CC CFLAGS CPPFLAGS LDFLAGS MBEDTLS_PREFIX PKG_CONFIG DEPS \
	WITH_SODIUM WITH_GSSAPI WITH_CARES WITH_LIBUV

# By this name `make -n' does not take the line for one that it must run.
THIS_MAKE := $(MAKE)
deps = @sh tools/deps.sh $(1)

test:
	$(call deps,tls cmocka python3 openssl)
	@$(MAKE) --no-print-directory tests
	@sh tests/run.sh $(TESTS)

check:
	$(call deps,tls cmocka gcc clang sanitizers cppcheck mandoc \
		pkg-config python3 openssl)
	@MAKE='$(THIS_MAKE)' sh tools/check.sh

demo:
	$(call deps,tls)
	@$(MAKE) --no-print-directory lib examples tools
	@sh tools/demo.sh

hostile:
	$(call deps,tls)
	@$(MAKE) --no-print-directory lib examples tools
	@sh tests/cli/hostile.sh

# With NTLM, which is off by default and has a password like the others.
.PHONY: secrets
SECRETS_BUILD = $(BUILD)/secrets
secrets:
	$(call deps,tls cmocka openssl)
	@$(MAKE) --no-print-directory tools
	@$(MAKE) --no-print-directory BUILD=$(SECRETS_BUILD) \
		CPPFLAGS='$(CPPFLAGS) -DSMTP_WITH_NTLM=1' \
		$(SECRETS_BUILD)/tests/secrets \
		$(SECRETS_BUILD)/tests/constant_time
	@sh tests/run.sh --only $(SECRETS_BUILD)/tests/secrets \
		$(SECRETS_BUILD)/tests/constant_time

.PHONY: threads
TSAN_BUILD     = $(BUILD)/thread
HELGRIND_BUILD = $(BUILD)/helgrind
threads:
	$(call deps,tls cmocka clang sanitizers valgrind)
	@$(MAKE) --no-print-directory tools $(BUILD)/tests/fork
	@$(MAKE) --no-print-directory BUILD=$(TSAN_BUILD) CC=clang \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=thread' \
		$(addprefix $(TSAN_BUILD)/tests/,threads fork pool client_time)
	@$(MAKE) --no-print-directory BUILD=$(HELGRIND_BUILD) CFLAGS='-O1 -g' \
		CPPFLAGS='$(CPPFLAGS) -Itests/support/helgrind' \
		$(HELGRIND_BUILD)/tests/threads
	@sh tools/threads.sh $(TSAN_BUILD) $(HELGRIND_BUILD)

lint:
	$(call deps,tls cppcheck mandoc)
	@$(MAKE) --no-print-directory lib
	@sh tools/lint.sh

coverage:
	$(call deps,tls cmocka gcc gcovr sodium python3 openssl)
	@MAKE='$(THIS_MAKE)' sh tools/coverage.sh

# So many mutants, chosen by the seed.
MUTANTS ?= 300
SEED    ?= 1
mutation:
	$(call deps,tls cmocka gcc pkg-config python3)
	@MUTANTS='$(MUTANTS)' SEED='$(SEED)' python3 tools/mutate.py

# Each harness, or those of FUZZ_ONLY, for so many seconds; FUZZ_SEED makes it
# the same run again. Words are found by the dictionary, so that no comparison
# need be watched: twice the runs.
FUZZ_SECONDS ?= 60
FUZZ_ONLY    ?=
FUZZ_SEED    ?=
FUZZ_BUILD    = $(BUILD)/fuzzing
fuzz:
	$(call deps,tls clang sanitizers)
	@$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=clang \
		CFLAGS='-O2 -g -fno-sanitize-recover=all \
		-fsanitize=fuzzer-no-link,address,undefined \
		-fno-sanitize-coverage=trace-cmp' \
		CPPFLAGS='$(CPPFLAGS) -DSMTP_WITH_NTLM=1' \
		FUZZ=-fsanitize=fuzzer fuzzers
	@FUZZ_SEED='$(FUZZ_SEED)' sh tests/fuzz/run.sh $(FUZZ_BUILD)/fuzz \
		$(FUZZ_SECONDS) $(FUZZ_ONLY)

# TORTURE=all: every point; else of those inside TLS and RSA about one of
# TORTURE.
.PHONY: torture
TORTURE      ?= 400
TORTURE_BUILD = $(BUILD)/torturing
torture:
	$(call deps,tls cmocka clang sanitizers)
	@$(MAKE) --no-print-directory BUILD=$(TORTURE_BUILD) CC=clang \
		CFLAGS='-O1 -g -fno-omit-frame-pointer \
		-fno-sanitize-recover=all -fsanitize=address,undefined' \
		$(TORTURE_BUILD)/tests/torture/torture
	@sh tests/torture/run.sh $(TORTURE_BUILD)/tests/torture/torture \
		$(TORTURE)

# PROOFS=all: with the larger bounds.
.PHONY: proofs
PROOFS ?= usual
proofs:
	$(call deps,gcc)
	@sh tools/fetch-cbmc.sh $(BUILD)/cbmc
	@CBMC=$(BUILD)/cbmc PROOFS=$(PROOFS) \
		sh tests/proofs/run.sh $(BUILD)/proofs

size:
	$(call deps,arm riscv)
	@sh tools/fetch-mbedtls36.sh build/mbedtls36
	@sh tools/size.sh $(if $(filter yes,$(DOC)),doc)

# ONLY='BDAT all' is these builds alone. DOC=yes writes SIZES.md anew.
.PHONY: switches
switches:
	$(call deps,tls cmocka gcc arm pkg-config python3 openssl)
	@$(MAKE) --no-print-directory tools
	@WRAPPED='$(WRAPPED)' python3 tools/switches.py \
		$(if $(filter yes,$(DOC)),doc)

interop:
	$(call deps,tls libuv)
	@$(MAKE) --no-print-directory WITH_LIBUV=yes lib examples tools
	$(call deps,microsocks tinyproxy danted python3)
	@sh tests/proxies/run.sh
	@sh tests/interop/run.sh

# Mails to each server over a way that breaks; 10000 of them are the long form.
MAILS ?= 400
.PHONY: lossless
lossless:
	$(call deps,tls python3 openssl)
	@$(MAKE) --no-print-directory $(BUILD)/tests/lossless/sender
	@bash tests/lossless/run.sh $(MAILS)

# Other C libraries and machines; PLATFORMS='musl i386' is these alone.
PLATFORMS ?= musl i386 s390x
.PHONY: platforms
platforms:
	$(call deps,tls python3 openssl $(PLATFORMS))
	@MAKE='$(THIS_MAKE)' bash tests/platforms/run.sh $(PLATFORMS)

# What analyzers say, and whether two builds are the same.
.PHONY: static
static:
	$(call deps,tls gcc clang-tidy cppcheck)
	@MAKE='$(THIS_MAKE)' bash tools/static.sh

# bench/NAME.c and its parts bench/NAME/*.c, with the peers that they need
BENCHES     := $(patsubst bench/%.c,$(BUILD)/bench/%,\
	$(filter-out bench/bench.c,$(wildcard bench/*.c)))
BENCH_PC    := libcurl gmime-3.0 glib-2.0 openssl
BENCH_ROUNDS ?= 9
BENCH_DOC    ?= no
# What is measured only where the library has it.
BENCH_FLAGS  := $(if $(shell grep -l '^smtp_put' include/smtp/smtp.h),\
	-DBENCH_WINDOW)

.SECONDEXPANSION:
$(BENCHES): $(BUILD)/bench/%: bench/%.c bench/bench.c bench/bench.h \
		$$(wildcard bench/%/*.[ch]) $(LIB_A)
	@mkdir -p $(@D)
	$(call say,EXE) $(CC) -D_GNU_SOURCE $(BENCH_FLAGS) \
		$(PROG_CFLAGS) -Ibench \
		$$($(PKG_CONFIG) --cflags $(BENCH_PC) | \
		sed 's/-I/-isystem /g') $(LDFLAGS) -o $@ \
		$(filter %.c,$^) $(LIB_A) \
		$$($(PKG_CONFIG) --libs $(BENCH_PC)) -ldl $(LIBS)

bench:
	$(call deps,tls pkg-config bench postfix python3 openssl)
	@$(MAKE) --no-print-directory bench-run

.PHONY: bench-run
bench-run: $(BENCHES)
	@sh bench/run.sh $(BUILD)/bench $(BENCH_ROUNDS) $(BENCH_DOC)

# What is off by default, with servers that have it.
sasl:
	$(call deps,tls pkg-config gssapi openssl)
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/sasl WITH_GSSAPI=yes \
		CPPFLAGS='$(CPPFLAGS) -DSMTP_WITH_NTLM=1' lib examples tools
	@BUILD=$(BUILD)/sasl bash tests/sasl/run.sh

outsiders:
	$(call deps,tls outsiders npm)
	@$(MAKE) --no-print-directory lib examples tools \
		$(BUILD)/outsiders/generate
	@sh tests/outsiders/run.sh

.PHONY: bindings
# The programs of examples/bindings/; BINDINGS='lua rust' runs these alone.
BINDINGS ?= python asyncio lua rust node
bindings:
	$(call deps,tls $(subst asyncio,python3,$(patsubst python,python3,\
		$(patsubst node,npm,$(BINDINGS)))))
	@$(MAKE) --no-print-directory lib tools
	@sh tests/bindings/run.sh $(BINDINGS)

# Bare-metal images, in an emulator. DOC=yes writes SIZES.md anew.
.PHONY: firmware
firmware:
	$(call deps,tls arm qemu-arm)
	@sh tools/fetch-mbedtls36.sh build/mbedtls36
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/tls36 \
		MBEDTLS_PREFIX=build/mbedtls36 $(BUILD)/tls36/tools/demo-server
	@sh tests/firmware/run.sh $(if $(filter yes,$(DOC)),doc)

# The binary interface against abi/libsmtp.abi.
abi:
	$(call deps,tls gcc abidiff)
	@MAKE='$(THIS_MAKE)' sh tools/abi.sh

dist:
	@sh tools/dist.sh $(BUILD)

packages:
	$(call deps,tls gcc abidiff cmake esmtp debian debootstrap)
	@MAKE='$(THIS_MAKE)' bash tests/packages/run.sh

.PHONY: ports
# Each folder of ports/; PORTS=zephyr takes that alone.
PORTS ?= esp-idf freertos-tcp zephyr arduino
ports:
	$(call deps,tls arm c++ cmake openssl python3)
	@$(MAKE) --no-print-directory lib examples tools
	@sh tests/ports/run.sh $(PORTS)

# What runs under Wine: the tests, and programs with the DLL.
.PHONY: windows windows-programs
windows:
	$(call deps,tls mingw wine)
	@sh tools/windows-deps.sh $(BUILD)/windows/deps
	@$(MAKE) --no-print-directory $(BUILD)/tools/demo-server \
		$(BUILD)/tools/eml-extract
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/windows \
		CC=x86_64-w64-mingw32-gcc AR=x86_64-w64-mingw32-ar \
		MBEDTLS_PREFIX=$(BUILD)/windows/deps CFLAGS=-O2 WERROR=yes \
		windows-programs
	@BUILD=$(BUILD)/windows NATIVE=$(BUILD) bash tests/windows/run.sh

WITH_DLL := $(BUILD)/dll/smtp-send.exe $(BUILD)/dll/trust.exe
windows-programs: lib examples $(TESTS) $(BUILD)/tests/windows.exe \
	$(WITH_DLL)

$(BUILD)/tests/windows.exe: tests/windows/test_windows.c $(LIB_A)
	@mkdir -p $(@D)
	$(call say,EXE) $(CC) $(PROG_CFLAGS) -Itests \
		-D__USE_MINGW_ANSI_STDIO=1 -o $@ $< $(LIB_A) \
		$(CMOCKA_LIBS) $(LIBS)

$(BUILD)/dll/smtp-send.exe: examples/smtp-send.c
$(BUILD)/dll/trust.exe: tests/windows/trust.c
$(WITH_DLL): $(BUILD)/$(SO_LINK)
	@mkdir -p $(@D)
	$(call say,EXE) $(CC) $(PROG_CFLAGS) -o $@ $(filter %.c,$^) \
		$(BUILD)/$(SO_LINK) -static-libgcc -lcrypt32

INSTALL  = install
INC_DIR  = $(DESTDIR)$(PREFIX)/include/smtp
LIB_DIR  = $(DESTDIR)$(LIBDIR)
PC_LIBDIR = $(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))
PC_DIR   = $(LIB_DIR)/pkgconfig
CM_DIR   = $(LIB_DIR)/cmake/libsmtp
# From there to the headers, so that the whole can be moved.
CM_UP    = $(if $(filter $(PREFIX)/%,$(LIBDIR)),$${here}/../../$(shell \
	echo '$(LIBDIR:$(PREFIX)/%=%)' | sed 's|[^/][^/]*|..|g'),$(PREFIX))
CM_LIBS  = $(shell echo '$(LIBS)' | tr -s ' ' ';')
BIN_DIR  = $(DESTDIR)$(PREFIX)/bin
MAN_DIR  = $(DESTDIR)$(PREFIX)/share/man

install: all
	$(INSTALL) -d '$(INC_DIR)' '$(PC_DIR)' '$(CM_DIR)' '$(BIN_DIR)' \
		'$(MAN_DIR)/man1' '$(MAN_DIR)/man3'
	$(INSTALL) -m 644 $(HEADERS) '$(INC_DIR)'
	$(INSTALL) -m 644 $(LIB_A) '$(LIB_DIR)'
	$(INSTALL) -m 755 $(BUILD)/$(SO_FILE) '$(LIB_DIR)'
	ln -sf $(SO_FILE) '$(LIB_DIR)/$(SO_NAME)'
	ln -sf $(SO_FILE) '$(LIB_DIR)/$(SO_LINK)'
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(PC_LIBDIR)|' \
		-e 's|@VERSION@|$(VERSION)|' -e 's|@LIBS@|$(strip $(LIBS))|' \
		pkgconfig/libsmtp.pc.in >'$(PC_DIR)/libsmtp.pc'
	chmod 644 '$(PC_DIR)/libsmtp.pc'
	for f in libsmtpConfig libsmtpConfigVersion; do \
		sed -e 's|@INCLUDEDIR@|$(CM_UP)/include|' \
		-e 's|@VERSION@|$(VERSION)|' \
		-e 's|@MAJOR@|$(firstword $(subst ., ,$(VERSION)))|' \
		-e 's|@STATIC_LIBS@|$(CM_LIBS)|' cmake/$$f.cmake.in \
		>'$(CM_DIR)'/$$f.cmake; chmod 644 '$(CM_DIR)'/$$f.cmake; done
	$(INSTALL) -m 755 $(BUILD)/examples/smtp-send '$(BIN_DIR)'
	sh tools/manual.sh install '$(MAN_DIR)'

uninstall:
	cd '$(INC_DIR)' && rm -f $(notdir $(HEADERS))
	-rmdir '$(INC_DIR)'
	cd '$(LIB_DIR)' && rm -f libsmtp.a $(SO_FILE) $(SO_NAME) $(SO_LINK)
	rm -f '$(PC_DIR)/libsmtp.pc' '$(BIN_DIR)/smtp-send'
	cd '$(CM_DIR)' && rm -f libsmtpConfig.cmake libsmtpConfigVersion.cmake
	-rmdir '$(CM_DIR)'
	sh tools/manual.sh uninstall '$(MAN_DIR)'

clean:
	rm -rf build $(BUILD)

help:
	@echo 'make              the library and the examples, into build/'
	@echo 'make demo         send a real mail to a server on this machine'
	@echo 'make check        all that a contribution must pass'
	@echo 'make test         only build and run the tests'
	@echo 'make hostile      only the servers that lie, stall and break'
	@echo 'make secrets      none in traces, errors, memory that is freed'
	@echo 'make threads      threads and forks, under race detectors'
	@echo 'make lint         only the rules for sources and manual'
	@echo 'make coverage     lines and branches of lib/ that the tests run'
	@echo 'make mutation     break one thing at a time, MUTANTS=300 SEED=1'
	@echo 'make platforms    musl, i386 and s390x, cross-built and run'
	@echo 'make static       what analyzers say, and two builds compared'
	@echo 'make fuzz         look for inputs that break it, FUZZ_SECONDS=60'
	@echo 'make torture      everything fails once; TORTURE=all: everywhere'
	@echo 'make size         code and memory on Cortex-M and RISC-V'
	@echo 'make switches     each feature left out: what is left passes'
	@echo 'make proofs       CBMC shows that memory is safe; PROOFS=all'
	@echo 'make size         code and memory on Cortex-M'
	@echo 'make firmware     images for Cortex-M that send a mail over TLS'
	@echo 'make interop      mail through real servers on this machine'
	@echo 'make bench        speed and memory, beside others and floors'
	@echo 'make lossless     mails are counted behind a way that breaks'
	@echo 'make sasl         GSSAPI with a KDC, NTLM with Postfix'
	@echo 'make outsiders    messages read back by parsers of others'
	@echo 'make windows      tests and mail over TLS, under Wine'
	@echo 'make bindings     send from Python, Lua, Rust and Node'
	@echo 'make ports        ESP-IDF, Zephyr, FreeRTOS+TCP and Arduino'
	@echo 'make amalgamation the library as one file and one header'
	@echo 'make abi          the binary interface against the last release'
	@echo 'make dist         the archive of a release'
	@echo 'make packages     CMake, Debian, two copies in one program'
	@echo 'make install      PREFIX=/usr/local LIBDIR=PREFIX/lib DESTDIR='
	@echo 'make uninstall    the same settings'
	@echo 'make clean        remove what was built'
	@echo
	@echo 'Settings: CC, CFLAGS, CPPFLAGS, LDFLAGS; BUILD=dir builds beside'
	@echo 'build/; MBEDTLS_PREFIX=dir takes mbedTLS from dir/include and'
	@echo 'dir/lib; SMTP_PREFIX=acme_ renames the public symbols;'
	@echo 'ONE_FILE=yes compiles the amalgamation; V=1 shows commands;'
	@echo 'HARDEN=no leaves out what makes mistakes harder to use;'
	@echo 'WERROR=yes; WITH_SODIUM=yes reads Ed25519 keys for DKIM;'
	@echo 'WITH_CARES=yes looks names up by c-ares, without a thread;'
	@echo 'WITH_LIBUV=yes builds its example;'
	@echo 'DEPS=no never installs a package.'
