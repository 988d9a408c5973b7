// What the flows of all clients have in common: tools of speaking.py, called
// by a client that answers questions.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

// argv: URL, then the command that raises a topic, as JSON.
const NOTIFY = JSON.parse(process.argv[3]);

export const CAPABILITIES = { elicitation: { form: {} }, sampling: {}, roots: {} };

export function raise(...what) {
	const done = spawnSync(NOTIFY[0], [...NOTIFY.slice(1), ...what], { encoding: 'utf8' });
	assert.equal(done.status, 0, `${done.stdout}${done.stderr}`);
}

export function elicit(request) {
	const names = Object.keys(request.params.requestedSchema.properties);
	return { action: 'accept', content: Object.fromEntries(names.map((name) => [name, `my ${name}`])) };
}

export function sample(request) {
	const said = request.params.messages[0].content.text;
	return { role: 'assistant', model: 'none', stopReason: 'endTurn', content: { type: 'text', text: `about ${said}` } };
}

// A promise, and what fulfils it.
export function waiter(what, ms = 10000) {
	let done;
	const promise = new Promise((resolve, reject) => {
		const timer = setTimeout(() => reject(new Error(`waited in vain: ${what}`)), ms);
		done = (value) => { clearTimeout(timer); resolve(value); };
	});
	return { promise, done };
}

// The client hands notifications on after the response that came behind them.
export async function until(condition, what, ms = 10000) {
	for (const end = Date.now() + ms; !condition();) {
		assert.ok(Date.now() < end, `waited in vain: ${what}`);
		await new Promise((resolve) => { setTimeout(resolve, 10); });
	}
}

export const text = (result) => result.content.map((part) => part.text ?? '').join('');

// Progress 1..n with the marker, then the result.  The client forgets who asked
// for progress when it reads the result, and hands notifications on a moment
// later: one that came in the same read as the result is reported as unknown.
const UNKNOWN = /^Received a progress notification for an unknown token: (.*)$/s;

export async function progress(client, marker, n = 3, more = {}) {
	const seen = [];
	const take = (p) => seen.push([p.progress, p.message]);
	client.onerror = (error) => {
		const late = UNKNOWN.exec(error.message);
		if (late)
			take(JSON.parse(late[1]).params);
	};
	const result = await client.callTool(
		{ name: 'steps', arguments: { n, ms: 20, marker } }, ...more.schema ?? [],
		{ ...more.options, onprogress: take });
	assert.equal(text(result), `done ${marker}\n`);
	await until(() => seen.length >= n, 'the last progress');
	return seen;
}

export function expectAll(seen, marker, n, hasMessage = true) {
	assert.deepEqual(seen.map(([p]) => p), Array.from({ length: n }, (_, i) => i + 1));
	if (hasMessage)
		assert.ok(seen.every(([, m]) => m.startsWith(marker)), JSON.stringify(seen));
}
