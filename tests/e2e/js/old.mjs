// The first client that spoke Streamable HTTP.
import assert from 'node:assert/strict';
import { Client } from 'sdk-1.10/client/index.js';
import { StreamableHTTPClientTransport } from 'sdk-1.10/client/streamableHttp.js';
import { me, url, useTools } from './lib.mjs';

const client = new Client(me);
const transport = new StreamableHTTPClientTransport(url);
await client.connect(transport);
const id = transport.sessionId;
assert.ok(id, 'no session id');
await client.ping();
await useTools(client);
await transport.terminateSession();
await client.close();

const response = await fetch(url, {
	method: 'POST',
	headers: {
		'content-type': 'application/json',
		accept: 'application/json, text/event-stream',
		'mcp-session-id': id,
	},
	body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
});
assert.equal(response.status, 404);
