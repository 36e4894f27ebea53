-- SPDX-License-Identifier: MIT
--
-- Send a mail with an attachment that is read from a stream of Lua, by the FFI
-- of LuaJIT. Nobody is called back: what the source wants is given to it.
--
-- usage: luajit send.lua url user from to... < attachment
-- SMTP_PASSWORD, SMTP_CA_FILE; LIBSMTP is the library if it is not installed.
-- Prints a row for each recipient: its address, status, code and words.
local ffi, bit = require 'ffi', require 'bit'

ffi.cdef [[
int smtp_open(struct smtp **smtp, const char *url, struct smtp_options *o);
int smtp_auth(struct smtp *smtp, const char *user, const char *password);
int smtp_send(struct smtp *smtp, struct smtp_message *message);
int smtp_step(struct smtp *smtp);
int smtp_fd(const struct smtp *smtp);
uint64_t smtp_due_ms(const struct smtp *smtp);
uint64_t smtp_now_ms(void);
int smtp_quit(struct smtp *smtp);
int smtp_close(struct smtp *smtp);
const char *smtp_error(const struct smtp *smtp);
const char *smtp_status_name(int status);
struct smtp_options *smtp_options_new(void);
int smtp_options_set(struct smtp_options *o, const char *name, const char *v);
void smtp_options_free(struct smtp_options *options);
struct smtp_message *smtp_message_new(void);
void smtp_message_free(struct smtp_message *message);
int smtp_message_set_from(struct smtp_message *message, const char *address);
int smtp_message_add_to(struct smtp_message *message, const char *address);
int smtp_message_set_subject(struct smtp_message *m, const char *subject);
int smtp_message_set_text(struct smtp_message *message, const char *text);
struct smtp_source *smtp_source_given(uint64_t size);
int smtp_give(struct smtp_source *source, const void *p, size_t n);
int smtp_message_attach(struct smtp_message *message,
    struct smtp_source *source, const char *type, const char *name);
size_t smtp_message_recipient_count(const struct smtp_message *message);
const char *smtp_message_recipient_address(const struct smtp_message *message,
    size_t i);
int smtp_message_recipient_status(const struct smtp_message *m, size_t i);
int smtp_message_recipient_code(const struct smtp_message *m, size_t i);
const char *smtp_message_recipient_text(const struct smtp_message *message,
    size_t i);
struct pollfd { int fd; short events, revents; };
int poll(struct pollfd *fds, unsigned long n, int timeout);
]]
local lib = ffi.load(os.getenv 'LIBSMTP' or 'libsmtp.so.0')
local READ, WRITE, SOURCE = 1, 2, 8             -- enum smtp_want
local UNKNOWN = 0xffffffffffffffffULL           -- SMTP_SIZE_UNKNOWN

local held                     -- what was given, until it is wanted again

-- Go on with what was begun, and return its status.
local function finish(smtp, rc, source, stream)
	local why
	while rc > 0 do
		if bit.band(rc, SOURCE) ~= 0 then
			held, why = stream:read(65536)
			held = held or not why and '' or nil
			lib.smtp_give(source, held, held and #held or 0)
		else
			local due = lib.smtp_due_ms(smtp)
			local now = lib.smtp_now_ms()
			local left = due > now and due - now or 0ULL
			local events = (bit.band(rc, READ) ~= 0 and 1 or 0) +
				(bit.band(rc, WRITE) ~= 0 and 4 or 0)
			ffi.C.poll(ffi.new('struct pollfd[1]',
				{{ lib.smtp_fd(smtp), events, 0 }}), 1,
				tonumber(left < 60000 and left or 60000ULL))
		end
		rc = lib.smtp_step(smtp)
	end
	return rc
end

local url, user, from = arg[1], arg[2], arg[3]
local options = ffi.gc(lib.smtp_options_new(), lib.smtp_options_free)
local message = ffi.gc(lib.smtp_message_new(), lib.smtp_message_free)
local source = lib.smtp_source_given(UNKNOWN)   -- the message will own it
local handle = ffi.new 'struct smtp *[1]'

lib.smtp_options_set(options, 'blocking', 'no')
lib.smtp_options_set(options, 'ca-file', os.getenv 'SMTP_CA_FILE')
lib.smtp_message_set_from(message, from)
for i = 4, #arg do
	lib.smtp_message_add_to(message, arg[i])
end
lib.smtp_message_set_subject(message, 'Grüße aus Lua')
lib.smtp_message_set_text(message, 'Attached.\n')
lib.smtp_message_attach(message, source, nil, 'stream.bin')

local rc = lib.smtp_open(handle, url, options)
local smtp = handle[0]
rc = finish(smtp, rc)
if rc == 0 then
	rc = finish(smtp, lib.smtp_auth(smtp, user, os.getenv 'SMTP_PASSWORD'))
end
if rc == 0 then
	rc = finish(smtp, lib.smtp_send(smtp, message), source, io.stdin)
end
if rc == 0 then
	finish(smtp, lib.smtp_quit(smtp))
else
	io.stderr:write('send.lua: ', ffi.string(lib.smtp_error(smtp)), '\n')
end
lib.smtp_close(smtp)
for i = 0, tonumber(lib.smtp_message_recipient_count(message)) - 1 do
	print(table.concat({
		ffi.string(lib.smtp_message_recipient_address(message, i)),
		ffi.string(lib.smtp_status_name(
			lib.smtp_message_recipient_status(message, i))),
		lib.smtp_message_recipient_code(message, i),
		ffi.string(lib.smtp_message_recipient_text(message, i)),
	}, ' '))
end
os.exit(rc == 0 and 0 or 1)
