#ifndef MCP_FAKE_DEFINITIONS_H
#define MCP_FAKE_DEFINITIONS_H

/*
 * The tools of the golden exchanges, as clients see them.  The fakes of the
 * core tests and the module of the end-to-end depths offer the same.
 */
#define FAKE_AUDIO                                                             \
	"{\"name\":\"audio\",\"description\":\"Three bytes of sound.\","       \
	"\"inputSchema\":{\"type\":\"object\"}}"

#define FAKE_COMPUTE                                                           \
	"{\"name\":\"compute\",\"description\":\"Add two integers.\","         \
	"\"inputSchema\":{\"type\":\"object\",\"properties\":{"                \
	"\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"integer\"}},"          \
	"\"required\":[\"a\",\"b\"]},"                                         \
	"\"outputSchema\":{\"type\":\"object\",\"properties\":{"               \
	"\"sum\":{\"type\":\"integer\"}},\"required\":[\"sum\"]}}"

/* One of everything that a revision may have to leave out. */
#define FAKE_ECHO                                                              \
	"{\"name\":\"echo\",\"title\":\"Echo\","                               \
	"\"description\":\"Say it again.\","                                   \
	"\"inputSchema\":{\"type\":\"object\",\"properties\":{"                \
	"\"text\":{\"type\":\"string\",\"maxLength\":100}},"                   \
	"\"required\":[\"text\"],\"additionalProperties\":false},"             \
	"\"annotations\":{\"title\":\"Echo!\",\"readOnlyHint\":true},"         \
	"\"icons\":[{\"src\":\"https://example.org/echo.png\","                \
	"\"mimeType\":\"image/png\",\"sizes\":[\"48x48\"]}],"                  \
	"\"execution\":{\"taskSupport\":\"forbidden\"},"                       \
	"\"_meta\":{\"example.org/kind\":\"toy\"}}"

#define FAKE_FAIL                                                              \
	"{\"name\":\"fail\",\"description\":\"It never works.\","              \
	"\"inputSchema\":{\"type\":\"object\"}}"

#define FAKE_IMAGE                                                             \
	"{\"name\":\"image\",\"description\":\"Three bytes of picture.\","     \
	"\"inputSchema\":{\"type\":\"object\"}}"

#define FAKE_LINK                                                              \
	"{\"name\":\"link\",\"description\":\"Where to look.\","               \
	"\"inputSchema\":{\"type\":\"object\"}}"

/* An output schema whose root is no object. */
#define FAKE_LIST                                                              \
	"{\"name\":\"list\",\"description\":\"One, two, three.\","             \
	"\"inputSchema\":{\"type\":\"object\"},"                               \
	"\"outputSchema\":{\"type\":\"array\","                                \
	"\"items\":{\"type\":\"integer\"}}}"

#define FAKE_NOTHING                                                           \
	"{\"name\":\"nothing\",\"description\":\"No content at all.\","        \
	"\"inputSchema\":{\"type\":\"object\","                                \
	"\"additionalProperties\":false}}"

#define FAKE_RESOURCE                                                          \
	"{\"name\":\"resource\",\"description\":\"An embedded text.\","        \
	"\"inputSchema\":{\"type\":\"object\"}}"

/* Refused to clients without sampling. */
#define FAKE_SUMMARIZE                                                         \
	"{\"name\":\"summarize\",\"description\":\"Needs a model.\","          \
	"\"inputSchema\":{\"type\":\"object\"}}"

/* Arguments that are mirrored in headers: each type, and one nested. */
#define FAKE_WEATHER                                                           \
	"{\"name\":\"weather\",\"description\":\"Sun or rain.\","              \
	"\"inputSchema\":{\"type\":\"object\",\"properties\":{"                \
	"\"region\":{\"type\":\"string\",\"x-mcp-header\":\"Region\"},"        \
	"\"days\":{\"type\":\"integer\",\"x-mcp-header\":\"Days\"},"           \
	"\"metric\":{\"type\":\"boolean\",\"x-mcp-header\":\"Metric\"},"       \
	"\"place\":{\"type\":\"object\",\"properties\":{"                      \
	"\"zone\":{\"type\":\"string\","                                       \
	"\"x-mcp-header\":\"Time-Zone\"}}},"                                   \
	"\"note\":{\"type\":\"string\"}}}}"

#define FAKE_ZERO                                                              \
	"{\"name\":\"zero\",\"description\":\"The last of the list.\","        \
	"\"inputSchema\":{\"type\":\"object\"}}"

/* What the media tools give: 0x01 0x02 0x03, in base64 "AQID". */
#define FAKE_MEDIA "\1\2\3"

#endif
