/* SPDX-License-Identifier: MIT */
/*
 * Start of a Cortex-M, its SysTick, and semihosting, by which a debugger or an
 * emulator lends the console, the clock, files and random octets of the host.
 */
#include "system.h"

#include <string.h>

#include "board.h"

#define REG(at) (*(volatile uint32_t *)(uintptr_t)(at))
#define SYST_CSR REG(0xE000E010)
#define SYST_RVR REG(0xE000E014)
#define SYST_CVR REG(0xE000E018)

enum { PAINT = 0x5AA5A55A };

extern uint32_t stack_low[], stack_high[];
extern uint32_t data_load[], data_low[], data_high[], bss_low[], bss_high[];

int
main(void);

/* ---- start */

static volatile uint32_t milliseconds;

static void
on_tick(void)
{
	milliseconds++;
}

static void
on_fault(void)
{
	system_say("fault\n");
	system_exit(70);
}

void
reset(void)
{
	uint32_t *here;

	__asm volatile ("mov %0, sp" : "=r" (here));
	for (volatile uint32_t *p = stack_low; p < here; p++)
		*p = PAINT;
	for (size_t i = 0; i < (size_t)(data_high - data_low); i++)
		data_low[i] = data_load[i];
	for (uint32_t *p = bss_low; p < bss_high; p++)
		*p = 0;
	SYST_RVR = board_clock_hz / 1000 - 1;
	SYST_CVR = 0;
	SYST_CSR = 7;                    /* on, interrupts, own clock */
	system_exit(main());
}

__attribute__((section(".vectors"), used))
static const struct {
	uint32_t *stack;
	void (*handler[15])(void);
} vectors = {
	stack_high, {
		reset, on_fault, on_fault, on_fault, on_fault, on_fault,
		NULL, NULL, NULL, NULL, on_fault, on_fault, NULL, on_fault,
		on_tick
	}
};

size_t
system_stack_peak(void)
{
	const uint32_t *p = stack_low;

	while (p < stack_high && *p == PAINT)
		p++;
	return (size_t)(stack_high - p) * sizeof *p;
}

/* ---- time */

uint32_t
system_now_ms(void)
{
	return milliseconds;
}

/*
 * A tick may come between: then what was read belongs to the next. At 0 nobody
 * can say whether it has come: the counter begins again a clock later.
 */
uint32_t
system_ticks(void)
{
	uint32_t ms, left;

	do {
		ms = milliseconds;
		left = SYST_CVR;
	} while (ms != milliseconds || left == 0);
	return (ms + 1) * (board_clock_hz / 1000) - left;
}

void
system_wait(void)
{
	__asm volatile ("wfi");
}

/* ---- semihosting */

enum {
	SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITE0 = 0x04, SYS_READ = 0x06,
	SYS_TIME = 0x11, SYS_GET_CMDLINE = 0x15, SYS_EXIT_EXTENDED = 0x20,
	APPLICATION_EXIT = 0x20026
};

static int
ask(int what, const void *block)
{
	register int r0 __asm("r0") = what;
	register const void *r1 __asm("r1") = block;

	__asm volatile ("bkpt 0xAB" : "+r" (r0) : "r" (r1) : "memory");
	return r0;
}

void
system_exit(int status)
{
	uint32_t block[2] = { APPLICATION_EXIT, (uint32_t)status };

	for (;;)
		(void)ask(SYS_EXIT_EXTENDED, block);
}

void
system_say(const char *text)
{
	(void)ask(SYS_WRITE0, text);
}

void
system_tell(const char *name, long number)
{
	char digits[16], *p = digits + sizeof digits;
	unsigned long n = number < 0 ? 0UL - (unsigned long)number :
	    (unsigned long)number;

	*--p = '\0';
	*--p = '\n';
	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	if (number < 0)
		*--p = '-';
	system_say(name);
	system_say("=");
	system_say(p);
}

const char *
system_arguments(void)
{
	static char line[128];
	uint32_t block[2] = { (uint32_t)(uintptr_t)line, sizeof line };

	return ask(SYS_GET_CMDLINE, block) == 0 ? line : "";
}

int
system_open(const char *path)
{
	uint32_t block[3] = { (uint32_t)(uintptr_t)path, 1 /* rb */,
		(uint32_t)strlen(path) };

	return ask(SYS_OPEN, block);
}

size_t
system_read(int file, void *p, size_t n)
{
	uint32_t block[3] = { (uint32_t)file, (uint32_t)(uintptr_t)p,
		(uint32_t)n };

	return n - (size_t)ask(SYS_READ, block);
}

void
system_close(int file)
{
	(void)ask(SYS_CLOSE, &file);
}

int64_t
system_seconds(void)
{
	return (uint32_t)ask(SYS_TIME, NULL);
}

/* A board has a generator for this. */
int
system_random(void *ctx, unsigned char *p, size_t n)
{
	int file = system_open("/dev/urandom");
	size_t got;

	(void)ctx;
	if (file < 0)
		return -1;
	got = system_read(file, p, n);
	system_close(file);
	return got == n ? 0 : -1;
}

unsigned
board_random(void)
{
	unsigned value = 0;

	if (system_random(NULL, (unsigned char *)&value, sizeof value) != 0)
		system_exit(71);
	return value;
}
