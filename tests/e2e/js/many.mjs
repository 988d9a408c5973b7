// Many clients at once, each with a session of its own and some requests one
// after the other.  Prints one JSON object: what was sent, and what failed.
//
//     many.mjs URL SESSIONS REQUESTS AT_ONCE PATIENT
//
// PATIENT (1 or 0): try again to connect, as one does when hosts may fail.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const url = new URL(process.argv[2]);
const [sessions, requests, atOnce, patient] = process.argv.slice(3).map(Number);
const found = { sessions: 0, requests: 0, failures: [], refused: [] };
const TRIES = patient ? 20 : 1;

// What went over the wire is counted there: a client may hide failures.
async function watch(input, init = {}) {
	// The GET is a question whether there are streams; no is an answer.
	const counts = init.method === 'POST';
	try {
		const response = await fetch(input, init);
		if (counts && response.status >= 400)
			found.failures.push(response.status);
		return response;
	} catch (error) {
		if (counts)
			found.failures.push('cut');
		throw error;
	}
}

async function connect() {
	for (let left = TRIES; left > 0; left -= 1) {
		const client = new Client({ name: 'many', version: '1' });
		try {
			await client.connect(new StreamableHTTPClientTransport(url, { fetch: watch }));
			return client;
		} catch (error) {
			found.refused.push(String(error));
			await client.close();
		}
	}
	throw new Error(`no session: ${found.refused.at(-1)}`);
}

async function one() {
	const client = await connect();
	found.sessions += 1;
	for (let i = 0; i < requests; i += 1) {
		found.requests += 1;
		// A failure has been counted.
		await client.listTools().catch(() => {});
	}
	await client.close();
}

let next = 0;
async function worker() {
	while (next < sessions) {
		next += 1;
		await one();
	}
}

await Promise.all(Array.from({ length: atOnce }, worker));
console.log(JSON.stringify(found));
