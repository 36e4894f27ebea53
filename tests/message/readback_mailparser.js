// SPDX-License-Identifier: MIT
// What nodemailer's mailparser makes of the messages that readback.py has
// built, one JSON object a line, for readback_mailparser.py to compare.
//
//	node readback_mailparser.js MODULE DIRECTORY COUNT
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const { simpleParser } = require(process.argv[2]);

function addresses(field) {
	const lists = field ? [].concat(field) : [];

	return lists.flatMap(l => l.value).filter(a => a.address)
		.map(a => [a.name, a.address]);
}

(async () => {
	for (let i = 0; i < Number(process.argv[4]); i++) {
		const m = await simpleParser(
			fs.readFileSync(`${process.argv[3]}/${i}.eml`),
			{ skipImageLinks: true, skipTextToHtml: true });

		console.log(JSON.stringify({
			Subject: m.subject || '',
			From: addresses(m.from), To: addresses(m.to),
			Cc: addresses(m.cc), 'Reply-To': addresses(m.replyTo),
			files: m.attachments.filter(a =>
				a.contentDisposition === 'attachment').map(a => [a.filename || null,
				crypto.createHash('sha256').update(a.content)
					.digest('hex')]),
		}));
	}
})();
