// SPDX-License-Identifier: MIT
// Verify signed messages with mailauth. usage: dkim_check.js MODULES DIR KEYS
// NAME.eml has to pass, NAME.altered-HOW to fail. Prints TAP.
'use strict';
const { createRequire } = require('module');
const fs = require('fs');
const path = require('path');
const [modules, dir, keys] = process.argv.slice(2);
const installed = createRequire(path.resolve(modules, 'x.js'));
const { dkimVerify } = installed('mailauth/lib/dkim/verify');

const records = new Map(fs.readFileSync(keys, 'utf8').trim().split('\n')
	.map(line => line.split('\t')));

async function resolver(name) {
	if (records.has(name))
		return [[records.get(name)]];
	throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
}

(async () => {
	for (const name of fs.readdirSync(dir).sort()) {
		const altered = name.includes('.altered-');
		if (!altered && !name.endsWith('.eml'))
			continue;
		const count = /-2\./.test(name) ? 2 : 1;
		const wire = fs.readFileSync(path.join(dir, name));
		const { results } = await dkimVerify(wire, { resolver });
		const got = results.map(r => r.status.result);
		const good = got.length === count &&
			got.every(r => altered ? r !== 'pass' : r === 'pass');
		if (!good)
			console.log('# ' + got.join(' '));
		console.log(`${good ? 'ok' : 'not ok'} - mailauth: ${name}`);
	}
})();
