# The images of `make firmware': GNU make, from the top of the tree.
#
#	make -f tests/firmware/image.mk BOARD=lm3s6965evb TLS=ec12 \
#		STACK=2048 ARENA=10240 AUTHORITY=ca.c IMAGE=x.elf
#
# TLS is ec or rsa, and 12 (TLS 1.2) or 13 (both). What the images share is
# compiled once; AUTHORITY has the certificate that is trusted.

OUT     ?= build/firmware
SOURCES ?= $(OUT)/sources
CROSS   ?= arm-none-eabi-
BOARD   ?= lm3s6965evb
TLS     ?= ec12
STACK   ?= 2048
ARENA   ?= 10240
AUTHORITY ?= $(OUT)/authority.c
IMAGE   ?= $(OUT)/$(BOARD)-$(TLS).elf

override CC = $(CROSS)gcc
LWIP = $(SOURCES)/lwip/src
MBED = $(SOURCES)/mbedtls
HERE = tests/firmware

# The profile core of `make size', without what this mail has no use for.
ON  = PIPELINING SIZE 8BITMIME SMTPUTF8 ENHANCED TEXT QUOTED LOGIN
OFF = REUSE XOAUTH2 OAUTHBEARER HELO LMTP REQUIRE_ALL BDAT PRDR PARAMETERS \
	INSPECT CRAM_MD5 STEPPED SASLPREP FAST TLS
SWITCHES = -DSMTP_OCTETS=uint32_t $(ON:%=-DSMTP_WITH_%=1) \
	$(OFF:%=-DSMTP_WITH_%=0)

CPU    = -mthumb -mcpu=cortex-m3
override CFLAGS = -Os -std=gnu11 $(CPU) -ffreestanding -ffunction-sections \
	-fdata-sections -fno-common $(SWITCHES) -Iinclude -Ilib -Iports/lwip \
	-Iports/mail -Iports/mbedtls -I$(HERE) -isystem $(LWIP)/include \
	-isystem $(MBED)/include -DMBEDTLS_CONFIG_FILE='"tls_config.h"'
WARN   = -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
DEPFLAGS = -MMD -MP -MF $@.d -MT $@
TLS_FLAGS = $(if $(findstring rsa,$(TLS)),-DFIRMWARE_RSA) \
	$(if $(findstring 13,$(TLS)),-DFIRMWARE_TLS13)

# Each folder of objects is a part that is counted.
SMTP_SRC := $(wildcard lib/text/*.c lib/codec/*.c lib/sasl/*.c lib/proto/*.c) \
	lib/mime/date.c lib/mime/field.c
LWIP_SRC := $(wildcard $(LWIP)/core/*.c $(LWIP)/core/ipv4/*.c) \
	$(LWIP)/netif/ethernet.c
MBED_SRC := $(wildcard $(MBED)/library/*.c)
APP_SRC  := $(wildcard $(HERE)/*.c)

SMTP_OBJ  := $(patsubst lib/%.c,$(OUT)/smtp/%.o,$(SMTP_SRC))
LWIP_OBJ  := $(patsubst $(LWIP)/%.c,$(OUT)/lwip/%.o,$(LWIP_SRC))
MBED_OBJ  := $(patsubst $(MBED)/library/%.c,$(OUT)/$(TLS)/mbedtls/%.o,\
	$(MBED_SRC))
APP_OBJ   := $(patsubst $(HERE)/%.c,$(OUT)/$(TLS)/app/%.o,$(APP_SRC))
BOARD_OBJ := $(OUT)/$(BOARD)/board/board.o
PORT_OBJ  := $(OUT)/port-lwip/smtp_lwip.o $(OUT)/port-mail/smtp_mail.o
GLUE_OBJ  := $(patsubst ports/mbedtls/%.c,$(OUT)/$(TLS)/port-mbedtls/%.o,\
	$(wildcard ports/mbedtls/*.c))
OBJECTS   := $(SMTP_OBJ) $(LWIP_OBJ) $(MBED_OBJ) $(APP_OBJ) $(BOARD_OBJ) \
	$(PORT_OBJ) $(GLUE_OBJ)

# Linked with what differs between two of one kind. There is nothing in it
# that asks for a heap: newlib's would need _sbrk, which nobody has.
$(IMAGE): $(OBJECTS) $(AUTHORITY) $(HERE)/link.ld
	@mkdir -p $(@D)
	@printf '#include <stdint.h>\nenum { N = %d / 8 };\n%s\n' $(ARENA) \
		'uint64_t arena[N]; const unsigned arena_n = sizeof arena;' \
		>$@.arena.c
	@$(CC) $(CFLAGS) -c -o $@.arena.o $@.arena.c
	@$(CC) $(CFLAGS) -c -o $@.authority.o $(AUTHORITY)
	@$(CC) $(CPU) -nostartfiles -nodefaultlibs -Wl,--gc-sections \
		-Wl,-T,$(HERE)/link.ld -Wl,--defsym=stack_bytes=$(STACK) \
		-Wl,-Map,$@.map -o $@ $(OBJECTS) $@.arena.o $@.authority.o \
		-Wl,--start-group -lc_nano -lgcc -Wl,--end-group

$(OUT)/smtp/%.o: lib/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(WARN) $(DEPFLAGS) -c -o $@ $<
$(OUT)/lwip/%.o: $(LWIP)/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(DEPFLAGS) -c -o $@ $<
$(OUT)/$(TLS)/mbedtls/%.o: $(MBED)/library/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(TLS_FLAGS) $(DEPFLAGS) -c -o $@ $<
$(OUT)/$(TLS)/app/%.o: $(HERE)/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(TLS_FLAGS) $(WARN) $(DEPFLAGS) -c -o $@ $<
$(OUT)/$(TLS)/port-mbedtls/%.o: ports/mbedtls/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(TLS_FLAGS) $(WARN) $(DEPFLAGS) -c -o $@ $<
$(OUT)/port-lwip/%.o: ports/lwip/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(WARN) $(DEPFLAGS) -c -o $@ $<
$(OUT)/port-mail/%.o: ports/mail/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(WARN) $(DEPFLAGS) -c -o $@ $<
$(BOARD_OBJ): $(HERE)/$(BOARD)/board.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(WARN) $(DEPFLAGS) -c -o $@ $<

-include $(addsuffix .d,$(OBJECTS))
