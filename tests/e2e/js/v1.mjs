// The client of revisions with sessions, as it is today.
import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { me, recorder, url, useTools } from './lib.mjs';

const wire = recorder();
const client = new Client(me);
const transport = new StreamableHTTPClientTransport(url, { fetch: wire.fetch });
await client.connect(transport);
assert.ok(transport.sessionId, 'no session id');
await client.ping();
await useTools(client);
const id = transport.sessionId;
await transport.terminateSession();
await client.close();

const last = wire.seen.at(-1);
assert.deepEqual([last.method, last.session], ['DELETE', id]);
assert.ok(last.status < 300, `DELETE was answered ${last.status}`);

// The id is of no use any more.
const late = new Client(me);
await assert.rejects(late.connect(new StreamableHTTPClientTransport(url, { sessionId: id }))
	.then(() => late.listTools()), /404|not found/i);
await late.close();
console.log(`revision ${wire.seen.at(-2).revision}`);
