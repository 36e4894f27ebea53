// SPDX-License-Identifier: MIT
//
// Send a mail with an attachment that is read from a stream of Node, through
// koffi. Nothing blocks the loop of Node, and nobody is called back.
//
// usage: node send.js url user from to... < attachment
// SMTP_PASSWORD, SMTP_CA_FILE; LIBSMTP is the library if it is not installed.
// Prints a row for each recipient: its address, status, code and words.
'use strict';
const fs = require('fs');
const koffi = require('koffi');         // npm install koffi
const { promisify } = require('util');

const lib = koffi.load(process.env.LIBSMTP || 'libsmtp.so.0');
const libc = koffi.load(null);
const smtp = {};
for (const declaration of [
	'int open(_Out_ void **smtp, str url, void *options)',
	'int auth(void *smtp, str user, str password)',
	'int send(void *smtp, void *message)',
	'int step(void *smtp)',
	'int fd(void *smtp)',
	'uint64_t due_ms(void *smtp)',
	'uint64_t now_ms()',
	'int quit(void *smtp)',
	'int close(void *smtp)',
	'str error(void *smtp)',
	'str status_name(int status)',
	'void *options_new()',
	'int options_set(void *options, str name, str value)',
	'void options_free(void *options)',
	'void *message_new()',
	'void message_free(void *message)',
	'int message_set_from(void *message, str address)',
	'int message_add_to(void *message, str address)',
	'int message_set_subject(void *message, str subject)',
	'int message_set_text(void *message, str text)',
	'int message_attach(void *message, void *source, str type, str name)',
	'void *source_given(uint64_t size)',
	'int give(void *source, void *p, size_t n)',
	'size_t message_recipient_count(void *message)',
	'str message_recipient_address(void *message, size_t i)',
	'int message_recipient_status(void *message, size_t i)',
	'int message_recipient_code(void *message, size_t i)',
	'str message_recipient_text(void *message, size_t i)',
]) {
	const name = declaration.match(/(\w+)\(/)[1];
	smtp[name] = lib.func(declaration.replace(name + '(',
		'smtp_' + name + '('));
}
const READ = 1, WRITE = 2, SOURCE = 8;          // enum smtp_want
const UNKNOWN = 0xffffffffffffffffn;            // SMTP_SIZE_UNKNOWN

// Node cannot watch a descriptor itself: poll() waits in a thread of koffi.
const poll = promisify(libc.func(
	'int poll(_Inout_ void *fds, unsigned long n, int timeout)').async);

async function wait(session, rc) {
	const at = Buffer.alloc(8);             // struct pollfd
	at.writeInt32LE(smtp.fd(session), 0);
	at.writeInt16LE((rc & READ ? 1 : 0) | (rc & WRITE ? 4 : 0), 4);
	const left = Number(BigInt(smtp.due_ms(session)) -
		BigInt(smtp.now_ms()));
	await poll(at, 1, Math.min(Math.max(left, 0), 60000));
}

const held = new Map();         // what was given, until it is wanted again

// Go on with what was begun, and return its status.
async function finish(session, rc, source, stream) {
	const chunks = stream && stream[Symbol.asyncIterator]();
	for (; rc > 0; rc = smtp.step(session)) {
		if (!(rc & SOURCE)) {
			await wait(session, rc);
			continue;
		}
		try {
			const { done, value } = await chunks.next();
			held.set(source, done ? Buffer.alloc(1) : value);
			smtp.give(source, held.get(source),
				done ? 0 : value.length);
		} catch (error) {
			smtp.give(source, null, 0);
		}
	}
	held.delete(source);
	return rc;
}

async function main(url, user, from, ...to) {
	const options = smtp.options_new(), message = smtp.message_new();
	const source = smtp.source_given(UNKNOWN), handle = [null];
	smtp.options_set(options, 'blocking', 'no');
	smtp.options_set(options, 'ca-file', process.env.SMTP_CA_FILE || null);
	smtp.message_set_from(message, from);
	to.forEach((address) => smtp.message_add_to(message, address));
	smtp.message_set_subject(message, 'Grüße aus Node');
	smtp.message_set_text(message, 'Attached.\n');
	smtp.message_attach(message, source, null, 'stream.bin');

	let rc = smtp.open(handle, url, options);
	const session = handle[0];
	smtp.options_free(options);
	rc = await finish(session, rc);
	rc = rc || await finish(session, smtp.auth(session, user,
		process.env.SMTP_PASSWORD || null));
	rc = rc || await finish(session, smtp.send(session, message), source,
		fs.createReadStream('', { fd: 0 }));
	if (rc)
		console.error('send.js: ' + smtp.error(session));
	else
		await finish(session, smtp.quit(session));
	for (let i = 0; i < smtp.message_recipient_count(message); i++)
		console.log(smtp.message_recipient_address(message, i),
			smtp.status_name(
				smtp.message_recipient_status(message, i)),
			smtp.message_recipient_code(message, i),
			smtp.message_recipient_text(message, i));
	smtp.close(session);
	smtp.message_free(message);
	process.exitCode = rc ? 1 : 0;
}

main(...process.argv.slice(2));
