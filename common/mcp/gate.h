#ifndef MCP_GATE_H
#define MCP_GATE_H

#include <stdbool.h>

#include "exchange.h"

/*
 * The gates in front of classification: everything that is decided before a
 * byte of JSON is read.  Order: path, Host and Origin, preflight, method, body
 * size, Content-Encoding and Content-Type, Accept.
 *
 * True: pass.  False: the reply is built.
 */
bool gate_pass(struct exchange *x);

#endif
