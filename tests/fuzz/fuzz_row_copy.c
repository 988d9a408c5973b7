/* Whatever bytes are read as the copy of a row are exactly those that writing
 * it gives, and every row that may be copied comes back. */
#include "fuzz.h"
#include "fuzz_source.h"
#include "row_copy.h"

static const unsigned char secret[SIPHASH_KEY_BYTES] = { 7 };
#define SEAL_BYTES 8

static void
check_bytes(struct slice in)
{
	struct buf out = BUF_INIT(ROW_COPY_MAX);
	struct row_copy copy;

	if (row_copy_read(in, secret, &copy) == RC_OK) {
		law(row_copy_may_be(&copy.row));
		row_copy_put(&out, secret, &copy);
		law(slice_eq(in, buf_slice(&out)));
	}
	buf_release(&out);
}

/* With the right authenticator, which no fuzzer finds. */
static void
check_sealed(struct slice in)
{
	struct buf whole = BUF_INIT(ROW_COPY_MAX);
	uint64_t seal = siphash(secret, in);

	buf_put_slice(&whole, in);
	for (int i = SEAL_BYTES - 1; i >= 0; i--)
		buf_put_char(&whole, (char)(unsigned char)(seal >> (8 * i)));
	if (buf_finish(&whole) == RC_OK)
		check_bytes(buf_slice(&whole));
	buf_release(&whole);
}

static void
check_row(struct slice in)
{
	struct fuzz_source s = { in };
	struct buf out = BUF_INIT(ROW_COPY_MAX);
	struct row_copy copy = { .incarnation = fuzz_take_wide(&s),
		.row = { .id = fuzz_take_wide(&s),
		    .key.created = fuzz_take_wide(&s),
		    .state = SESSION_LIVE,
		    .initialized = true,
		    .log_level = (int)fuzz_take(&s, 9) - 1,
		    .caps = fuzz_take_wide(&s),
		    .rev = fuzz_take_wide(&s),
		    .revision = fuzz_take_bytes(&s),
		    .principal_name = fuzz_take_bytes(&s) } };
	struct row_copy back;

	copy.row.client = s.rest;
	if (copy.row.client.ptr == NULL)
		copy.row.client = SLICE("");
	if (copy.row.revision.ptr == NULL)
		copy.row.revision = SLICE("");
	if (row_copy_may_be(&copy.row)) {
		row_copy_put(&out, secret, &copy);
		law(buf_finish(&out) == RC_OK);
		law(row_copy_read(buf_slice(&out), secret, &back) == RC_OK);
		law(back.row.id == copy.row.id &&
		    back.row.rev == copy.row.rev &&
		    slice_eq(back.row.client, copy.row.client));
	}
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice in = { (const char *)data, size };

	check_bytes(in);
	check_sealed(in);
	check_row(in);
	return 0;
}
