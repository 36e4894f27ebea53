// SPDX-License-Identifier: MIT
// nodemailer's mailparser. usage: node parse_mailparser.js MODULES DIR
// One JSON line for each message of DIR/manifest.json, as view.py has it.
'use strict';
const { createHash } = require('crypto');
const { createRequire } = require('module');
const fs = require('fs');
const path = require('path');
const { domainToASCII } = require('url');
const [modules, dir] = process.argv.slice(2);
const installed = createRequire(path.resolve(modules, 'x.js'));
const { MailParser } = installed('mailparser');
const libmime = createRequire(installed.resolve('mailparser'))('libmime');

const sha256 = octets => createHash('sha256').update(octets).digest('hex');

function textLeaf(text) {
	const t = text.replace(/\r\n?/g, '\n');
	const octets = Buffer.from(t);
	return { size: octets.length, sha256: sha256(octets),
		bare: sha256(Buffer.from(t.replace(/\n$/, ''))) };
}

function fileLeaf(octets) {
	return { size: octets.length, sha256: sha256(octets), bare: null };
}

function split(address) {
	const at = address.lastIndexOf('@');
	let local = address.slice(0, at);
	if (local.startsWith('"'))
		local = local.slice(1, -1).replace(/\\(.)/g, '$1');
	// Domains are shown in Unicode; here they count as they came.
	return [local, domainToASCII(address.slice(at + 1))];
}

function mailboxes(field, list, found) {
	for (const a of list)
		if (a.group)
			mailboxes(field, a.group, found);
		else
			found.push([field, a.name].concat(split(a.address)));
}

function people(headers) {
	const found = [];
	for (const field of ['From', 'Sender', 'Reply-To', 'To', 'Cc']) {
		const value = headers.get(field.toLowerCase());
		for (const v of [].concat(value || []))
			mailboxes(field, v.value, found);
	}
	return found;
}

const kind = node => (node.contentType || 'text/plain').toLowerCase();
const isMulti = node => kind(node).startsWith('multipart/');

function shape(node) {
	return isMulti(node) ? [kind(node)].concat(node.children.map(shape)) :
		kind(node);
}

// Texts stand in the tree, all else in the list of attachments.
function leaves(node, files, found) {
	if (isMulti(node))
		node.children.forEach(n => leaves(n, files, found));
	else if (node.isAttachment && files.length)
		found.push(files.shift());
	else
		found.push(Object.assign(textLeaf(node.textContent || ''), {
			type: kind(node), name: node.filename || null,
			cid: null, disposition: null }));
	return found;
}

function raws(lines) {
	const found = {};
	for (const { line } of lines) {
		const at = line.indexOf(':');
		const name = line.slice(0, at);
		const body = line.slice(at + 1).replace(/\r?\n(?=[ \t])/g, '');
		(found[name] = found[name] || []).push(body);
	}
	return found;
}

function take(data, files) {
	const pieces = [];
	data.content.on('data', p => pieces.push(p));
	data.content.on('end', () => {
		const octets = Buffer.concat(pieces);
		const how = data.contentDisposition || null;
		const leaf = data.contentType === 'text/calendar' && !how ?
			textLeaf(octets.toString()) : fileLeaf(octets);
		files.push(Object.assign(leaf, { disposition: how,
			type: data.contentType, name: data.filename || null,
			cid: data.cid || null }));
		data.release();
	});
}

function addFields(headers, fields) {
	for (const [key, value] of headers)
		if (key === 'subject')          // the only one decoded
			fields[key] = value;
		else if (typeof value === 'string')
			fields[key] = libmime.decodeWords(value);
	return fields;
}

function parse(name) {
	return new Promise((resolve, reject) => {
		const parser = new MailParser({ keepCidLinks: true,
			skipHtmlToText: true, skipTextToHtml: true,
			skipImageLinks: true, skipTextLinks: true });
		const view = { defects: [] };
		parser.on('headers', headers => {
			view.people = people(headers);
			view.fields = addFields(headers, {});
		});
		parser.on('headerLines', lines => { view.raw = raws(lines); });
		const files = [];
		parser.on('data', data => {
			if (data.type === 'attachment')
				take(data, files);
		});
		parser.on('error', reject);
		parser.on('end', () => {
			view.shape = shape(parser.tree);
			view.leaves = leaves(parser.tree, files, []);
			view.surplus = files.length;
			resolve(view);
		});
		fs.createReadStream(name).pipe(parser);
	});
}

(async () => {
	const manifest = fs.readFileSync(path.join(dir, 'manifest.json'));
	const cases = JSON.parse(manifest);
	for (const c of cases) {
		const view = await parse(path.join(dir, c.name + '.eml'))
			.catch(e => ({ error: String(e) }));
		view.case = c.name;
		process.stdout.write(JSON.stringify(view) + '\n');
	}
})();
