// The client that finds out for itself that no session is needed.
import assert from 'node:assert/strict';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { me, recorder, url, useTools } from './lib.mjs';

const REVISION = '2026-07-28';

for (const mode of ['auto', { pin: REVISION }]) {
	const wire = recorder();
	const client = new Client(me, { versionNegotiation: { mode } });
	const transport = new StreamableHTTPClientTransport(url, { fetch: wire.fetch });
	await client.connect(transport);
	assert.equal(client.getProtocolEra(), 'modern');
	assert.equal(client.getNegotiatedProtocolVersion(), REVISION);
	await useTools(client);
	await client.close();

	assert.ok(wire.seen.length > 3, 'the wire was not watched');
	for (const one of wire.seen) {
		assert.equal(one.method, 'POST');
		assert.equal(one.revision, REVISION);
		assert.equal(one.session, null);
		assert.equal(one.given, null);
	}
}
