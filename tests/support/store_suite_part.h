#ifndef MCP_STORE_SUITE_PART_H
#define MCP_STORE_SUITE_PART_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_suite.h"

/* What the parts of the suite share; tests of stores include store_suite.h. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct suite {
	const struct store_maker *maker;
	struct store *store;
	const struct store_ops *ops;
	struct arena arena;
	struct op op;
};

int suite_setup(void **state);
int suite_teardown(void **state);

#define SUITE_CASE(f)                                                          \
	{                                                                      \
#f, f, suite_setup, suite_teardown, NULL                       \
	}
/* One that asks for a count, or a number, which is another one when something
 * is done twice that may be.  See STORE_SUITE_COUNTING. */
#define SUITE_COUNTING_CASE(f)                                                 \
	{                                                                      \
#f " (counts)", f, suite_setup, suite_teardown, NULL           \
	}
#define SUITE_END                                                              \
	{                                                                      \
		NULL, NULL, NULL, NULL, NULL                                   \
	}

/* Run all cases of n parts, each ended by SUITE_END; how many failed. */
int suite_run(
    struct store_maker *, const struct CMUnitTest *const *parts, size_t n);

extern const struct CMUnitTest suite_rows[];
extern const struct CMUnitTest suite_caps[];
extern const struct CMUnitTest suite_lists[];
extern const struct CMUnitTest suite_revs[];
extern const struct CMUnitTest suite_renewals[];
extern const struct CMUnitTest suite_streams[];
extern const struct CMUnitTest suite_readers[];
extern const struct CMUnitTest suite_topics[];
extern const struct CMUnitTest suite_drops[];

/* Put a row. */
enum rc suite_put(
    struct suite *f, struct session_row row, const struct session_caps *caps);

/* Put n rows, each touched a little later than the one before. */
void suite_fill(struct suite *f, uint32_t from, uint32_t n, unsigned char who);

/* Read a row. */
enum rc suite_get(
    struct suite *f, const struct session_key *key, struct session_row *row);

/* Is session n of that principal there, live or ended? */
bool suite_has(struct suite *f, uint32_t n, unsigned char who);

/* Let the client end session n of that principal. */
enum rc suite_end(struct suite *f, uint32_t n, unsigned char who);

struct store_info suite_info(struct suite *f);

/* Everything but id, state and why. */
void suite_assert_same_row(
    const struct session_row *a, const struct session_row *b);

/* ------------------------------------------------------ the event log */

/* Everything succeeds. */

/* A new live session number n of principal 1; its id. */
int64_t suite_session(struct suite *f, uint32_t n);

struct stream_row suite_stream(
    struct suite *f, int64_t session, enum stream_kind kind);

/* Become the reader of the session's own stream. */
struct stream_row suite_listen(
    struct suite *f, int64_t session, struct slice owner);

/* Append a text; its number. */
int64_t suite_append(
    struct suite *f, const struct stream_row *stream, const char *text);

/* The row; events behind `after`, if they are asked for. */
struct stream_row suite_read(
    struct suite *f, int64_t stream, int64_t after, struct event_rows *events);

bool suite_has_stream(struct suite *f, int64_t stream);

/* Set the mark to now, and everything since. */
struct change_mark suite_mark(struct suite *f);
struct change_rows suite_changes(struct suite *f, struct change_mark *mark);

/* How many of this kind and these numbers there are; -1: any number. */
size_t suite_count(const struct change_rows *rows, enum change_kind kind,
    int64_t session, int64_t stream, int64_t ref);

#endif
