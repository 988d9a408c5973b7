// The official client of the revisions with sessions: progress, log, questions,
// a stream that is cut and resumed, what changes.  With `sse` as the last
// argument over HTTP+SSE, the transport of 2024-11-05.
import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
	CallToolResultSchema, CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema,
	LoggingMessageNotificationSchema, ResourceUpdatedNotificationSchema, ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { me, url } from './lib.mjs';
import { CAPABILITIES, elicit, expectAll, progress, raise, sample, text, until, waiter } from './flow.mjs';

const overSse = process.argv[4] === 'sse';
const schema = [CallToolResultSchema];

// Cuts the answer of the first POST that streams a call, once it is told to.
const cutter = { armed: false, cuts: 0 };
async function cuttingFetch(input, init = {}) {
	const response = await fetch(input, init);
	if (!cutter.armed || init.method !== 'POST' || !response.body ||
	    !response.headers.get('content-type')?.startsWith('text/event-stream'))
		return response;
	cutter.armed = false;
	let seen = '';
	const decoder = new TextDecoder();
	const cut = new TransformStream({
		transform(chunk, controller) {
			controller.enqueue(chunk);
			seen += decoder.decode(chunk, { stream: true });
			if ((seen.match(/notifications\/progress/g) ?? []).length >= 3) {
				cutter.cuts++;
				controller.error(new Error('cut'));
			}
		},
	});
	return new Response(response.body.pipeThrough(cut), { status: response.status, headers: response.headers });
}

const client = new Client(me, { capabilities: CAPABILITIES });
client.setRequestHandler(ElicitRequestSchema, elicit);
client.setRequestHandler(CreateMessageRequestSchema, sample);
client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///home' }] }));
const logged = [];
client.setNotificationHandler(LoggingMessageNotificationSchema, (n) => { logged.push(n.params.level); });
const changed = waiter('tools/list_changed');
client.setNotificationHandler(ToolListChangedNotificationSchema, changed.done);
const updated = waiter('resources/updated');
client.setNotificationHandler(ResourceUpdatedNotificationSchema, (n) => updated.done(n.params.uri));

const transport = overSse
	? new SSEClientTransport(new URL('/sse', url))
	: new StreamableHTTPClientTransport(url, { fetch: cuttingFetch,
		reconnectionOptions: { initialReconnectionDelay: 50, maxReconnectionDelay: 500,
			reconnectionDelayGrowFactor: 1.5, maxRetries: 2 } });
await client.connect(transport);

expectAll(await progress(client, 'm1', 3, { schema }), 'm1', 3);

await client.setLoggingLevel('info');
assert.equal(text(await client.callTool({ name: 'logs', arguments: {} })), 'logged\n');
await until(() => logged.length >= 2, 'log lines');
assert.deepEqual(logged, ['info', 'error']);

assert.equal(text(await client.callTool({ name: 'think', arguments: { prompt: 'x' } })),
	'model says: about x\n');
assert.equal(text(await client.callTool({ name: 'greet', arguments: {} })), 'Hello, my name\n');
assert.equal(text(await client.callTool({ name: 'twice', arguments: {} })), 'my value+my value\n');

if (!overSse) {
	cutter.armed = true;
	expectAll(await progress(client, 'cut', 20, { schema }), 'cut', 20);
	assert.equal(cutter.cuts, 1, 'nothing was cut');
}

// A call that is given up.
const abort = new AbortController();
const given = client.callTool({ name: 'steps', arguments: { n: 1000, ms: 20, marker: 'a' } },
	CallToolResultSchema, { signal: abort.signal, onprogress: () => abort.abort('enough') });
await assert.rejects(given);

await client.subscribeResource({ uri: 'file:///watched' });
raise('resource', 'file:///watched');
assert.equal(await updated.promise, 'file:///watched');
raise('tools');
await changed.promise;

if (!overSse)
	await transport.terminateSession();
await client.close();
console.log(overSse ? 'over HTTP+SSE' : 'over Streamable HTTP');
