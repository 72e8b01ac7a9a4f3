#pragma once

/* Bounds a graceful stop: after timeout_ms the process ends with exit code 0, whatever still hangs.
 * All that was acknowledged is durable by then; what was not may be lost, as it may at any other
 * time. */

#include <stdint.h>

void watchdog_start(uint64_t timeout_ms);
