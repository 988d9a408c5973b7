// What the clients have in common.  Every script gets the URL, and ends with
// a message and status 1 if something is not as it should be.
import assert from 'node:assert/strict';

export const url = new URL(process.argv[2]);
export const me = { name: 'e2e', version: '1.0.0' };

// Arguments of the tools, and what must be found in the text they give.
const CALLS = JSON.parse(process.argv[3] ?? '[]');

// A fetch that writes down what goes over the wire.
export function recorder() {
	const seen = [];
	const record = async (input, init = {}) => {
		const headers = new Headers(init.headers);
		const response = await fetch(input, init);
		seen.push({
			method: init.method ?? 'GET',
			status: response.status,
			revision: headers.get('mcp-protocol-version'),
			session: headers.get('mcp-session-id'),
			given: response.headers.get('mcp-session-id'),
		});
		return response;
	};
	return { seen, fetch: record };
}

export async function useTools(client) {
	const { tools } = await client.listTools();
	const names = tools.map((tool) => tool.name);
	for (const { name, arguments: args, expect } of CALLS) {
		assert.ok(names.includes(name), `${name} is not among ${names}`);
		const result = await client.callTool({ name, arguments: args });
		assert.ok(!result.isError, JSON.stringify(result));
		const text = result.content.map((part) => part.text ?? '').join('\n');
		assert.ok(text.includes(expect), `no ${expect} in ${text}`);
	}
	assert.ok(CALLS.length > 0, 'nothing to call');
	await assert.rejects(client.callTool({ name: 'no_such_tool', arguments: {} }));
}
