// SPDX-License-Identifier: MIT
// Send a mail with an attachment that is read from a stream of Node, through
// koffi, in whose threads the calls wait: the loop of Node never does.
//
// usage: node send.js url user from to... < attachment
// SMTP_PASSWORD, SMTP_CA_FILE; LIBSMTP is the library if it is not installed.
'use strict';
const fs = require('fs');
const koffi = require('koffi');         // npm install koffi
const { promisify } = require('util');

const lib = koffi.load(process.env.LIBSMTP || 'libsmtp.so.0');
const smtp = {
	open: lib.func('int smtp_open(_Out_ void **, str url, void *options)'),
	auth: lib.func('int smtp_auth(void *, str user, str password)'),
	send: lib.func('int smtp_send(void *, void *message)'),
	step: lib.func('int smtp_step(void *)'),
	close: lib.func('int smtp_close(void *)'),
	error: lib.func('str smtp_error(void *)'),
	options: lib.func('void *smtp_options_new()'),
	option: lib.func('int smtp_options_set(void *, str name, str value)'),
	freeOptions: lib.func('void smtp_options_free(void *)'),
	message: lib.func('void *smtp_message_new()'),
	set: lib.func('int smtp_message_set(void *, str name, str value)'),
	attach: lib.func('int smtp_message_attach(void *, void *, str, str)'),
	rows: lib.func('str smtp_message_rows(void *)'),
	freeMessage: lib.func('void smtp_message_free(void *)'),
	given: lib.func('void *smtp_source_given(uint64_t size)'),
	give: lib.func('int smtp_give(void *, void *p, size_t n)'),
};
const wait = (f, ...given) => promisify(f.async)(...given);

// Read the stream whenever the library asks; its errors come at the end.
async function finish(session, rc, source, stream) {
	const chunks = stream[Symbol.asyncIterator]();
	let held, failed;               // lent until it is asked for again
	for (; rc > 0; rc = await wait(smtp.step, session))
		try {
			const { done, value } = await chunks.next();
			held = done ? Buffer.alloc(1) : value;
			smtp.give(source, held, done ? 0 : held.length);
		} catch (error) {
			failed = error;
			smtp.give(source, null, 0);
		}
	if (failed)
		throw failed;
	return rc;
}

async function main(url, user, from, ...to) {
	const options = smtp.options(), message = smtp.message(), at = [null];
	const source = smtp.given(0xffffffffffffffffn); // SMTP_SIZE_UNKNOWN
	const input = fs.createReadStream('', { fd: 0 });
	const { SMTP_CA_FILE = null, SMTP_PASSWORD = null } = process.env;
	smtp.option(options, 'ca-file', SMTP_CA_FILE);
	for (const [name, value] of [['From', from], ['To', to.join(', ')],
		['Subject', 'Grüße aus Node'], ['text', 'Hello.']])
		smtp.set(message, name, value);
	smtp.attach(message, source, null, 'stream.bin');
	try {
		let rc = await wait(smtp.open, at, url, options);
		rc = rc || await wait(smtp.auth, at[0], user, SMTP_PASSWORD);
		rc = rc || await wait(smtp.send, at[0], message);
		if (await finish(at[0], rc, source, input))
			throw smtp.error(at[0]);
	} finally {
		process.stdout.write(smtp.rows(message));
		await wait(smtp.close, at[0]);
		smtp.freeMessage(message);
		smtp.freeOptions(options);
	}
}

main(...process.argv.slice(2)).catch((error) => {
	console.error(`send.js: ${error}`);
	process.exitCode = 1;
});
