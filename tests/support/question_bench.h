#ifndef MCP_QUESTION_WORDS_H
#define MCP_QUESTION_WORDS_H

#include "arena.h"
#include "buf.h"
#include "rc.h"
#include "revision.h"
#include "tool.h"

/* What tests of questions ask, and how. */

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define R1 REVISION_2024_11_05
#define R2 REVISION_2025_03_26
#define R3 REVISION_2025_06_18
#define R4 REVISION_2025_11_25
#define R5 REVISION_2026_07_28
#define ALL_CAPS                                                               \
	(CAP_ELICITATION | CAP_ELICITATION_URL | CAP_SAMPLING |                \
	    CAP_SAMPLING_TOOLS | CAP_SAMPLING_CONTEXT | CAP_ROOTS)
#define NONE "(cannot be asked)"

#define ELICIT "elicitation/create"
#define SAMPLE "sampling/createMessage"
#define ROOTS "roots/list"

/* A form of these fields. */
#define FORM(fields)                                                           \
	"{\"message\":\"m\",\"requestedSchema\":{\"type\":\"object\","         \
	"\"properties\":{" fields "}}}"
#define MODE(fields)                                                           \
	"{\"mode\":\"form\",\"message\":\"m\",\"requestedSchema\":{"           \
	"\"type\":\"object\",\"properties\":{" fields "}}}"
/* One field, f. */
#define FIELD(members) FORM("\"f\":{" members "}")
#define TEXT "{\"type\":\"text\",\"text\":\"t\"}"
#define MESSAGE(role, content) "{\"role\":\"" role "\",\"content\":" content "}"
#define MODEL(messages, more)                                                  \
	"{\"messages\":[" messages "],\"maxTokens\":9" more "}"

#define STRING                                                                 \
	"\"s\":{\"type\":\"string\",\"title\":\"T\",\"description\":\"D\","    \
	"\"minLength\":1,\"maxLength\":9,\"format\":\"email\""
#define NUMBER "\"n\":{\"type\":\"number\",\"minimum\":-1.5,\"maximum\":2e3"
#define INTEGER "\"i\":{\"type\":\"integer\""
#define BOOLEAN "\"b\":{\"type\":\"boolean\",\"default\":true}"
#define ENUM "\"e\":{\"type\":\"string\",\"enum\":[\"x\",\"y\"]"
#define NAMES ENUM ",\"enumNames\":[\"X\",\"Y\"]"
#define TITLED                                                                 \
	"\"t\":{\"type\":\"string\",\"oneOf\":[{\"const\":\"x\",\"title\":"    \
	"\"X\"},{\"const\":\"y\",\"title\":\"Y\"}]"
#define MULTI                                                                  \
	"\"m\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":["  \
	"\"x\",\"y\"]},\"minItems\":1,\"maxItems\":2,\"default\":[\"x\"]}"
#define MULTI_TITLED                                                           \
	"\"m\":{\"type\":\"array\",\"items\":{\"anyOf\":[{\"const\":\"x\","    \
	"\"title\":\"X\"}]}}"
#define URL "{\"mode\":\"url\",\"message\":\"m\",\"url\":\"https://a.b/c?d\"}"
#define URL_ID(id)                                                             \
	"{\"mode\":\"url\",\"message\":\"m\",\"url\":\"https://a.b/c?d\","     \
	"\"elicitationId\":\"" id "\"}"
#define BLOCKS "[" TEXT "]"
#define IMAGE                                                                  \
	"{\"type\":\"image\",\"data\":\"AA==\",\"mimeType\":\"image/png\"}"
#define AUDIO                                                                  \
	"{\"type\":\"audio\",\"data\":\"AA==\",\"mimeType\":\"audio/wav\"}"
#define USE "{\"type\":\"tool_use\",\"id\":\"1\",\"name\":\"t\",\"input\":{}}"
#define RESULT                                                                 \
	"{\"type\":\"tool_result\",\"toolUseId\":\"1\",\"content\":[" TEXT "]" \
	"}"
#define USED MESSAGE("assistant", USE) "," MESSAGE("user", "[" RESULT "]")

/* Scratch, and what came out. */
struct question_bench {
	struct arena arena;
	struct buf out;
	struct buf why;
};

/* For cmocka: *state is a struct question_bench. */
int question_bench_setup(void **state);
int question_bench_teardown(void **state);

#define QUESTION_TEST(f)                                                       \
	cmocka_unit_test_setup_teardown(                                       \
	    f, question_bench_setup, question_bench_teardown)

/* Its key is "key". */
struct tool_question question_bench_ask(const char *method, const char *params);

/* question_shape() for a client of that revision, into b->out and b->why. */
enum rc question_bench_shape(struct question_bench *b, enum revision_name name,
    uint32_t caps, const struct tool_question *q);

#endif
