// SPDX-License-Identifier: MIT
// smtp-server with accounts, refusals and Maildirs:
//
//	smtp_server.js DIR CERTIFICATES SUBMISSION SUBMISSIONS BARE LMTP
'use strict';

const fs = require('fs');
const path = require('path');
const { SMTPServer } = require('smtp-server');

const [folder, certificates, ...ports] = process.argv.slice(2);
const accounts = JSON.parse(fs.readFileSync(path.join(folder, 'accounts')));
const refusals = {
	reject: [550, 'No such user here'],
	nobody: [550, 'No such user here'],
	defer: [450, 'Try again later'],
	busy: [421, 'Closing, too busy']
};
const enhanced = { 550: '5.1.1', 450: '4.2.1', 421: '4.3.2', 552: '5.2.2' };
const known = ['user', 'tester', 'third'];
let count = 0;

function log(...words) {
	fs.appendFileSync(path.join(folder, 'serverlog'),
		words.join(' ') + '\n');
}

function refusal(code, words) {
	return Object.assign(new Error(`${enhanced[code]} ${words}`),
		{ responseCode: code });
}

function isGood(auth) {
	const password = accounts.passwords[auth.username];

	if (password === undefined)
		return false;
	switch (auth.method) {
	case 'XOAUTH2':
		return auth.accessToken === accounts.token;
	case 'CRAM-MD5':
		return auth.validatePassword(password);
	default:
		return auth.password === password;
	}
}

function onAuth(auth, session, done) {
	const good = isGood(auth);

	log(good ? 'login' : 'refused', auth.method, auth.username);
	if (good)
		done(null, { user: auth.username });
	else if (auth.method === 'XOAUTH2')
		done(null, { data: { status: '401', schemes: 'bearer' } });
	else
		done(refusal(535, 'Not with this password'));
}

function local(address) {
	return address.slice(0, address.lastIndexOf('@'));
}

function onRcptTo(address, session, done) {
	const found = refusals[local(address.address)];

	done(found && refusal(...found));
}

function store(who, octets) {
	const name = `${++count}.mail`;
	const box = path.join(folder, 'mail', who);

	for (const part of ['tmp', 'new'])
		fs.mkdirSync(path.join(box, part), { recursive: true });
	fs.writeFileSync(path.join(box, 'tmp', name), octets);
	fs.renameSync(path.join(box, 'tmp', name),
		path.join(box, 'new', name));
}

function take(session, content, isLMTP) {
	const { mailFrom, rcptTo } = session.envelope;

	log('envelope', JSON.stringify(session.envelope));
	return rcptTo.map((to, n) => {
		const name = local(to.address);

		if (name === 'full' && isLMTP)
			return refusal(552, 'Quota exceeded');
		store(known.includes(name) ? name : 'other', Buffer.concat([
			Buffer.from(
				`Return-Path: <${mailFrom.address || ''}>\r\n` +
				`X-Original-To: ${to.address}\r\n` +
				'Received: from ' + session.hostNameAppearsAs +
				'\r\n\tby mail.example.com\r\n'),
			content]));
		return `queued as M${count}`;
	});
}

function onData(isLMTP) {
	return (stream, session, done) => {
		const pieces = [];

		stream.on('data', piece => pieces.push(piece));
		stream.on('end', () => {
			let replies;

			if (stream.sizeExceeded)
				return done(refusal(552, 'Too big'));
			replies = take(session, Buffer.concat(pieces), isLMTP);
			return isLMTP ? done(null, replies) :
				done(null, replies[0]);
		});
	};
}

// The commands of each session, for the log: smtp-server tells its logger.
const said = new Map();

function onCommand(what) {
	const counts = said.get(what.cid) || {};
	const verb = String(what.command).toLowerCase();

	if (what.tnx !== 'command')
		return;
	counts[verb] = (counts[verb] || 0) + 1;
	said.set(what.cid, counts);
}

function onConnect(session, done) {
	log('connect');
	said.set(session.id, {});
	done();
}

function onClose(session) {
	log('disconnect', ...Object.entries(said.get(session.id) || {})
		.map(([verb, n]) => `${verb}=${n}`));
	said.delete(session.id);
}

function onSecure(socket, session, done) {
	if (socket.isSessionReused())
		log('resumed');
	done();
}

const read = name => fs.readFileSync(path.join(certificates, name));
const quiet = () => {};
const all = {
	name: 'mail.example.com',
	size: 26214400,
	disableReverseLookup: true,
	closeTimeout: 1000,
	maxAllowedUnauthenticatedCommands: 1000,
	key: read('server.key'),
	cert: read('server.pem'),
	hideDSN: false,
	hideENHANCEDSTATUSCODES: false,
	hideREQUIRETLS: false,
	authMethods: ['PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'],
	logger: { info: quiet, warn: quiet, error: quiet, debug: onCommand,
		trace: quiet },
	onAuth, onRcptTo, onConnect, onSecure, onClose, onData: onData(false)
};
const kinds = [
	{},
	{ secure: true },
	{ authOptional: true, allowInsecureAuth: true, hideSTARTTLS: true,
		hidePIPELINING: true, hideSMTPUTF8: true, hide8BITMIME: true,
		hideDSN: true, hideENHANCEDSTATUSCODES: true,
		hideREQUIRETLS: true, size: 100000 },
	{ lmtp: true, disabledCommands: ['AUTH', 'STARTTLS'],
		onData: onData(true) }
];

kinds.forEach((kind, n) => {
	const server = new SMTPServer({ ...all, ...kind });

	// a client that goes away is no news
	server.on('error', error => console.error(error.message));
	server.listen(Number(ports[n]), '127.0.0.1');
});
