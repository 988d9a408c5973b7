#ifndef MCP_STREAM_SERVICE_H
#define MCP_STREAM_SERVICE_H

#include "config.h"
#include "log.h"
#include "process.h"

/*
 * Be the process that holds the streams: open everything, start the threads of
 * the store and of the connections, and accept until the worker is to leave.
 * The exit status.
 */
int stream_service_run(const struct config *config, struct log *log,
    struct worker *worker, int listening);

#endif
