#ifndef MCP_STORE_SUITE_CALLS_H
#define MCP_STORE_SUITE_CALLS_H

#include "store_suite_part.h"

/* What the parts of the suite about calls, questions and tasks share. */

extern const struct CMUnitTest suite_calls[];
extern const struct CMUnitTest suite_call_ends[];
extern const struct CMUnitTest suite_questions[];
extern const struct CMUnitTest suite_tasks[];

/* Open it; nothing but RC_OK will do.  What came out. */
enum call_opened suite_open(
    struct suite *f, struct call_row *call, const struct call_limits *limits);

/* Open a new one without limits. */
struct call_row suite_opened(struct suite *f, int64_t session, const char *id);

/* The row as it is now. */
struct call_row suite_call_now(struct suite *f, int64_t call);

/* Is the newest event of the stream number seq, and that text? */
void suite_assert_newest(
    struct suite *f, int64_t stream, int64_t seq, const char *text);

/* End it with that response (NULL: none). */
enum rc suite_finish(
    struct suite *f, int64_t call, int64_t epoch, const char *response);

/* A question of that call, on its stream. */
struct question_row suite_question(
    const struct call_row *call, const char *key);

/* Ask it, without limits. */
enum rc suite_ask(
    struct suite *f, const struct question_row *q, size_t n, int64_t epoch);

/* Answer question `key` of the call. */
enum rc suite_answer(struct suite *f, int64_t call, const char *key);

/* How many questions of the call are in that state? */
size_t suite_questions_in(
    struct suite *f, int64_t call, enum question_state state);

/* A task of principal number who with a call that is running. */
struct task_row suite_task(
    struct suite *f, int64_t session, unsigned char number, unsigned char who);
struct task_row suite_task_now(struct suite *f, int64_t task);

/* How many changes of that kind and ref since the last time? */
size_t suite_changed(struct suite *f, struct change_mark *mark,
    enum change_kind kind, int64_t ref);

void suite_assert_text(struct slice is, const char *text);

#endif
