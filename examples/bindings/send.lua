-- SPDX-License-Identifier: MIT
-- Send a mail with an attachment that is read from a stream of Lua, by the FFI
-- of LuaJIT. Nobody is called back: what the source asks for is given to it.
--
-- usage: luajit send.lua url user from to... < attachment
-- SMTP_PASSWORD, SMTP_CA_FILE; LIBSMTP is the library if it is not installed.
-- Prints a row for each recipient: address, status, codes and words.
local ffi = require 'ffi'
ffi.cdef [[
int smtp_open(struct smtp **, const char *url, struct smtp_options *);
int smtp_auth(struct smtp *, const char *user, const char *password);
int smtp_send(struct smtp *, struct smtp_message *);
int smtp_step(struct smtp *);
int smtp_close(struct smtp *);
const char *smtp_error(const struct smtp *);
struct smtp_options *smtp_options_new(void);
int smtp_options_set(struct smtp_options *, const char *, const char *value);
void smtp_options_free(struct smtp_options *);
struct smtp_message *smtp_message_new(void);
int smtp_message_set(struct smtp_message *, const char *, const char *value);
int smtp_message_attach(struct smtp_message *, struct smtp_source *,
    const char *type, const char *name);
const char *smtp_message_rows(struct smtp_message *);
void smtp_message_free(struct smtp_message *);
struct smtp_source *smtp_source_given(uint64_t size);
int smtp_give(struct smtp_source *, const void *p, size_t n);
]]
local lib = ffi.load(os.getenv 'LIBSMTP' or 'libsmtp.so.0')
local UNKNOWN = 0xffffffffffffffffULL           -- SMTP_SIZE_UNKNOWN

local held                      -- what was given, until it is asked for again

-- Read the stream whenever the library asks; returns the status, and why.
local function finish(smtp, rc, source, stream)
	local failure
	while rc > 0 do
		held, failure = stream:read(65536)
		held = held or not failure and '' or nil
		lib.smtp_give(source, held, held and #held or 0)
		rc = lib.smtp_step(smtp)
	end
	return rc, failure or ffi.string(lib.smtp_error(smtp))
end

local options = ffi.gc(lib.smtp_options_new(), lib.smtp_options_free)
local message = ffi.gc(lib.smtp_message_new(), lib.smtp_message_free)
local source = lib.smtp_source_given(UNKNOWN)   -- belongs to the message
local handle = ffi.new 'struct smtp *[1]'
lib.smtp_options_set(options, 'ca-file', os.getenv 'SMTP_CA_FILE')
for name, value in pairs { From = arg[3], To = table.concat(arg, ', ', 4),
		Subject = 'Grüße aus Lua', text = 'Hello.' } do
	lib.smtp_message_set(message, name, value)
end
lib.smtp_message_attach(message, source, nil, 'stream.bin')

local rc = lib.smtp_open(handle, arg[1], options)
local smtp = handle[0]
rc = rc < 0 and rc or lib.smtp_auth(smtp, arg[2], os.getenv 'SMTP_PASSWORD')
rc = rc < 0 and rc or lib.smtp_send(smtp, message)
local status, why = finish(smtp, rc, source, io.stdin)
if status < 0 then
	io.stderr:write('send.lua: ', why, '\n')
end
io.write(ffi.string(lib.smtp_message_rows(message)))
lib.smtp_close(smtp)
os.exit(status == 0, true)
