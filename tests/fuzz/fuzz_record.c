/*
 * Laws of FastCGI records: a stream cut anywhere gives the same records as
 * the whole; records and pairs that were written read back as they were.  The
 * first byte of the input says where the stream is cut.
 */
#include "fuzz.h"
#include "record.h"

#define MAX ((size_t)16 << 20)

/* Take what can be taken; what came out is noted in `seen`. */
static enum rc
take_all(struct slice *in, struct buf *seen)
{
	struct record r;
	enum rc rc;

	while ((rc = record_take(in, &r)) == RC_OK) {
		buf_put_u64(seen, r.type);
		buf_put_char(seen, '/');
		buf_put_u64(seen, r.request);
		buf_put_char(seen, ':');
		buf_put_u64(seen, r.content.len);
		buf_put_slice(seen, r.content);
	}
	return rc;
}

static void
check_cut(struct slice stream, size_t cut)
{
	struct buf whole = BUF_INIT(MAX), parts = BUF_INIT(MAX);
	struct slice in = stream, head = { stream.ptr, cut };
	enum rc rc = take_all(&in, &whole), first, last;

	first = take_all(&head, &parts);
	law(first == RC_BUSY || first == rc);
	/* From the first byte that was not taken. */
	head.len += stream.len - cut;
	last = take_all(&head, &parts);
	law(last == rc && head.len == in.len);
	law(slice_eq(buf_slice(&whole), buf_slice(&parts)));
	buf_release(&whole);
	buf_release(&parts);
}

static void
check_round_trip(struct slice content)
{
	struct buf b = BUF_INIT(MAX), back = BUF_INIT(MAX);
	struct slice in;
	struct record r;

	record_put_begin(&b, 5, true);
	record_put(&b, RECORD_STDOUT, 5, content);
	record_put_end(&b, 5, 1);
	law(b.len % 8 == 0);
	in = buf_slice(&b);
	law(record_take(&in, &r) == RC_OK && r.type == RECORD_BEGIN &&
	    r.request == 5);
	while (record_take(&in, &r) == RC_OK && r.type == RECORD_STDOUT)
		buf_put_slice(&back, r.content);
	law(r.type == RECORD_END && r.content.len == 8 && in.len == 0);
	law(slice_eq(buf_slice(&back), content));
	buf_release(&b);
	buf_release(&back);
}

static void
check_pairs(struct slice content)
{
	struct slice in = content, name, value, again, name2, value2;
	struct buf b = BUF_INIT(MAX);
	enum rc rc;

	while ((rc = record_take_pair(&in, &name, &value)) == RC_OK) {
		buf_reset(&b);
		record_put_pair(&b, name, value);
		again = buf_slice(&b);
		law(record_take_pair(&again, &name2, &value2) == RC_OK);
		law(slice_eq(name, name2) && slice_eq(value, value2));
		law(again.len == 0);
	}
	law(rc == RC_SYNTAX || (rc == RC_NOTFOUND && in.len == 0));
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice stream = { (const char *)data, size };
	size_t cut = 0;

	if (size > 0) {
		stream = slice_from(stream, 1);
		cut = data[0] < stream.len ? data[0] : stream.len;
	}
	check_cut(stream, cut);
	check_round_trip(stream);
	check_pairs(stream);
	return 0;
}
