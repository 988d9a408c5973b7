#ifndef MCP_RUNNING_WORDS_H
#define MCP_RUNNING_WORDS_H

/* What clients and servers say in tests of running calls: always stream 1 of
 * incarnation 1, always request 7. */

#define TOKEN ",\"_meta\":{\"progressToken\":\"t\"}"
#define MODERN                                                                 \
	",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-"   \
	"28\",\"io.modelcontextprotocol/clientCapabilities\":{}"
#define MODERN_RESULT                                                          \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"resultType\":"            \
	"\"complete\",\"content\":[{\"type\":\"text\",\"text\":\"done\"}],"    \
	"\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{\"name\":"         \
	"\"bench\",\"version\":\"1\"}}}}"

#define RESULT                                                                 \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[{\"type\":"    \
	"\"text\",\"text\":\"done\"}]}}"
#define ERROR(code, text)                                                      \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":" code              \
	",\"message\":\"" text "\"}}"
#define PROGRESS(rest)                                                         \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\","          \
	"\"params\":{\"progressToken\":\"t\",\"progress\":" rest "}}"
#define LOG(level, rest)                                                       \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\","           \
	"\"params\":{\"level\":\"" level "\"," rest "}}"
#define CANCEL                                                                 \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","         \
	"\"params\":{\"requestId\":7}}"
#define EVENT(id, data) "event: message\nid: 1-1-" id "\ndata: " data "\n\n"
#define BARE(data) "event: message\ndata: " data "\n\n"
#define PRIMED "id: 1-1-0\nretry: 1000\ndata: \n\n"
#define COMMENT ":\n\n"

#endif
