// The official client of the stateless revision: progress, log, questions in
// several rounds, subscriptions.
import assert from 'node:assert/strict';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { me, url } from './lib.mjs';
import { CAPABILITIES, elicit, expectAll, progress, raise, sample, text, until, waiter } from './flow.mjs';

const client = new Client(me, {
	capabilities: CAPABILITIES,
	versionNegotiation: { mode: { pin: '2026-07-28' } },
});
client.setRequestHandler('elicitation/create', elicit);
client.setRequestHandler('sampling/createMessage', sample);
const logged = [];
client.setNotificationHandler('notifications/message', (n) => { logged.push(n.params.level); });
const changed = waiter('tools/list_changed');
client.setNotificationHandler('notifications/tools/list_changed', changed.done);
const updated = waiter('resources/updated');
client.setNotificationHandler('notifications/resources/updated', (n) => updated.done(n.params.uri));

await client.connect(new StreamableHTTPClientTransport(url));
assert.equal(client.getNegotiatedProtocolVersion(), '2026-07-28');

expectAll(await progress(client, 'm2', 5), 'm2', 5);

const result = await client.callTool({
	name: 'logs', arguments: {}, _meta: { 'io.modelcontextprotocol/logLevel': 'info' } });
assert.equal(text(result), 'logged\n');
await until(() => logged.length >= 2, 'log lines');
assert.deepEqual(logged, ['info', 'error']);

assert.equal(text(await client.callTool({ name: 'greet', arguments: {} })), 'Hello, my name\n');
assert.equal(text(await client.callTool({ name: 'twice', arguments: {} })), 'my value+my value\n');
assert.equal(text(await client.callTool({ name: 'think', arguments: { prompt: 'y' } })),
	'model says: about y\n');

const subscription = await client.listen({
	toolsListChanged: true, resourceSubscriptions: ['file:///watched'] });
raise('resource', 'file:///watched');
assert.equal(await updated.promise, 'file:///watched');
raise('tools');
await changed.promise;
await subscription.close();
await client.close();
console.log('2026-07-28');
